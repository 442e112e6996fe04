"""The OpenSMTPD reader against the real smtpd: each configuration runs in namespaces of its own.

OpenSMTPD and Postfix exclude one another as packages, so Debian's package is only unpacked, which needs its
archive. Run as a program (``test_opensmtpd.py FOLDER PROGRAM``) this file is the part inside of the
namespaces: it starts smtpd with the configuration in that folder and prints what the sockets do.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.real import daemons

SERVER, STRANGER = "10.99.0.1", "198.51.100.20"

PKI = 'pki mx.example.test cert "{dir}/cert.pem"\npki mx.example.test key "{dir}/key.pem"\n'
ACTIONS = 'action "out" relay\n'
LOCAL = ACTIONS + 'match from local for any action "out"\n'
LOGIN = ACTIONS + 'match auth from any for any action "out"\n'
ANY = ACTIONS + 'match from any for any action "out"\n'
ON = "listen on 0.0.0.0"

CASES = {
    "closed": f"{ON}\n{LOCAL}",
    "open": f"{ON}\n{ANY}",
    "reject first": f'{ON}\n{ACTIONS}match from any for any reject\nmatch from any for any action "out"\n',
    "reject of another sender": f'{ON}\n{ACTIONS}match from any mail-from "@b.test" for any reject\n'
    'match from any for any action "out"\n',
    "networks": f'{ON}\n{ACTIONS}match from src {{{{ "192.0.2.0/24" }}}} for any action "out"\n',
    "the world in halves": f'{ON}\n{ACTIONS}match from src {{{{ "0.0.0.0/1", "128.0.0.0/1" }}}} for any action "out"\n',
    "not a network": f'{ON}\n{ACTIONS}match !from src "192.0.2.0/24" for any action "out"\n',
    "a domain": f'{ON}\n{ACTIONS}match from any for domain "example.test" action "out"\n',
    "every domain": f'{ON}\n{ACTIONS}match from any for domain "*" action "out"\n',
    "filter": f'filter login phase rcpt-to match !auth reject "550 no"\n{ON} filter login\n{ANY}',
    "tag": f'{ON} tag A\n{ON} port 2525 tag B\n{ACTIONS}match tag b from any for any action "out"\n',
    "starttls": f"{PKI}{ON} tls pki mx.example.test\n{LOCAL}",
    "starttls demanded": f"{PKI}{ON} port 587 tls-require pki mx.example.test\n{ANY}",
    "login demanded": f"{PKI}{ON} port 587 tls pki mx.example.test auth\n{LOGIN}",
    "login": f"{PKI}{ON} port submission tls pki mx.example.test auth-optional\n{LOGIN}",
    "smtps": f"{PKI}{ON} smtps pki mx.example.test auth\n{LOGIN}",
    "loopback": f"listen on lo\n{LOCAL}",
    "two": f"{ON}\nlisten on ::\n{LOCAL}",
    "macro": f'where = "0.0.0.0 port 2525"\nlisten on $where\n{LOCAL}',
    "comment goes on": f"# {ON} \\\n{ON}\n{ON} port 2525\n{LOCAL}",
    "line goes on": f"{ON} \\\n  port 2525\n{LOCAL}",
    "no listener": LOCAL,
}
REFUSED = {
    "unknown option": f"{ON} starttls\n{LOCAL}",
    "login without TLS": f"{ON} port 587 auth\n{LOGIN}",
    "pki without TLS": f"{PKI}{ON} pki mx.example.test\n{LOCAL}",
    "no such pki": f"{PKI}{ON} tls pki other.example.test\n{LOCAL}",
    "pki below": f"{ON} tls pki mx.example.test\n{PKI}{LOCAL}",
    "path without quotes": PKI.replace('"', "") + f"{ON}\n{LOCAL}",
    "macro without a value": f"listen on $where\n{LOCAL}",
    "macro is a number": f"p = 587\n{ON}\n{LOCAL}",
    "port as text": f'{ON} port "587"\n{LOCAL}',
    "the socket twice": f"{ON}\nlisten on 127.0.0.1\n{LOCAL}",
    "action below": f'{ON}\nmatch from any for any action "out"\n{ACTIONS}',
    "keyword as a name": f"{ON}\naction relay relay\n",
    "no rule": f"{ON}\n",
    "old grammar": f"{ON}\naccept from any for any relay\n",
    "limit by another name": f"mta limit max-mail-per-session 4\n{ON}\n{LOCAL}",
    "case of a filter": f"filter A phase connect match fcrdns junk\n{ON} filter {{{{ a }}}}\n{LOCAL}",
    "DOS lines": f"{ON}\n{LOCAL}".replace("\n", "\r\n"),
    "pairs for networks": f'{ON}\n{ACTIONS}match from src {{{{ "a" = "b" }}}} for any action "out"\n',
}


class _Session:
    """An SMTP session from an address that is not this host's."""

    def __init__(self, host: str, port: int, implicit: bool = False) -> None:
        source = (STRANGER, 0) if host == SERVER else None
        self.stream: socket.socket = socket.create_connection((host, port), 3, source)
        if implicit:
            self.secure()
        self.buffer = b""

    def secure(self) -> None:
        self.stream = daemons.client().wrap_socket(self.stream)

    def say(self, line: str = "") -> list[str]:
        if line:
            self.stream.sendall(line.encode() + b"\r\n")
        answer: list[str] = []
        while not answer or answer[-1][3:4] == "-":
            while b"\n" not in self.buffer:
                piece = self.stream.recv(4096)
                if not piece:
                    return [*answer, ""]
                self.buffer += piece
            first, self.buffer = self.buffer.split(b"\n", 1)
            answer.append(first.decode("latin-1").strip())
        return answer


