"""The reader against the real HAProxy: what its sockets do is what the reader says of them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.real import proxies

NAME = "haproxy/haproxy.cfg"
WHY = proxies.missing("haproxy")
pytestmark = pytest.mark.skipif(bool(WHY), reason=WHY)

TIMES = "  timeout connect 3s\n  timeout client 9s\n  timeout server 9s\n"
TOP = f"defaults\n  mode tcp\n{TIMES}"
IMAP = "  server a 127.0.0.1:14303\n"


def top(options: str) -> str:
    return f"global\n  {options}\n{TOP}"


def imaps(options: str = "", before: str = TOP) -> str:
    return f"{before}listen imaps\n  bind :993 ssl crt CERT {options}\n{IMAP}"


CONFIGS = {
    "ssl": imaps(),
    "min10": imaps("ssl-min-ver TLSv1.0"),
    "min-global": imaps(before=top("ssl-default-bind-options ssl-min-ver TLSv1.1")),
    "min-both": imaps("ssl-min-ver TLSv1.3", top("ssl-default-bind-options ssl-min-ver TLSv1.0")),
    "min-before-ssl": f"{TOP}listen imaps\n  bind :993 ssl-min-ver TLSv1.1 ssl crt CERT\n{IMAP}",
    "global-too-late": imaps() + "global\n  ssl-default-bind-options ssl-min-ver TLSv1.0\n",
    "force": imaps("force-tlsv12"),
    "force-over": imaps("ssl-min-ver TLSv1.2", top("ssl-default-bind-options force-tlsv13")),
    "banned": imaps("no-tlsv12"),
    "banned-without-effect": imaps("no-tlsv10 ssl-min-ver TLSv1.0"),
    "max11": imaps("ssl-max-ver TLSv1.1"),
    "ciphers": imaps("ssl-min-ver TLSv1.0 ciphers ECDHE-RSA-AES128-GCM-SHA256"),
    "cipher-level": imaps("ssl-min-ver TLSv1.0 ciphers DEFAULT:@SECLEVEL=2"),
    "crt-without-ssl": f"{TOP}listen imaps\n  bind :993 crt CERT\n{IMAP}",
    "addresses": f"{TOP}listen mail\n  bind 127.0.0.1:143,127.0.0.2:1143\n"
    f"  bind [::]:110-111 v6only\n  bind *:995\n{IMAP}",
    "both-families": f"{TOP}listen imap\n  bind :::143 v4v6\n  bind ipv6@:1143\n  bind ipv4@:2143\n{IMAP}",
    "frontend": f"{TOP}frontend pop3s\n  bind :995 ssl crt CERT\n  default_backend b\n"
    "backend b\n  server a 127.0.0.1:1100\n",
    "accept-proxy": f"{TOP}listen smtps\n  bind :465 ssl crt CERT accept-proxy\n  server a 127.0.0.1:2503\n",
    "to-tls": f"{TOP}listen imap\n  bind :143\n  server a 127.0.0.1:14993 ssl verify none\n"
    f"listen inner\n  bind 127.0.0.1:14993 ssl crt CERT\n{IMAP}",
    "mode-http": imaps().replace("  server", "  mode http\n  server"),
    "named-defaults": f"defaults a\n  mode tcp\n{TIMES}defaults b\n  mode http\n{TIMES}"
    f"listen imap from a\n  bind :143\n{IMAP}listen pop\n  bind :110\n{IMAP}",
    "no-mode": f"defaults\n{TIMES}listen imap\n  bind :143\n{IMAP}",
    "no-server": f"{TOP}frontend imap\n  bind :143\n",
    "server-disabled": f"{TOP}listen imap\n  bind :143\n  server a 127.0.0.1:14303 disabled\n",
    "listen-disabled": f"{TOP}listen imap\n  disabled\n  bind :143\n{IMAP}listen pop\n  bind :110\n{IMAP}",
    "rejecting": f"{TOP}listen imap\n  bind :143\n  tcp-request connection reject\n{IMAP}",
}
REFUSED = {
    "ssl-without-crt": f"{TOP}listen imaps\n  bind :993 ssl\n{IMAP}",
    "version": imaps("ssl-min-ver TLSv1"),
    "no-version": imaps("ssl-min-ver TLSv1.3 ssl-max-ver TLSv1.2"),
    "option": imaps(before=top("ssl-default-bind-options no-tlsv1")),
    "bind-keyword": f"{TOP}listen imap\n  bind :143 sssl\n{IMAP}",
    "capitals": f"{TOP}listen imap\n  bind :143 SSL crt CERT\n{IMAP}",
    "keyword": f"{TOP}listen imap\n  bind :143\n  timeouts connect 3s\n{IMAP}",
    "global-keyword": f"global\n  nonsense 1\n{TOP}listen imap\n  bind :143\n{IMAP}",
    "mode": f"{TOP}listen imap\n  mode smtp\n  bind :143\n{IMAP}",
    "no-port": f"{TOP}listen imap\n  bind 127.0.0.1\n{IMAP}",
    "port-name": f"{TOP}listen imap\n  bind :imap\n{IMAP}",
    "address-in-head": f"{TOP}listen imap 0.0.0.0:143\n{IMAP}",
    "no-backend": f"{TOP}frontend imap\n  bind :143\n  default_backend b\n",
    "name-twice": f"{TOP}listen imap\n  bind :143\n{IMAP}listen imap\n  bind :1143\n{IMAP}",
    "no-defaults": f"{TOP}listen imap from nowhere\n  bind :143\n{IMAP}",
    "quote": f"{TOP}listen imap\n  bind ':143\n{IMAP}",
}


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, dict[str, object]]]:
    root = tmp_path_factory.mktemp("haproxy")
    return root, proxies.observe("haproxy", NAME, CONFIGS, root)


@pytest.mark.parametrize("case", CONFIGS)
def test_the_sockets_do_what_the_reader_says(case: str, seen: tuple[Path, dict[str, dict[str, object]]]) -> None:
    root, observed = seen
    assert observed[case]["started"], (root / case / "log").read_text()
    assert proxies.differences(observed[case], proxies.inventory("haproxy", NAME, case, root)) == []


@pytest.mark.parametrize("case", REFUSED)
def test_what_haproxy_refuses_the_reader_refuses(case: str, tmp_path: Path) -> None:
    path = tmp_path / case / "etc" / NAME
    path.parent.mkdir(parents=True)
    path.write_text(REFUSED[case].replace("CERT", str(proxies.certificate(tmp_path))))
    ran = subprocess.run(["haproxy", "-c", "-q", "-f", str(path)], capture_output=True, text=True)
    assert ran.returncode != 0
    said = proxies.inventory("haproxy", NAME, case, tmp_path)
    assert not [fact for fact in said.facts if fact.kind == "listener"]
    assert any("haproxy does not start" in unread.why for unread in said.unread)
