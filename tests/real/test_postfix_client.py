"""The reader's connections against what Postfix really does with an honest server, a stripped one and a stranger.

Each run is a Postfix instance of its own in mount, network and process namespaces.
"""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mailpolicy.readers import postfix
from mailpolicy.tree import Disk
from mailpolicy.types import Value, Version
from tests.real import daemons

PEER = Path(__file__).with_name("postfix_client_peer.py")
MASTER = """\
pickup    unix  n       -       n       60      1       pickup
cleanup   unix  n       -       n       -       0       cleanup
qmgr      unix  n       -       n       300     1       qmgr
tlsmgr    unix  -       -       n       1000?   1       tlsmgr
rewrite   unix  -       -       n       -       -       trivial-rewrite
bounce    unix  -       -       n       -       0       bounce
defer     unix  -       -       n       -       0       bounce
trace     unix  -       -       n       -       0       bounce
verify    unix  -       -       n       -       1       verify
flush     unix  n       -       n       1000?   0       flush
proxymap  unix  -       -       n       -       -       proxymap
smtp      unix  -       -       n       -       -       smtp
relay     unix  -       -       n       -       -       smtp
showq     unix  n       -       n       -       -       showq
error     unix  -       -       n       -       -       error
retry     unix  -       -       n       -       -       error
discard   unix  -       -       n       -       -       discard
local     unix  -       n       n       -       -       local
scache    unix  -       -       n       -       1       scache
postlog   unix-dgram n  -       n       -       1       postlogd
"""
BASE = """\
compatibility_level = 3.6
myhostname = client.example.org
mydestination =
inet_interfaces = loopback-only
inet_protocols = ipv4
smtp_dns_support_level = disabled
smtp_host_lookup = native
smtp_starttls_timeout = 3s
maillog_file = /var/lib/postfix/maillog
maillog_file_prefixes = /var
notify_classes =
"""
RELAY = "relayhost = [relay.example.net]:587\n"
LOGIN = "smtp_sasl_auth_enable = yes\nsmtp_sasl_password_maps = texthash:/etc/postfix/passwords\n"
PLAIN = "smtp_sasl_security_options = noanonymous\n"
MAY = "smtp_tls_security_level = may\n"
ENCRYPT = "smtp_tls_security_level = encrypt\n"
CA = "smtp_tls_CAfile = /etc/postfix/ca.pem\n"
CASES = {
    "nothing": (RELAY, MASTER),
    "may": (RELAY + LOGIN + PLAIN + MAY, MASTER),
    "may, default options": (RELAY + LOGIN + MAY, MASTER),
    "may, filter": (RELAY + LOGIN + PLAIN + MAY + "smtp_sasl_mechanism_filter = cram-md5\n", MASTER),
    "encrypt": (RELAY + LOGIN + PLAIN + ENCRYPT, MASTER),
    "the service says may": (
        RELAY + LOGIN + PLAIN + ENCRYPT,
        MASTER.replace("smtp\nrelay", "smtp\n  -o smtp_tls_security_level=may\nrelay"),
    ),
    "policy none": (RELAY + LOGIN + PLAIN + ENCRYPT + "smtp_tls_policy_maps = texthash:/etc/postfix/policy\n", MASTER),
    "secure": (RELAY + LOGIN + PLAIN + CA + "smtp_tls_security_level = secure\n", MASTER),
    "old enforce": (RELAY + LOGIN + PLAIN + CA + "smtp_enforce_tls = yes\n", MASTER),
    "wrapper": (
        "relayhost = [relay.example.net]:465\n" + LOGIN + PLAIN + ENCRYPT + "smtp_tls_wrappermode = yes\n",
        MASTER,
    ),
    "wrapper with may": ("relayhost = [relay.example.net]:465\n" + MAY + "smtp_tls_wrappermode = yes\n", MASTER),
    "deaf": (RELAY + LOGIN + PLAIN + MAY + "smtp_discard_ehlo_keywords = starttls\n", MASTER),
    "no relayhost": ("transport_maps = inline:{ {* = smtp:[relay.example.net]:2525} }\n" + MAY, MASTER),
}
TABLES = {
    "passwords": "relay.example.net user:pw\n",
    "policy": "[relay.example.net]:587 none\n",
}
SCENARIOS = ("honest", "stripped", "challenge", "stranger")