def _good(answer: list[str]) -> bool:
    return answer[-1].startswith("2")


def _probe(host: str, port: int) -> dict[str, object]:
    """tls, auth, broken and whether a stranger may relay."""
    implicit = False
    session = _Session(host, port)
    session.stream.settimeout(0.7)
    try:
        session.say()
    except OSError:
        implicit = True
        try:
            session = _Session(host, port, True)
            session.say()
        except OSError:
            return {"broken": True}
    session.stream.settimeout(5)
    offers = session.say("EHLO client.example")
    mail = _good(session.say("MAIL FROM:<a@sender.example>"))
    relay = mail and _good(session.say("RCPT TO:<b@foreign.example>"))
    starttls = any("STARTTLS" in line for line in offers)
    if starttls:
        session = _Session(host, port)
        session.say(), session.say("EHLO client.example"), session.say("STARTTLS")
        try:
            session.secure()
        except OSError:
            return {"broken": True}
        offers = session.say("EHLO client.example")
        if _good(session.say("MAIL FROM:<a@sender.example>")):
            relay = relay or _good(session.say("RCPT TO:<b@foreign.example>"))
    return {
        "tls": "implicit" if implicit else "none" if not starttls else "optional" if mail else "required",
        "auth": "tls-only" if any(line[4:].startswith("AUTH") for line in offers) else "none",
        "broken": False,
        "open": relay,
    }


def _inside(folder: Path, program: str) -> None:
    for command in (
        "ip link set lo up", f"ip route add local {SERVER} dev lo", f"ip route add local {STRANGER} dev lo",
        f"mount --bind {folder}/passwd /etc/passwd", f"mount --bind {folder}/group /etc/group",
        "mount -t tmpfs tmpfs /var/spool", "mount -t tmpfs tmpfs /var/lib", "mount -t tmpfs tmpfs /run",
        "mkdir -p /var/lib/opensmtpd/empty /var/spool/smtpd /run/opensmtpd", "chmod 711 /var/spool/smtpd",
    ):  # fmt: skip
        subprocess.run(command.split(), check=True)
    with subprocess.Popen([program, "-d", "-f", f"{folder}/etc/smtpd.conf"], stderr=subprocess.DEVNULL) as smtpd:
        sockets = daemons.opened(smtpd, 1.5)
        runs = smtpd.poll() is None
        seen = {
            f"{address}:{port}": _probe({"0.0.0.0": SERVER, "::": "::1"}.get(address, address), port)
            for address, port in sockets
        }
        print(json.dumps({"runs": runs, "sockets": seen}))
        smtpd.kill()


