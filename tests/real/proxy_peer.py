"""Run as a program in fresh namespaces: starts a proxy with each configuration and asks every socket that it opens.

``python -m tests.real.proxy_peer PROGRAM FOLDER``: FOLDER holds a folder for each case, with ``etc/``.
"""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

from tests.real import daemons

VERSIONS = daemons.TLS_VERSIONS
BACKENDS = {14303: b"* OK back end\r\n", 2503: b"220 back.example.test ESMTP\r\n", 1100: b"+OK back end\r\n"}
COMMANDS = {
    "haproxy": ("haproxy", "-db", "-f", "/etc/haproxy/haproxy.cfg"),
    "stunnel": ("stunnel4", "/etc/stunnel/mail.conf"),
}


def back_end(port: int, greeting: bytes) -> None:
    server = socket.create_server(("127.0.0.1", port))
    while True:
        connection = server.accept()[0]
        threading.Thread(target=answer, args=(connection, greeting), daemon=True).start()


def answer(connection: socket.socket, greeting: bytes) -> None:
    """A server that takes any login and knows no STARTTLS."""
    try:
        connection.sendall(greeting)
        for line in connection.makefile("rb"):
            words = line.upper().split() or [b""]
            if greeting[:1] == b"*":
                good = b"LOGIN" in words
                connection.sendall(words[0].lower() + (b" OK done\r\n" if good else b" BAD no\r\n"))
            elif greeting[:1] == b"+":
                connection.sendall(b"+OK\r\n" if words[0] in (b"USER", b"PASS") else b"-ERR no\r\n")
            else:
                good = words[0] in (b"EHLO", b"AUTH")
                connection.sendall(b"250 back.example.test\r\n" if good else b"502 no\r\n")
    except OSError:
        pass


def connect(address: str, port: int, proxied: bool) -> socket.socket:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)
    connection = socket.create_connection((host, port), timeout=1)
    if proxied:
        connection.sendall(b"PROXY TCP4 192.0.2.1 192.0.2.2 1000 2000\r\n")
    return connection


def secured(connection: socket.socket, version: str = "") -> ssl.SSLSocket | None:
    return daemons.wrap(connection, version, "ALL")


def said(connection: socket.socket, line: bytes = b"") -> bytes:
    try:
        if line:
            connection.sendall(line + b"\r\n")
        reply = connection.recv(4096)
        while reply and (reply[-2:] != b"\r\n" or reply.splitlines()[-1][3:4] == b"-"):
            more = connection.recv(4096)
            if not more:
                break
            reply += more
        return reply
    except OSError:
        return b""


def upgraded(address: str, port: int, proxied: bool, version: str = "") -> ssl.SSLSocket | None:
    """A session after STARTTLS, or None."""
    connection = connect(address, port, proxied)
    greeting = said(connection)
    if greeting[:1] == b"2":
        said(connection, b"EHLO client.example.test")
    word = {b"*": b"a STARTTLS", b"+": b"STLS", b"2": b"STARTTLS"}.get(greeting[:1], b"")
    reply = said(connection, word)
    good = reply.startswith((b"a OK", b"+OK", b"220"))
    return secured(connection, version) if good else None


def login(connection: socket.socket, greeting: bytes) -> bool:
    if greeting[:1] == b"*":
        return b" OK" in said(connection, b"a LOGIN u p")
    if greeting[:1] == b"+":
        return said(connection, b"USER u").startswith(b"+OK") and said(connection, b"PASS p").startswith(b"+OK")
    said(connection, b"EHLO client.example.test")
    return said(connection, b"AUTH PLAIN AHUAcA==").startswith(b"2")


CLOSED: dict[str, object] = {"tls": None, "versions": [], "usable": False, "login": False}


def observed(address: str, port: int, proxied: bool) -> dict[str, object]:
    """What one socket does. One that resets every connection may do so before or after connect() returns."""
    try:
        return answered(address, port, proxied)
    except ConnectionResetError:
        return CLOSED


def answered(address: str, port: int, proxied: bool) -> dict[str, object]:
    """stunnel with a protocol waits for who begins: a client that waits gets a greeting."""
    clear = connect(address, port, proxied)
    clear.settimeout(0.4)
    greeting = said(clear)
    if not greeting and (first := secured(connect(address, port, proxied))) is not None:
        spoken = [v for v in VERSIONS if secured(connect(address, port, proxied), v)]
        greeting = said(first)
        return {"tls": "implicit", "versions": spoken, "usable": bool(greeting), "login": login(first, greeting)}
    if not greeting or greeting.startswith(b"HTTP"):
        return CLOSED
    taken = login(clear, greeting)
    if upgraded(address, port, proxied) is None:
        return {"tls": "none", "versions": [], "usable": True, "login": taken}
    spoken = [v for v in VERSIONS if upgraded(address, port, proxied, v)]
    return {"tls": "optional" if taken else "required", "versions": spoken, "usable": True, "login": taken}


def case(program: str, folder: Path) -> dict[str, object]:
    """Starts the program with one configuration in place of its own in /etc."""
    home = f"/etc/{program}"
    subprocess.run(["mount", "--bind", str(folder / "etc" / program), home], check=True)
    with open(folder / "log", "wb") as log:
        daemon = subprocess.Popen(COMMANDS[program], stdout=log, stderr=log)
    try:
        sockets = daemons.opened(daemon, 0.4, BACKENDS)
        proxied = "accept-proxy" in "".join(f.read_text() for f in folder.rglob("*.cfg"))
        found = {f"{a} {p}": observed(a, p, proxied) for a, p in sockets}
        return {"started": daemon.poll() is None, "sockets": found}
    finally:
        daemon.kill()
        daemon.wait()
        subprocess.run(["umount", home], check=True)
        while daemons.listening(BACKENDS):
            time.sleep(0.02)


def main() -> None:
    program, root = sys.argv[1], Path(sys.argv[2])
    daemons.link()
    os.environ["OPENSSL_CONF"] = str(root / "openssl.cnf")
    for port, greeting in BACKENDS.items():
        threading.Thread(target=back_end, args=(port, greeting), daemon=True).start()
    time.sleep(0.1)
    print(json.dumps({folder.name: case(program, folder) for folder in sorted(root.iterdir()) if folder.is_dir()}))


if __name__ == "__main__":
    main()
