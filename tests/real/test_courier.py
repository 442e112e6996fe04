"""The Courier reader against the real daemons: each configuration runs in namespaces of its own.

Run as a program (``test_courier.py PACKAGES CASE``) it is the part inside of the namespaces: it lays the unpacked
packages over /usr, /etc and /var, starts the daemons by their own scripts and prints what their sockets do.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.real import daemons

SERVER, STRANGER, FRIEND = "10.99.0.1", "198.51.100.7", "10.99.0.2"
USER, PASSWORD = "tester", "Quince-41"
PACKAGES = (
    "courier-base", "courier-imap", "courier-pop", "courier-mta", "courier-authdaemon", "courier-authlib",
    "courier-authlib-userdb", "libcourier-unicode4", "libltdl7", "libgamin0", "libnet-cidr-perl",
)  # fmt: skip

LIMITS = "MAXDAEMONS=40\nMAXPERIP=40\nMAXPERC=40\n"
TLS = "COURIERTLS=/usr/bin/couriertls\nTLS_CERTFILE=/etc/courier/test.pem\nTLS_VERIFYPEER=NONE\n"
IMAP = f"{LIMITS}ADDRESS=0\nPORT=143\nPIDFILE=/run/courier/imapd.pid\nMAILDIRPATH=Maildir\nIMAP_UMASK=022\n"
POP3 = f"{LIMITS}ADDRESS=0\nPORT=110\nPIDFILE=/run/courier/pop3d.pid\nMAILDIRPATH=Maildir\n"
IMAPS = f"SSLPORT=993\nSSLADDRESS=0\nSSLPIDFILE=/run/courier/imaps.pid\nIMAPDSTARTTLS=YES\n{TLS}"
POP3S = f"SSLPORT=995\nSSLADDRESS=0\nSSLPIDFILE=/run/courier/pop3s.pid\nPOP3_STARTTLS=YES\n{TLS}"
SMTP = (
    f"PATH=/usr/bin:/bin\nULIMIT=65536\nTARPIT=0\nMAILUSER=courier\nMAILGROUP=courier\nPORT=smtp\n{LIMITS}{TLS}"
    'PIDFILE=/run/courier/smtp.pid\nACCESSFILE=${sysconfdir}/smtpaccess\nBLACKLISTS=""\n'
    'TCPDOPTS="-stderrlogger=/usr/sbin/courierlogger -nodnslookup -noidentlookup"\n'
)
MSA = "ADDRESS=0\nPORT=587\nPIDFILE=/run/courier/msa.pid\n"
SMTPS = f"SSLPORT=465\nSSLADDRESS=0\nSSLPIDFILE=/run/courier/smtps.pid\n{TLS}"
LOCAL = "127.0.0.1\tallow,RELAYCLIENT\n"
LOGINS = 'ESMTPAUTH_TLS="PLAIN LOGIN"\n'


def _boxes(imapd: str = "", imapd_ssl: str = "", pop3d: str = "", pop3d_ssl: str = "") -> dict[str, str]:
    return {
        "imapd": IMAP + imapd,
        "imapd-ssl": IMAPS + imapd_ssl,
        "pop3d": POP3 + pop3d,
        "pop3d-ssl": POP3S + pop3d_ssl,
    }


def _mta(esmtpd: str = "", msa: str = "", smtps: str = "", access: str = LOCAL) -> dict[str, str]:
    files = {"esmtpd": SMTP + esmtpd, "esmtpd-msa": MSA + msa, "esmtpd-ssl": SMTPS + smtps}
    return {**files, "smtpaccess/default": access}


CASES = {
    "as-delivered": _boxes(),
    "tls-demanded": _boxes(imapd_ssl="IMAP_TLS_REQUIRED=1\n", pop3d_ssl="POP3_TLS_REQUIRED=1\n"),
    "demanded-in-the-wrong-file": _boxes("IMAP_TLS_REQUIRED=1\n", "IMAP_TLS_REQUIRED=0\n", "POP3_STARTTLS=NO\n"),
    "demanded-without-starttls": _boxes(
        "IMAPDSTARTTLS=NO\n", "IMAP_TLS_REQUIRED=1\n", "", "POP3_TLS_REQUIRED=1\nPOP3_STARTTLS=NO\n"
    ),
    "no-certificate": {**_boxes(imapd_ssl="TLS_CERTFILE=\n"), "pop3d-ssl": POP3S + "TLS_CERTFILE=\n"},
    "certificate-missing": _boxes(
        imapd_ssl="TLS_CERTFILE=/etc/courier/lost.pem\n", pop3d_ssl="TLS_CERTFILE=/etc/courier/lost.pem\n"
    ),
    "limits": _boxes("MAXDAEMONS=0\n", pop3d="MAXPERIP=\n", pop3d_ssl="MAXPERIP=4\n"),
    "addresses": _boxes("ADDRESS=127.0.0.1\n", "SSLADDRESS=10.99.0.1\n", "PORT=10.99.0.1.1110,2110\n", "SSLADDRESS=\n"),
    "versions": _boxes(
        imapd_ssl='TLS_PROTOCOL="TLSv1.2++"\nTLS_STARTTLS_PROTOCOL="$TLS_PROTOCOL"\n',
        pop3d_ssl='TLS_PRIORITY="NORMAL:-VERS-TLS1.0:-VERS-TLS1.1"\n',
    ),
    "shell": {
        **_boxes('N="1"\nexport PORT=${N}1\\\n43\n. /etc/courier/more\n', pop3d="PORT = 1110\n"),
        "more": "MAXPERIP=9\n",
    },
    "mta": _mta(),
    "mta-logins": _mta(LOGINS, "AUTH_REQUIRED=1\n", access=LOCAL + "10.99\tallow,RELAYCLIENT\n"),
    "mta-waived": _mta(LOGINS, "AUTH_REQUIRED=1\n", access="10.99\tallow,RELAYCLIENT,AUTH_REQUIRED=0\n"),
    "mta-clear-logins": _mta("ESMTPAUTH=CRAM-MD5\n", "ESMTP_TLS_REQUIRED=1\n"),
    "mta-own-lists": _mta("ESMTPAUTH=PLAIN\n", f'ESMTPAUTH=""\n{LOGINS}', "TLS_CERTFILE=\n"),
    "mta-open": _mta(msa="RELAYCLIENT=\n", access="10.99.0.0/29   allow,RELAYCLIENT\n198.51.100 allow,RELAYCLIENT\n"),
    "mta-certificate-missing": _mta(
        "TLS_CERTFILE=/etc/courier/lost.pem\n", smtps="TLS_CERTFILE=/etc/courier/lost.pem\n"
    ),
    "mta-blocked": _mta(access='10.99\tallow,RELAYCLIENT,"BLOCK=550 a,b"\n198.51.100\tallow,"RELAYCLIENT",BLOCK\n'),
    "mta-everybody": _mta(access="*\tallow,RELAYCLIENT\n", smtps="SSLADDRESS=\n"),
}


def _until(stream: socket.socket, pattern: str, wait: float = 5.0) -> str:
    stream.settimeout(wait)
    data = b""
    try:
        while not re.search(pattern.encode(), data, re.MULTILINE):
            piece = stream.recv(65536)
            if not piece:
                break
            data += piece
    except OSError:
        pass
    return data.decode("latin-1")


def _ask(stream: socket.socket, line: str, pattern: str) -> str:
    try:
        stream.sendall(line.encode() + b"\r\n")
    except OSError:
        return ""
    return _until(stream, pattern).strip()


def _connect(port: int, client: str = STRANGER) -> socket.socket:
    return socket.create_connection((SERVER, port), 5, (client, 0))


def _starttls(port: int, protocol: str) -> socket.socket | None:
    """A connection that was told to go over to TLS; None when it refuses."""
    stream = _connect(port)
    _until(stream, "\n")
    if protocol == "imap":
        return stream if _ask(stream, "a STARTTLS", "^a .*\n").startswith("a OK") else None
    if protocol == "pop3":
        return stream if _ask(stream, "STLS", "\n").startswith("+OK") else None
    _ask(stream, "EHLO client.test", "^250 .*\n")
    return stream if _ask(stream, "STARTTLS", r"^\d\d\d .*\n").startswith("220") else None


def _takes_login(stream: socket.socket, protocol: str) -> bool:
    if protocol == "imap":
        answer = _ask(stream, f"a LOGIN {USER} {PASSWORD}", "^(a|\\*) .*\n")
        return answer.startswith(("a OK", "* OK"))
    if protocol == "pop3":
        _ask(stream, f"USER {USER}", "\n")
        return _ask(stream, f"PASS {PASSWORD}", "\n").startswith("+OK")
    _ask(stream, "EHLO client.test", "^250 .*\n")
    return _ask(stream, f"AUTH PLAIN {daemons.plain(USER, PASSWORD)}", r"^\d\d\d .*\n").startswith("235")


def _relays(port: int, client: str, implicit: bool) -> bool:
    plain = _connect(port, client)
    stream = (daemons.wrap(plain, ciphers="ALL") if implicit else plain) or plain
    _until(stream, "\n")
    for line in ("EHLO client.test", "MAIL FROM:<>"):
        _ask(stream, line, r"^\d\d\d .*\n")
    return _ask(stream, "RCPT TO:<someone@foreign.example.com>", r"^\d\d\d .*\n").startswith("250")


def _probe(port: int) -> dict[str, object]:
    """What a client on another address meets."""
    try:
        plain = _connect(port)
    except OSError:
        return {"reached": False}
    greeting = _until(plain, "\n", 1.5)
    implicit = not greeting
    stream = daemons.wrap(_connect(port), ciphers="ALL") if implicit else plain
    greeting = _until(stream, "\n") if implicit and stream else greeting
    protocol = {"* O": "imap", "+OK": "pop3", "220": "smtp"}.get(greeting[:3], "")
    if stream is None or not protocol:
        return {"reached": True, "works": False}
    found: dict[str, object] = {"reached": True, "works": True, "protocol": protocol}
    open_login = _takes_login(stream, protocol)
    begun = None if implicit else _starttls(port, protocol)
    wrapped = daemons.wrap(begun, ciphers="ALL") if begun else None
    under = open_login if implicit else wrapped is not None and _takes_login(wrapped, protocol)
    if implicit:
        found["tls"] = "implicit"
    elif protocol == "smtp":
        refused = _ask(_connect(port), "NOOP", "^4.*\n|^250 ").find("STARTTLS is required") >= 0 if begun else False
        found["tls"] = "none" if not begun else "required" if refused else "optional"
    else:
        found["tls"] = "none" if not begun else "optional" if open_login else "required"
    found["auth"] = "cleartext" if open_login and not implicit else "tls-only" if under else "none"
    found["handshake"] = implicit or begun is None or wrapped is not None
    if protocol == "smtp":
        found["relays"] = {client: _relays(port, client, implicit) for client in (STRANGER, FRIEND)}
    return found


def _versions(port: int, protocol: str, implicit: bool) -> list[str]:
    found = []
    for version in daemons.TLS_VERSIONS:
        begun = _connect(port) if implicit else _starttls(port, protocol)
        if begun is not None and daemons.wrap(begun, version, "ALL") is not None:
            found.append(version)
    return found


def _run(*command: str) -> None:
    subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _lay(packages: Path) -> None:
    """The packages over this machine's folders, for these namespaces alone."""
    daemons.link(SERVER, STRANGER, FRIEND)
    subprocess.run(["mount", "-t", "tmpfs", "none", "/mnt"], check=True)
    for name in ("usr", "etc", "var"):
        for layer in ("upper", "work"):
            os.makedirs(f"/mnt/{layer}/{name}")
        options = f"lowerdir={packages}/{name}:/{name},upperdir=/mnt/upper/{name},workdir=/mnt/work/{name}"
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, f"/{name}"], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "none", "/run"], check=True)
    os.symlink("makedat.courier", "/usr/bin/makedat")
    with open("/etc/passwd", "a") as users, open("/etc/group", "a") as groups:
        users.write(f"courier:x:990:990::/var/lib/courier:/bin/sh\n{USER}:x:1990:1990::/run/home:/bin/sh\n")
        groups.write(f"courier:x:990:\n{USER}:x:1990:\n")
    for place in ("/run/courier/authdaemon", "/var/lib/courier", *(f"/var/lib/courier/{n}" for n in ("tmp", "msgq"))):
        os.makedirs(place, exist_ok=True)
    for place in ("msgs", "track"):
        os.makedirs(f"/var/lib/courier/{place}", exist_ok=True)
    _run("chown", "-R", "courier:courier", "/run/courier", "/var/lib/courier")
    os.makedirs("/run/home")
    _run("maildirmake.courier", "/run/home/Maildir")
    _run("chown", "-R", f"{USER}:{USER}", "/run/home")