if __name__ == "__main__":
    _inside(Path(sys.argv[1]), sys.argv[2])
    sys.exit()


import pytest  # noqa: E402

from mailpolicy.readers import opensmtpd  # noqa: E402
from mailpolicy.tree import Disk  # noqa: E402
from mailpolicy.types import Inventory, Version  # noqa: E402


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Version]]:
    """A folder with the program, its users and a certificate; and the program's version."""
    folder = tmp_path_factory.mktemp("opensmtpd")
    folder.chmod(0o755)
    needs = subprocess.run(["apt-cache", "depends", "opensmtpd"], capture_output=True, text=True).stdout
    libraries = re.findall(r"Depends: (libevent-2\S+|libasr\S*|libtls\S*)", needs)
    (folder / "root").mkdir()
    daemons.unpack(["opensmtpd", *libraries], folder / "root")
    (folder / "passwd").write_text(
        Path("/etc/passwd").read_text()
        + "opensmtpd:x:6001:6001::/var/lib/opensmtpd/empty:/bin/false\n"
        + "opensmtpq:x:6002:6002::/var/lib/opensmtpd/empty:/bin/false\n"
    )
    (folder / "group").write_text(Path("/etc/group").read_text() + "opensmtpd:x:6001:\nopensmtpq:x:6002:\n")
    daemons.certificate(folder, "mx.example.test")
    (folder / "key.pem").chmod(0o600)
    said = subprocess.run([_program(folder), "-h"], capture_output=True, text=True, env=_environment(folder))
    version = re.search(r"OpenSMTPD ([0-9]+)\.([0-9]+)", said.stderr + said.stdout)
    assert version, said
    yield folder, Version((int(version[1]), int(version[2])), "the program")


def _program(folder: Path) -> str:
    return str(folder / "root/usr/sbin/smtpd")


def _environment(folder: Path) -> dict[str, str]:
    libraries = [str(path) for path in (folder / "root").glob("usr/lib/*-linux-*")]
    return {**os.environ, "LD_LIBRARY_PATH": ":".join(libraries)}


def run_both(folder: Path, version: Version, text: str) -> tuple[dict[str, object], Inventory]:
    (folder / "etc").mkdir(exist_ok=True)
    path = folder / "etc" / "smtpd.conf"
    path.write_bytes(text.replace("{dir}", str(folder)).replace("{{", "{").replace("}}", "}").encode())
    truth = daemons.inside(__file__, folder, _program(folder), env=_environment(folder))
    return truth, opensmtpd.read(Disk(), (str(path),), version)


@pytest.mark.parametrize("name", CASES)
def test_sockets_are_what_the_reader_says(place: tuple[Path, Version], name: str) -> None:
    truth, read = run_both(*place, CASES[name])
    assert truth["runs"]
    assert read.unread == ()
    claimed = {}
    for fact in read.facts:
        if fact.kind == "listener":
            broken = bool(fact.values["broken"])
            claims = {field: fact.values[field] for field in ("tls", "auth")} if not broken else {}
            if not broken and fact.values["scope"] != "loopback" and fact.values["address"] != "::":
                claims["open"] = fact.values["relay"] == "open"
            claimed[f"{fact.values['address']}:{fact.values['port']}"] = {"broken": broken, **claims}
    sockets = truth["sockets"]
    assert isinstance(sockets, dict)
    assert sorted(sockets) == sorted(claimed)
    for key, claims in claimed.items():
        assert claims == {field: sockets[key][field] for field in claims}, key


@pytest.mark.parametrize("name", REFUSED)
def test_what_smtpd_refuses_is_refused(place: tuple[Path, Version], name: str) -> None:
    truth, read = run_both(*place, REFUSED[name])
    assert truth["sockets"] == {}
    assert read.unread
    assert [fact for fact in read.facts if fact.kind == "listener"] == []
