"""The reader against the real stunnel: what its sockets do is what the reader says of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.real import proxies

NAME = "stunnel/mail.conf"
WHY = proxies.missing("stunnel")
pytestmark = pytest.mark.skipif(bool(WHY), reason=WHY)

START = "foreground = yes\npid =\n"
TOP = f"{START}cert = CERT\n"
IMAPS = "[imaps]\naccept = 993\nconnect = 127.0.0.1:14303\n"

CONFIGS = {
    "imaps": TOP + IMAPS,
    "accept-twice": TOP + "[imaps]\naccept = 993\naccept = 127.0.0.1:1993\nconnect = 14303\n",
    "accept-global": TOP + "accept = 993\n[imaps]\naccept = 1993\nconnect = 14303\n",
    "accept-name": TOP + "[s]\naccept = submissions\nconnect = 2503\n[p]\naccept = *:pop3s\nconnect = 1100\n",
    "accept-six": TOP + "[imaps]\naccept = :::993\nconnect = 127.0.0.1:14303\n",
    "accept-localhost": TOP + "[imaps]\naccept = localhost:993\nconnect = 127.0.0.1:14303\n",
    "min-alone": TOP + "sslVersionMin = TLSv1\n" + IMAPS,
    "level-alone": TOP + "securityLevel = 0\n" + IMAPS,
    "level-and-min": TOP + "securityLevel = 0\nsslVersionMin = TLSv1.1\n" + IMAPS,
    "level-in-ciphers": TOP + "ciphers = ALL:@SECLEVEL=0\n" + IMAPS,
    "level-in-ciphers-wins": TOP + "securityLevel = 0\nciphers = ALL:@SECLEVEL=2\n" + IMAPS,
    "new-ciphers": TOP + "securityLevel = 0\nciphers = ECDHE-RSA-AES128-GCM-SHA256\n" + IMAPS,
    "options": TOP + "securityLevel = 0\noptions = NO_TLSv1\n" + IMAPS + "options = NO_TLSv1_1\n",
    "option-taken-back": TOP + "securityLevel = 0\noptions = NO_TLSv1\n" + IMAPS + "options = -NO_TLSv1\n",
    "one-version": TOP + "securityLevel = 0\nsslVersion = TLSv1.1\n" + IMAPS,
    "version-then-min": TOP + "securityLevel = 0\nsslVersion = TLSv1.2\nsslVersionMin = TLSv1\n" + IMAPS,
    "max12": TOP + "sslVersionMax = TLSv1.2\n" + IMAPS,
    "starttls-imap": TOP + "[i]\naccept = 143\nconnect = 14303\nProtocol = IMAP\n",
    "starttls-smtp": TOP + "[s]\naccept = 587\nconnect = 2503\nprotocol = smtp\n",
    "starttls-pop3": TOP + "protocol = pop3\n[p]\naccept = 110\nconnect = 127.0.0.1:1100\n",
    "client": TOP + "[out]\nclient = yes\naccept = 127.0.0.1:143\nconnect = 127.0.0.1:993\n" + IMAPS,
    "client-global": TOP + "client = YES\n[out]\naccept = 143\nconnect = 127.0.0.1:993\n" + IMAPS + "client = no\n",
    "client-starttls": TOP + "[smtp-out]\nclient = yes\nprotocol = smtp\naccept = 127.0.0.1:2465\n"
    "connect = 127.0.0.1:2525\n[in]\naccept = 2525\nprotocol = smtp\nconnect = 127.0.0.1:2503\n",
    "comments": TOP + "; a\n# b\n  [ imaps ] \n\taccept=993\r\n connect =14303\n",
    "section-twice": TOP + IMAPS + "[imaps]\naccept = 1993\nconnect = 14303\n",
}
REFUSED = {
    "no-cert": START + IMAPS,
    "no-connect": TOP + "[imaps]\naccept = 993\n",
    "no-accept": TOP + "[imaps]\nconnect = 143\n",
    "too-many": TOP + IMAPS + "exec = /bin/cat\n",
    "comment-behind": TOP + "[imaps]\naccept = 993 ; imaps\nconnect = 143\n",
    "no-equals": TOP + "[imaps]\naccept 993\nconnect = 143\n",
    "no-host": TOP + "[imaps]\naccept = :993\nconnect = 143\n",
    "brackets": TOP + "[imaps]\naccept = [::1]:993\nconnect = 143\n",
    "version": TOP + "sslVersionMin = TLSv1.0\n" + IMAPS,
    "no-version": TOP + "sslVersionMin = TLSv1.3\nsslVersionMax = TLSv1.2\n" + IMAPS,
    "option": TOP + "options = NO_TLSv1.1\n" + IMAPS,
    "unknown": TOP + IMAPS + "verfy = 2\n",
    "global-in-section": TOP + IMAPS + "syslog = no\n",
    "switch": TOP + IMAPS + "requireCert = true\n",
    "level": TOP + "securityLevel = 6\n" + IMAPS,
    "protocol": TOP + IMAPS + "protocol = lmtp\n",
    "protocol-of-clients": TOP + IMAPS + "protocol = nntp\n",
    "no-ca": TOP + IMAPS + "verifyChain = yes\n",
    "port-twice": TOP + IMAPS + "[more]\naccept = 993\nconnect = 14303\n",
}


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, dict[str, object]]]:
    root = tmp_path_factory.mktemp("stunnel")
    return root, proxies.observe("stunnel", NAME, {**CONFIGS, **REFUSED}, root)


@pytest.mark.parametrize("case", CONFIGS)
def test_the_sockets_do_what_the_reader_says(case: str, seen: tuple[Path, dict[str, dict[str, object]]]) -> None:
    root, observed = seen
    assert observed[case]["started"], (root / case / "log").read_text()
    assert proxies.differences(observed[case], proxies.inventory("stunnel", NAME, case, root)) == []


@pytest.mark.parametrize("case", REFUSED)
def test_what_stunnel_refuses_the_reader_refuses(case: str, seen: tuple[Path, dict[str, dict[str, object]]]) -> None:
    root, observed = seen
    assert not observed[case]["started"] and not observed[case]["sockets"]
    said = proxies.inventory("stunnel", NAME, case, root)
    assert not [fact for fact in said.facts if fact.kind == "listener"]
    assert any("stunnel does not start" in unread.why for unread in said.unread)