def _configure(packages: Path, files: dict[str, str]) -> None:
    home = Path("/etc/courier")
    (home / "test.pem").write_bytes((packages / "test.pem").read_bytes())
    hashed = subprocess.run(["openssl", "passwd", "-1", PASSWORD], capture_output=True, text=True, check=True)
    account = f"home=/run/home|mail=/run/home/Maildir|uid=1990|gid=1990|systempw={hashed.stdout.strip()}"
    (home / "userdb").write_text(f"{USER}\t{account}\n")
    (home / "userdb").chmod(0o600)
    (home / "authdaemonrc").write_text(
        'authmodulelist="authuserdb"\nauthmodulelistorig="authuserdb"\ndaemons=2\nauthdaemonvar=/run/courier/authdaemon\n'
    )
    for name in ("me", "defaultdomain", "locals"):
        (home / name).write_text("mail.example.test\n")
    for name, text in files.items():
        (home / name).write_text(text)


def _inside(packages: Path, files: dict[str, str]) -> None:
    _lay(packages)
    _configure(packages, files)
    for command in (["makeuserdb"], ["makesmtpaccess"], ["makeimapaccess"], ["authdaemond", "start"]):
        _run(f"/usr/sbin/{command[0]}", *command[1:])
    for name in files:
        if name.startswith(("imapd", "pop3d", "esmtpd")):
            _run(f"/usr/sbin/{name}", "start")
    time.sleep(0.5)
    ports = sorted({port for address, port in daemons.listening() if address != "127.0.0.1"})
    with ThreadPoolExecutor(8) as pool:
        probed = dict(zip(ports, pool.map(_probe, ports), strict=True))
    for port, found in probed.items():
        if found.get("handshake") and found["tls"] != "none" and "TLS_PRIORITY" in files.get("pop3d-ssl", ""):
            found["versions"] = _versions(port, str(found["protocol"]), found["tls"] == "implicit")
    print(json.dumps(probed))


