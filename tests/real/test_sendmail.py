"""The Sendmail reader against the real daemon: each configuration runs in namespaces of its own.

Run as a program (``test_sendmail.py FOLDER UNPACKED``) it is the part inside of the namespaces: it lays the unpacked
packages over /usr and the folder over /etc, makes sendmail.cf of sendmail.mc, starts the daemon and prints what its
sockets do to a client on another address.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

from tests.real import daemons

SERVER, CLIENT, HOST = "198.51.100.10", "198.51.100.20", "mail.example.test"
USER, PASSWORD = "tester", "Quince-41"
PACKAGES = (
    "sendmail-bin", "sendmail-base", "sendmail-cf", "m4", "sasl2-bin", "libsasl2-2", "libsasl2-modules",
    "libsasl2-modules-db", "libnsl2", "libtirpc3", "liblockfile1", "libldap-2.5-0", "libwrap0", "libsigsegv2",
)  # fmt: skip
HEAD = "include(`/usr/share/sendmail/cf/m4/cf.m4')dnl\nOSTYPE(`debian')dnl\n"
TLS = """\
define(`confCACERT_PATH', `/etc/ssl/certs')dnl
define(`confCACERT', `/etc/mail/cert.pem')dnl
define(`confSERVER_CERT', `/etc/mail/cert.pem')dnl
define(`confSERVER_KEY', `/etc/mail/key.pem')dnl
"""
AUTH = "define(`confAUTH_MECHANISMS', `LOGIN PLAIN')dnl\nTRUST_AUTH_MECH(`LOGIN PLAIN')dnl\n"
LATE = "define(`confAUTH_OPTIONS', `A p y')dnl\n"
THREE = """\
FEATURE(`no_default_msa')dnl
DAEMON_OPTIONS(`Port=smtp, Name=MTA, M=A')dnl
DAEMON_OPTIONS(`Port=submission, Name=MSA, M=Ea')dnl
DAEMON_OPTIONS(`Port=smtps, Name=TLSMSA, M=sa')dnl
"""
ACCESS = "FEATURE(`access_db')dnl\n"
RULES = """\
V10/Berkeley
Cwlocalhost
Dj$w.test
O DaemonPortOptions=Port=25, Name=MTA
O DaemonPortOptions=Port=2525, Name=X, M=A
O AuthMechanisms=CRAM-MD5
O QueueDirectory=/var/spool/mqueue
O PrivacyOptions=goaway
O SmtpGreetingMessage=$j
Sparse=0
R$*\t$#local $: $1
Mlocal, P=/bin/true, F=l, A=true $u
Mprog, P=/bin/true, F=l, A=true $u
"""


def made(body: str, **more: str) -> dict[str, str]:
    """The files of a case with a sendmail.mc."""
    return {"sendmail.mc": f"{HEAD}{body}MAILER(`smtp')dnl\n", **more}


CASES = {
    "defaults": made(""),
    "TLS and logins in clear": made(TLS + AUTH),
    "logins under TLS alone": made(TLS + AUTH + LATE),
    "a socket for each purpose": made(TLS + AUTH + LATE + THREE),
    "a certificate without its authority": made("".join(TLS.splitlines(True)[2:]) + THREE + AUTH),
    "nothing is a comment": made("#FEATURE(`promiscuous_relay')\ndnl FEATURE(`no_default_msa')\n"),
    "local senders": made("FEATURE(`relay_local_from')dnl\n"),
    "a network": made("RELAY_DOMAIN(`198.51.100')dnl\nRELAY_DOMAIN(`10.0.0.0/8')dnl\n"),
    "a network with a slash": made(ACCESS, access="Connect:198.51.100.0/24\tRELAY\nTo:backup.test\tRELAY\n"),
    "access": made(TLS + AUTH + ACCESS, access="TLS_Clt:\tENCR:112\n198.51\tRELAY\nSrv_Features:\tc V\n"),
    "quotes": made("define(confPRIVACY_FLAGS, `goaway')\nDAEMON_OPTIONS(Port=2525, M=a)\nFEATURE(no_default_msa)\n"),
    "a .cf alone": {"sendmail.cf": RULES},
    "a key that is missing": made(TLS.replace("/key.pem", "/lost.pem") + AUTH + THREE),
    "an authority that is missing": made(
        TLS.replace("CACERT', `/etc/mail/cert", "CACERT', `/etc/mail/lost") + AUTH + THREE
    ),
    "a certificate by a relative path": made(TLS.replace("CERT', `/etc/mail/cert", "CERT', `cert") + AUTH),
    "a dot behind a network": made("", **{"relay-domains": "198.51.100.\n"}),
    "senders by their domain": made(ACCESS + "FEATURE(`relay_mail_from')dnl\n", access="From:client.test\tRELAY\n"),
    "commas between mechanisms": made("define(`confAUTH_MECHANISMS', `PLAIN,LOGIN')dnl\n"),
    "an entry that is there twice": made(ACCESS, access="Connect:198.51.100\tOK\nConnect:198.51.100\tRELAY\n"),
    "taken twice": made("DAEMON_OPTIONS(`Name=A')\nDAEMON_OPTIONS(`Name=B, Port=587')\n"),
    "no such option": made("DAEMON_OPTIONS(`Name=A, Zone=1')\n"),
}


class Session:
    """An SMTP session of the client's."""

    def __init__(self, port: int, implicit: bool = False) -> None:
        self.stream = socket.create_connection((SERVER, port), 3, (CLIENT, 0))
        self.stream.settimeout(1 if not implicit else 3)
        if implicit:
            self.wrap()
        self.greeting = self.answer()
        self.stream.settimeout(5)
        self.offers = self.ask("EHLO client.test") if self.greeting.startswith("220") else ""

    def wrap(self) -> None:
        self.stream = daemons.client().wrap_socket(self.stream)

    def answer(self) -> str:
        data = b""
        while not re.search(rb"(?:^|\n)\d\d\d(?: [^\n]*)?\r\n$", data):
            piece = self.stream.recv(1)
            if not piece:
                break
            data += piece
        return data.decode("latin-1")

    def ask(self, line: str) -> str:
        self.stream.sendall(line.encode() + b"\r\n")
        return self.answer()

    def mechanisms(self) -> list[str]:
        found = re.search(r"250.AUTH ([^\r\n]*)", self.offers)
        return sorted(found[1].split()) if found else []

    def relays(self) -> bool:
        """Whether mail for a foreign domain is taken, from a foreign sender or one of the server's own."""
        taken = False
        for sender in ("a@client.test", f"root@{HOST}"):
            self.ask(f"MAIL FROM:<{sender}>")
            taken = taken or self.ask("RCPT TO:<b@foreign.test>").startswith("250")
            self.ask("RSET")
        return taken

    def log_in(self) -> bool:
        token = daemons.plain(USER, PASSWORD)
        return "PLAIN" in self.mechanisms() and self.ask(f"AUTH PLAIN {token}").startswith("235")


def _probe(port: int) -> dict[str, object]:
    """What a socket does."""
    try:
        session, implicit = Session(port), False
        if not session.greeting:
            return {"broken": True}
    except TimeoutError:
        session, implicit = Session(port, True), True
    clear = [] if implicit else session.mechanisms()
    mails = session.ask("MAIL FROM:<a@client.test>")
    session.ask("RSET")
    tls = "implicit" if implicit else "none"
    covered = session if implicit else None
    if "STARTTLS" in session.offers:
        tls = "optional" if mails.startswith("250") or clear else "required"
        tls = "required" if re.match(r"(?:454 4\.7|554 5\.7)", mails) else tls
        covered = Session(port)
        covered.ask("STARTTLS")
        covered.wrap()
        covered.offers = covered.ask("EHLO client.test")
    under = covered.mechanisms() if covered else []
    user = covered or Session(port)
    stranger = user.relays()
    logged = user.relays() if user.log_in() else None
    auth = "cleartext" if {"PLAIN", "LOGIN"} & set(clear) else "challenge" if clear else "tls-only" if under else "none"
    works = mails.startswith("250") or bool(clear or under)
    return {"broken": not works, "tls": tls, "auth": auth, "mechanisms": sorted({*clear, *under}),
            "relays": stranger, "relays after a login": logged}  # fmt: skip


def _run(*command: str, said: str | None = None) -> str:
    return subprocess.run(command, input=said, capture_output=True, text=True, check=True).stdout


def _lay(folder: str, unpacked: str) -> None:
    """The file system of the case."""
    _run("mount", "-t", "tmpfs", "none", "/mnt")
    for name in ("/mnt/upper", "/mnt/work"):
        os.mkdir(name)
    _run("mount", "-t", "overlay", "overlay", "-o", f"lowerdir={unpacked}/usr:/usr", "/usr")
    layers = f"lowerdir={folder}/etc:{unpacked}/etc:/etc,upperdir=/mnt/upper,workdir=/mnt/work"
    _run("mount", "-t", "overlay", "overlay", "-o", layers, "/etc")
    for place in ("/run", "/var/spool"):
        _run("mount", "-t", "tmpfs", "none", place)
    os.mkdir("/var/spool/mqueue", 0o700)
    Path("/etc/hosts").write_text(f"127.0.0.1 localhost\n{SERVER} {HOST}\n{CLIENT} client.test\n")
    Path("/etc/mail/service.switch").write_text("hosts files\naliases files\n")
    Path("/etc/aliases").touch()
    os.makedirs("/etc/sasl2", exist_ok=True)
    Path("/etc/sasl2/Sendmail.conf").write_text("pwcheck_method: auxprop\nauxprop_plugin: sasldb\n")
    os.environ["LD_LIBRARY_PATH"] = ":".join(map(str, Path(unpacked, "usr/lib").glob("*-linux-*")))


def _inside(folder: str, unpacked: str) -> None:
    daemons.link(SERVER, CLIENT)
    socket.sethostname(HOST)
    _lay(folder, unpacked)
    _run("saslpasswd2", "-p", "-c", "-f", "/etc/sasldb2", "-u", HOST, USER, said=PASSWORD)
    os.chmod("/etc/sasldb2", 0o600)
    config = Path("/etc/mail/sendmail.cf")
    if not config.exists():
        config.write_text(_run("m4", "/etc/mail/sendmail.mc"))
    programs = "/usr/libexec/sendmail"
    rules = Path("/etc/mail/access")
    if rules.exists():
        command = [f"{programs}/makemap", "-C", str(config), "hash", str(rules)]  # it complains of what is there twice
        subprocess.run(command, input=rules.read_text(), text=True, capture_output=True, check=False)
    said = Path("/mnt/said")
    with said.open("w") as file:
        options = ["-bD", f"-C{config}", "-ODontProbeInterfaces=true"]
        daemon = subprocess.Popen([f"{programs}/sendmail", *options], stdout=file, stderr=file)
    ports = {port for address, port in daemons.opened(daemon, 3) if ":" not in address}
    time.sleep(0.1)
    runs = daemon.poll() is None and "already in use" not in said.read_text()  # it tries for a while, and ends
    seen = {str(port): _probe(port) for port in sorted(ports)} if runs else {}
    print(json.dumps({"sockets": seen, "said": said.read_text()}))
    daemon.kill()


if __name__ == "__main__":
    _inside(sys.argv[1], sys.argv[2])
    sys.exit(0)

import pytest  # noqa: E402  # the program above runs without it

from mailpolicy.addresses import contains  # noqa: E402
from mailpolicy.readers import sendmail  # noqa: E402
from mailpolicy.tree import Memory  # noqa: E402
from mailpolicy.types import Version  # noqa: E402


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Debian's packages, unpacked beside the system: Sendmail cannot be installed together with Postfix."""
    folder = tmp_path_factory.mktemp("sendmail")
    daemons.unpack(PACKAGES, folder)
    return folder


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificate")
    daemons.certificate(folder, HOST)
    return folder


def _claims(files: dict[str, str]) -> dict[str, dict[str, object]]:
    """What the reader says of each socket, in the words of the probe."""
    paths = {f"etc/mail/{name}": text for name, text in files.items()}
    paths |= {"etc/mail/cert.pem": "", "etc/mail/key.pem": ""}
    config = next(path for path in paths if "sendmail." in path)
    said: dict[str, dict[str, object]] = {}
    for fact in sendmail.read(Memory(paths), (config,), Version((8, 17), "the test")).facts:
        if fact.kind != "listener":
            continue
        value = fact.values
        trusted = value.get("trusted_networks") or ()
        assert isinstance(trusted, tuple)
        relays = value["relay"] == "open" or any(contains(str(network), CLIENT) for network in trusted)
        fields = {name: value.get(name) for name in ("tls", "auth")}
        names = value["mechanisms"]
        assert isinstance(names, tuple)
        said[str(value["port"])] = {
            "broken": False, **fields, "mechanisms": sorted(names), "relays": relays,
            "relays after a login": relays or value["relay"] == "authenticated",
        } if not value["broken"] else {"broken": True}  # fmt: skip
    return said


@pytest.mark.parametrize("name", CASES)
def test_sockets_do_what_the_reader_says(name: str, unpacked: Path, certificate: Path, tmp_path: Path) -> None:
    mail = tmp_path / "etc/mail"
    mail.mkdir(parents=True)
    for file, text in CASES[name].items():
        (mail / file).write_text(text)
    for file in ("cert.pem", "key.pem"):
        shutil.copy(certificate / file, mail)
    (mail / "key.pem").chmod(0o600)
    truth = daemons.inside(__file__, tmp_path, unpacked)
    claims = _claims(CASES[name])
    for port, seen in truth["sockets"].items():
        if seen["broken"]:
            truth["sockets"][port] = {"broken": True}
        elif seen["relays after a login"] is None:  # no user of the test's can log in
            seen.pop("relays after a login")
            claims.get(port, {}).pop("relays after a login", None)
    assert claims == truth["sockets"], truth["said"]
