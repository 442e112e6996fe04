"""Runs inside namespaces of its own: Postfix with a given configuration sends one message to a scripted server.

Usage: python -m tests.real.postfix_client_peer FOLDER SCENARIO. FOLDER holds postfix/ (main.cf, master.cf,
tables), peer.pem, other.pem and hosts. Scenarios: honest; stripped (no STARTTLS, only PLAIN and LOGIN); challenge
(no STARTTLS, only CRAM-MD5); stranger (STARTTLS with a certificate for another name of an unknown issuer).
Prints what the server saw as one JSON object.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

from tests.real import daemons

PORTS = (25, 465, 587, 2525)
WAIT = 9.0
LOGINS = {"stripped": b"PLAIN LOGIN", "challenge": b"CRAM-MD5"}


class Peer:
    """A scripted SMTP server. It takes TLS from a client that begins with a ClientHello, on every port."""

    def __init__(self, folder: Path, scenario: str) -> None:
        self.scenario = scenario
        self.seen: dict[str, bool] = {}
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(folder / ("other.pem" if scenario == "stranger" else "peer.pem"))
        for port in PORTS:
            listener = socket.create_server(("127.0.0.1", port))
            threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            client, _ = listener.accept()
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        self.seen["connected"] = True
        client.settimeout(0.5)
        covered = False
        try:
            try:
                first = client.recv(1, socket.MSG_PEEK)
            except TimeoutError:
                first = b""
            client.settimeout(8)
            if first == b"\x16":
                self.seen["implicit"] = True
                client, covered = self.context.wrap_socket(client, server_side=True), True
            self._talk(client, covered)
        except OSError:
            pass

    def _talk(self, client: socket.socket, covered: bool) -> None:
        lines = client.makefile("rb")
        client.sendall(b"220 peer\r\n")
        while line := lines.readline():
            verb = line.split()[0].upper() if line.split() else b""
            if verb == b"EHLO":
                tls = b"" if covered or self.scenario in LOGINS else b"250-STARTTLS\r\n"
                logins = LOGINS.get(self.scenario, b"PLAIN LOGIN CRAM-MD5")
                client.sendall(b"250-peer\r\n" + tls + b"250 AUTH " + logins + b"\r\n")
            elif verb == b"STARTTLS":
                self.seen["starttls"] = True
                client.sendall(b"220 go\r\n")
                client, covered = self.context.wrap_socket(client, server_side=True), True
                lines = client.makefile("rb")
            elif verb == b"AUTH":
                self._auth(client, lines, line.split(), covered)
            elif verb == b"DATA":
                client.sendall(b"354 go\r\n")
                while lines.readline() not in (b".\r\n", b""):
                    pass
                self.seen["mail_covered" if covered else "mail_clear"] = True
                client.sendall(b"250 ok\r\n")
            elif verb == b"QUIT":
                client.sendall(b"221 bye\r\n")
                return
            else:
                client.sendall(b"250 ok\r\n")

    def _auth(self, client: socket.socket, lines: object, words: list[bytes], covered: bool) -> None:
        mechanism = words[1].upper()
        if mechanism in (b"PLAIN", b"LOGIN") and not covered:
            self.seen["password_clear"] = True
        answers = {b"LOGIN": [b"VXNlcm5hbWU6", b"UGFzc3dvcmQ6"], b"CRAM-MD5": [base64.b64encode(b"<1.2@peer>")]}
        for challenge in answers.get(mechanism, [])[max(0, len(words) - 2) :]:
            client.sendall(b"334 " + challenge + b"\r\n")
            lines.readline()  # type: ignore[attr-defined]
        client.sendall(b"235 ok\r\n")


def bind(source: Path, target: str) -> None:
    subprocess.run(["mount", "--bind", str(source), target], check=True)


def main() -> None:
    folder, scenario = Path(sys.argv[1]), sys.argv[2]
    daemons.link()
    work = folder / scenario
    for name, target in (("spool", "/var/spool/postfix"), ("data", "/var/lib/postfix")):
        (work / name).mkdir(parents=True)
        shutil.copystat(target, work / name)
        shutil.chown(work / name, *(("root", "root") if name == "spool" else ("postfix", "postfix")))
        bind(work / name, target)
    shutil.copytree(folder / "postfix", work / "etc")
    for extra in ("dynamicmaps.cf", "dynamicmaps.cf.d", "postfix-files"):
        source = Path("/etc/postfix") / extra
        if source.is_dir():
            shutil.copytree(source, work / "etc" / extra)
        elif source.exists():
            shutil.copy(source, work / "etc" / extra)
    bind(work / "etc", "/etc/postfix")
    bind(folder / "hosts", "/etc/hosts")
    peer = Peer(folder, scenario)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(["postfix", "start"], check=False, **quiet)  # type: ignore[call-overload]
    message = b"Subject: x\n\nx\n"
    subprocess.run(["sendmail", "-f", "user@example.org", "to@example.com"], input=message, check=False)
    log, end = Path("/var/lib/postfix/maillog"), time.monotonic() + WAIT
    while time.monotonic() < end and not (
        log.exists() and ("status=" in (text := log.read_text()) or "fatal:" in text)
    ):
        time.sleep(0.05)
    said = (
        [line for line in log.read_text().splitlines() if "status=" in line or "fatal" in line] if log.exists() else []
    )
    print(json.dumps({"seen": peer.seen, "said": said[-1:]}), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