if __name__ == "__main__":
    _inside(Path(sys.argv[1]), CASES[sys.argv[2]])
    sys.exit(0)


import pytest  # noqa: E402

from mailpolicy.addresses import contains  # noqa: E402
from mailpolicy.readers import courier  # noqa: E402
from mailpolicy.tree import Memory  # noqa: E402


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Debian 12's packages, which cannot be installed beside Dovecot and Postfix, and a certificate."""
    release = Path("/etc/debian_version")
    twelve = release.exists() and release.read_text().startswith("12")
    if why := daemons.missing("perl") if twelve else "needs Debian 12":
        pytest.skip(f"{why}: NOT compared with Courier")
    folder = tmp_path_factory.mktemp("courier")
    daemons.unpack(PACKAGES, folder)
    daemons.certificate(folder)
    (folder / "test.pem").write_text((folder / "key.pem").read_text() + (folder / "cert.pem").read_text())
    return folder


@pytest.fixture(scope="module")
def truths(packages: Path) -> dict[str, dict[str, dict[str, object]]]:
    """What the sockets of each case do, by port."""

    def one(name: str) -> dict[str, dict[str, object]]:
        found: dict[str, dict[str, object]] = daemons.inside(__file__, packages, name, timeout=120)
        return found

    with ThreadPoolExecutor(5) as pool:
        return dict(zip(CASES, pool.map(one, CASES), strict=True))