REASON = daemons.missing("postfix")
pytestmark = pytest.mark.skipif(bool(REASON), reason=f"real Postfix client: {REASON}")


def certificate(folder: Path, name: str, host: str) -> None:
    daemons.certificate(folder, host, f"{name}.crt", f"{name}.key")
    text = (folder / f"{name}.key").read_text() + (folder / f"{name}.crt").read_text()
    (folder / f"{name}.pem").write_text(text)


def observed(folder: Path, scenario: str) -> dict[str, bool]:
    """What the server saw in one scenario."""
    seen: dict[str, bool] = daemons.inside(PEER, folder, scenario)["seen"]
    return seen


def folded(seen: dict[str, dict[str, bool]]) -> dict[str, Value]:
    """The scenarios as fields of a connection."""
    honest, stripped, challenge, stranger = (seen[name] for name in SCENARIOS)
    if honest.get("implicit"):
        tls = "implicit"
    elif honest.get("starttls"):
        went_clear = stripped.get("mail_clear") or challenge.get("mail_clear")
        tls = "opportunistic" if went_clear else "required"
    else:
        tls = "none"
    went_on = stranger.get("mail_covered", False)
    cleartext = any(one.get("password_clear", False) for one in seen.values())
    verify = "none" if went_on or tls == "none" else "ca"
    return {"tls": tls, "verify": verify, "cleartext_credentials": cleartext}


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, dict[str, dict[str, bool]]]]:
    """All cases in all scenarios, several at a time."""
    keys = tmp_path_factory.mktemp("keys")
    certificate(keys, "peer", "relay.example.net")
    certificate(keys, "other", "elsewhere.example.net")
    folders = {}
    for name, (main, master) in CASES.items():
        folder = folders[name] = tmp_path_factory.mktemp("case")
        (folder / "postfix").mkdir()
        texts = {**TABLES, "main.cf": BASE + main, "master.cf": master, "ca.pem": (keys / "peer.crt").read_text()}
        for file, text in texts.items():
            (folder / "postfix" / file).write_text(text)
        for file in ("peer.pem", "other.pem"):
            shutil.copy(keys / file, folder / file)
        (folder / "hosts").write_text("127.0.0.1 localhost relay.example.net\n")
        os.chmod(folder, 0o755)
    jobs = [(name, scenario) for name in CASES for scenario in SCENARIOS]
    with ThreadPoolExecutor(max(4, os.cpu_count() or 1)) as pool:
        results = list(pool.map(lambda job: observed(folders[job[0]], job[1]), jobs))
    seen: dict[str, dict[str, dict[str, bool]]] = {name: {} for name in CASES}
    for (name, scenario), result in zip(jobs, results, strict=True):
        seen[name][scenario] = result
    return {name: (folders[name], seen[name]) for name in CASES}


@pytest.mark.parametrize("name", CASES)
def test_connection(name: str, truth: dict[str, tuple[Path, dict[str, dict[str, bool]]]]) -> None:
    folder, seen = truth[name]
    paths = (str(folder / "postfix/main.cf"), str(folder / "postfix/master.cf"))
    inventory = postfix.read(Disk(), paths, Version((3, 7), "the test"))
    (fact,) = [fact for fact in inventory.facts if fact.kind == "connection"]
    if not any(one.get("connected") for one in seen.values()):
        assert fact.values["broken"]
        return
    assert fact.values["broken"] is None
    assert {field: fact.values[field] for field in ("tls", "verify", "cleartext_credentials")} == folded(seen)
