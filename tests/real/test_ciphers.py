"""Cipher lists as the real OpenSSL takes them: the same suites, whatever the list."""

from __future__ import annotations

import random
import shutil
import subprocess

import pytest

from mailpolicy import ciphers


def why_not() -> str:
    """Why the real OpenSSL cannot be asked, or ""."""
    if shutil.which("openssl") is None:
        return "openssl is not installed"
    version = subprocess.run(["openssl", "version"], capture_output=True, text=True, check=False).stdout
    return "" if version.startswith("OpenSSL 3.") else f"the table is of OpenSSL 3, here is {version.strip()}"


pytestmark = pytest.mark.skipif(bool(why_not()), reason=f"real OpenSSL: {why_not()}")

LISTS = """
ALL|DEFAULT|HIGH|MEDIUM|LOW|EXP|COMPLEMENTOFALL|COMPLEMENTOFDEFAULT|aNULL|eNULL|NULL|kRSA|RSA|aRSA|kDHE|kEDH|DH|EDH|DHE
kECDHE|kEECDH|ECDH|EECDH|ECDHE|ADH|AECDH|aECDSA|ECDSA|aDSS|DSS|PSK|kPSK|kDHEPSK|aPSK|SRP|aSRP|AES|AES128|AES256|AESGCM
AESCCM|AESCCM8|CAMELLIA|CAMELLIA128|ARIA|ARIA256|ARIAGCM|CHACHA20|CBC|MD5|SHA|SHA1|SHA256|SHA384|SSLv3|TLSv1|TLSv1.0
TLSv1.2|RC4|3DES|SEED|IDEA|DES|kECDH|kDHr
HIGH:!aNULL:!MD5|ALL:!LOW:!SSLv2:!EXP:!aNULL|aNULL:-aNULL:HIGH:@STRENGTH|ALL:!aNULL:!eNULL:!LOW@STRENGTH
EECDH+AESGCM:EDH+AESGCM|AES128+EECDH:AES128+EDH|HIGH MEDIUM,!aNULL;!SSLv3|DEFAULT:!kRSA|DEFAULT:eNULL|HIGH:DEFAULT
ECDHE-RSA-AES128-GCM-SHA256:AES256-SHA|AES256-SHA:-AES256-SHA:AES128-SHA|!AES256-SHA:AES256-SHA|HIGH:+SHA1:+aNULL
TLSv1+HIGH:!aNULL|NOSUCH:HIGH|HIGH+NOSUCH|HIGH:|:HIGH|HIGH:!|HIGH:+|HIGH:$|HIGH:@NOSUCH|EDH-RSA-DES-CBC3-SHA:AES128-SHA
kRSA:!SHA256|ALL:!CBC|SHA256+kRSA:SHA+EECDH|eNULL:!aNULL|AES+SHA+aRSA|ALL:-kRSA:-kEDH|PSK:-aPSK:kPSK|-HIGH:AES
""".replace("\n", "|").strip("|").split("|")  # fmt: skip


def real(listed: str) -> set[str]:
    """What OpenSSL makes of a list, TLS 1.3 aside; nothing where it refuses."""
    text = f":{listed}" if listed.startswith("-") else listed  # else it is an option
    ran = subprocess.run(["openssl", "ciphers", f"{text}:@SECLEVEL=0"], capture_output=True, text=True, check=False)
    return {name for name in ran.stdout.strip().split(":") if name and not name.startswith("TLS_")}


def ours(listed: str) -> set[str]:
    return {suite.name for suite in ciphers.chosen(listed) or () if suite.present}


@pytest.mark.parametrize("listed", LISTS)
def test_a_list_chooses_what_openssl_chooses(listed: str) -> None:
    assert ours(listed) == real(listed)


def test_random_lists_choose_what_openssl_chooses() -> None:
    pick = random.Random(1)
    words = sorted({word for suite in ciphers.table() for word in suite.words} - {"COMPLEMENTOFDEFAULT"})
    for _ in range(300):
        parts = ["+".join(pick.choices(words, k=pick.choice((1, 1, 2)))) for _ in range(pick.randint(1, 6))]
        listed = ":".join(pick.choice(("", "", "", "!", "-", "+")) + part for part in parts)
        assert ours(listed) == real(listed), listed