def _claims(files: dict[str, str]) -> dict[str, dict[str, object]]:
    tree = {f"etc/courier/{name}": text for name, text in files.items()}
    paths = tuple(path for path in tree if not path.endswith("/more"))
    facts = courier.read(Memory({**tree, "etc/courier/test.pem": ""}), paths, None).facts
    return {
        str(fact.values["port"]): dict(fact.values)
        for fact in facts
        if fact.kind == "listener" and fact.values["scope"] != "loopback"
    }


def _dead(claim: dict[str, object]) -> bool:
    return bool(claim["broken"]) and not re.match(
        "STARTTLS is announced|TLS is required|AUTH_REQ", str(claim["broken"])
    )


def _trusts(claim: dict[str, object], client: str) -> bool:
    networks = claim.get("trusted_networks", ())
    assert isinstance(networks, tuple)
    return claim["relay"] == "open" or (claim["relay"] == "networks" and any(contains(n, client) for n in networks))


@pytest.mark.parametrize("name", CASES)
def test_sockets_do_what_the_reader_says(name: str, truths: dict[str, dict[str, dict[str, object]]]) -> None:
    truth, claims = truths[name], _claims(CASES[name])
    assert sorted(port for port, claim in claims.items() if not _dead(claim)) == sorted(
        port for port, seen in truth.items() if seen.get("works")
    )
    for port, seen in truth.items():
        claim = claims[port]
        if not seen.get("works"):
            continue
        fails = str(claim["broken"] or "").startswith("STARTTLS is announced")
        assert fails != bool(seen["handshake"]), port
        assert claim["tls"] == seen["tls"], port
        assert claim["auth"] == seen["auth"], port
        if "versions" in seen:
            assert list(claim["tls_versions"]) == seen["versions"], port  # type: ignore[call-overload]
        relays = seen.get("relays", {})
        assert isinstance(relays, dict)
        for client, passed in relays.items() if claim["tls"] != "required" else ():
            assert _trusts(claim, client) == passed, (port, client)
