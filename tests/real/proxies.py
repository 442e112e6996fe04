"""What the tests against real proxies share: certificates, namespaces, and the comparison with a reader's facts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from mailpolicy.readers import load
from mailpolicy.tree import Disk
from mailpolicy.types import Inventory

PEER = Path(__file__).with_name("proxy_peer.py")
NAMESPACES = ("unshare", "--mount", "--net", "--pid", "--fork", "--mount-proc", "--propagation", "private")
PERMISSIVE = (
    "openssl_conf = init\n[init]\nssl_conf = ssl\n[ssl]\nsystem_default = all\n"
    "[all]\nMinProtocol = TLSv1\nCipherString = ALL:@SECLEVEL=0\n"
)
CERTIFICATE = "CERT"
"""Stands in the configurations for the path of a file with a certificate and its key."""


def missing(program: str) -> str:
    """Why the real program cannot be asked, or ""."""
    command = {"stunnel": "stunnel4"}.get(program, program)
    if os.geteuid() != 0:
        return "needs root, for namespaces"
    absent = [name for name in (command, "unshare", "ip", "openssl") if not shutil.which(name)]
    return f"not installed: {', '.join(absent)}" if absent else ""


def certificate(folder: Path) -> Path:
    """A certificate with its key, made once for all cases."""
    path, key = folder / "both.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=mail.example"]
    subprocess.run([*command, "-keyout", key, "-out", path], check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + key.read_bytes())
    key.unlink()
    return path


def observe(program: str, name: str, configs: Mapping[str, str], root: Path) -> dict[str, dict[str, object]]:
    """What the real program does with each configuration. ``name`` is the file's name below /etc."""
    (root / "openssl.cnf").write_text(PERMISSIVE)
    both = certificate(root)
    for case, text in configs.items():
        path = root / case / "etc" / name
        path.parent.mkdir(parents=True)
        path.write_text(text.replace(CERTIFICATE, str(both)))
    ran = subprocess.run(
        [*NAMESPACES, sys.executable, str(PEER), program, str(root)], capture_output=True, text=True, timeout=120
    )
    assert ran.returncode == 0, ran.stderr
    return dict(json.loads(ran.stdout))


def inventory(program: str, name: str, case: str, root: Path) -> Inventory:
    """What the reader says of the same file."""
    return load(program).read(Disk(), (str(root / case / "etc" / name),), None)


def differences(seen: Mapping[str, object], said: Inventory) -> list[str]:
    """Where the reader disagrees with what was seen. What it calls unknown is no disagreement."""
    found = []
    sockets = seen["sockets"]
    assert isinstance(sockets, dict)
    facts = [fact.values for fact in said.facts if fact.kind == "listener"]
    stated = {port for values in facts if isinstance(port := values.get("port"), int)}
    true = {int(key.split()[1]) for key in sockets}
    if stated != true:
        found.append(f"ports: seen {sorted(true)}, said {sorted(stated)}")
    for key, socket in sockets.items():
        address, port = key.split()
        names = {"0.0.0.0": ("0.0.0.0", "*", None), "::": ("::", "*", None)}.get(address, (address, None))
        values = next((v for v in facts if v.get("port") == int(port) and v.get("address") in names), None)
        if values is None:
            found.append(f"{key}: no fact of this address")
            continue
        if "broken" in values and (values["broken"] is None) != socket["usable"]:
            found.append(f"{key}: usable {socket['usable']}, broken {values['broken']}")
        if not socket["usable"]:
            continue
        in_clear = socket["login"] and socket["tls"] in ("none", "optional")
        true_values = {"tls": socket["tls"], "auth": "cleartext" if in_clear else "tls-only"}
        if socket["versions"]:
            true_values["tls_versions"] = tuple(socket["versions"])
        for field, truth in true_values.items():
            if field in values and values[field] != truth:
                found.append(f"{key}: {field}: seen {truth}, said {values[field]}")
    return found
