"""What the tests against real proxies share: certificates, namespaces, and the comparison with a reader's facts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mailpolicy.readers import load
from mailpolicy.tree import Disk
from mailpolicy.types import Inventory
from tests.real import daemons

PEER = Path(__file__).with_name("proxy_peer.py")
PERMISSIVE = (
    "openssl_conf = init\n[init]\nssl_conf = ssl\n[ssl]\nsystem_default = all\n"
    "[all]\nMinProtocol = TLSv1\nCipherString = ALL:@SECLEVEL=0\n"
)
CERTIFICATE = "CERT"
"""Stands in the configurations for the path of a file with a certificate and its key."""


def missing(program: str) -> str:
    """Why the real program cannot be asked, or ""."""
    return daemons.missing({"stunnel": "stunnel4"}.get(program, program))


def certificate(folder: Path) -> Path:
    """A certificate with its key, made once for all cases."""
    path, key = folder / "both.pem", folder / "key.pem"
    daemons.certificate(folder, "mail.example", path.name, key.name)
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
    return dict(daemons.inside(PEER, program, root, timeout=120))


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
