"""What the tests against real daemons share: packages, namespaces, certificates, sockets and how a client asks them.

A test file that runs itself again inside of namespaces uses the same functions there, without pytest.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
import warnings
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
NAMESPACES = ("unshare", "--mount", "--net", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc")
TLS_VERSIONS = {
    "TLSv1.0": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}


def missing(*programs: str) -> str:
    """Why no daemon can run in namespaces of its own here, or ""."""
    if os.geteuid() != 0:
        return "needs root, for namespaces"
    absent = [name for name in (*programs, "unshare", "ip", "openssl") if not shutil.which(name)]
    if absent:
        return f"not installed: {', '.join(absent)}"
    allowed = subprocess.run([*NAMESPACES, "true"], capture_output=True, check=False).returncode == 0
    return "" if allowed else "namespaces are not allowed here"


def unpack(packages: Sequence[str], folder: Path) -> None:
    """Debian's packages below a folder, since other ones that are installed exclude them. Skips without them."""
    import pytest

    if why := missing("apt-get", "dpkg"):
        pytest.skip(f"{why}: NOT compared with the programs of {packages[0]}")
    subprocess.run(["apt-get", "-q", "download", *packages], cwd=folder, capture_output=True, check=False)
    archives = sorted(folder.glob("*.deb"))
    if len(archives) < len(packages):
        pytest.skip(f"Debian's packages cannot be had: NOT compared with the programs of {packages[0]}")
    for archive in archives:
        subprocess.run(["dpkg", "-x", archive, folder], check=True)


def certificate(folder: Path, host: str = "mail.example.test", cert: str = "cert.pem", key: str = "key.pem") -> None:
    """A certificate that is its own issuer, and its key."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={host}",
         "-addext", f"subjectAltName=DNS:{host}", "-keyout", folder / key, "-out", folder / cert],
        check=True, capture_output=True,
    )  # fmt: skip


def inside(file: str | Path, *arguments: object, timeout: float = 60, env: Mapping[str, str] | None = None) -> Any:
    """What a file of this folder prints, as JSON, when it runs as a program in namespaces of its own."""
    command = [*NAMESPACES, sys.executable, "-m", f"tests.real.{Path(file).stem}", *map(str, arguments)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=timeout, env=env, check=False)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def link(*addresses: str) -> None:
    """Gives the network namespace its loopback interface, with more addresses."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for address in addresses:
        subprocess.run(["ip", "address", "add", f"{address}/32", "dev", "lo"], check=True)


def listening(aside: Collection[int] = ()) -> list[tuple[str, int]]:
    """Addresses and ports that are listened on in this network namespace, but for some ports."""
    found = set()
    for name, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        for row in Path(f"/proc/net/{name}").read_text().splitlines()[1:]:
            local, state = row.split()[1], row.split()[3]
            address, port = local.split(":")
            raw = b"".join(bytes.fromhex(address[i : i + 8])[::-1] for i in range(0, len(address), 8))
            if state == "0A" and int(port, 16) not in aside:
                found.add((socket.inet_ntop(family, raw), int(port, 16)))
    return sorted(found)


def opened(daemon: subprocess.Popen[bytes], seconds: float, aside: Collection[int] = ()) -> list[tuple[str, int]]:
    """The sockets of a daemon once it has some and opens no more, has ended, or was waited for long enough."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and daemon.poll() is None and not listening(aside):
        time.sleep(0.02)
    found: list[tuple[str, int]] = []
    while found != (found := listening(aside)):
        time.sleep(0.1)
    return found


def client(version: str = "", ciphers: str = "") -> ssl.SSLContext:
    """TLS without verification. Who names ciphers gets weak ones and old versions, too; or one version alone."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # old versions are deprecated
        if ciphers:
            context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
            context.minimum_version = ssl.TLSVersion.TLSv1
        if version:
            context.minimum_version = context.maximum_version = TLS_VERSIONS[version]
    return context


def wrap(plain: socket.socket, version: str = "", ciphers: str = "") -> ssl.SSLSocket | None:
    """TLS over a connection; None when the handshake fails."""
    try:
        return client(version, ciphers).wrap_socket(plain)
    except OSError:
        return None


def read_line(stream: socket.socket) -> str:
    data = b""
    while not data.endswith(b"\n"):
        piece = stream.recv(1)
        if not piece:
            break
        data += piece
    return data.decode("latin-1").rstrip()


def ask(stream: socket.socket, line: str, ends: str) -> list[str]:
    """The lines of an answer, up to the one that the pattern ``ends`` fits, or an empty one."""
    stream.sendall(line.encode() + b"\r\n")
    answer: list[str] = []
    while not answer or (answer[-1] and not re.match(ends, answer[-1])):
        answer.append(read_line(stream))
    return answer


def plain(user: str, password: str) -> str:
    """The initial response of the mechanism PLAIN (RFC 4616)."""
    return base64.b64encode(f"\0{user}\0{password}".encode()).decode()
