"""Who can reach an address."""

from __future__ import annotations

import pytest

from mailpolicy.addresses import contains, host_scope, network_scope, scope_of, without_password


@pytest.mark.parametrize(
    ("address", "scope"),
    [
        ("*", "any"), ("0.0.0.0", "any"), ("::", "any"), ("[::]", "any"),
        ("127.0.0.1", "loopback"), ("127.3.2.1", "loopback"), ("::1", "loopback"), ("[::1]", "loopback"),
        ("10.1.2.3", "private"), ("172.31.0.1", "private"), ("192.168.1.1", "private"),
        ("fd00::1", "private"), ("fe80::1", "private"), ("fe80::1%eth0", "private"),
        ("172.32.0.1", "public"), ("192.0.2.1", "public"), ("2001:db8::1", "public"),
    ],
)  # fmt: skip
def test_scope_of(address: str, scope: str) -> None:
    assert scope_of(address) == scope


@pytest.mark.parametrize(
    ("host", "scope"),
    [
        ("localhost", "loopback"), ("LOCALHOST.", "loopback"), ("127.0.0.1", "loopback"), ("/run/x.sock", "loopback"),
        ("0.0.0.0", "loopback"), ("[::]", "loopback"),
        ("mailserver", "private"), ("mail.lan", "private"), ("10.0.0.5", "private"), ("smtp.default.svc", "private"),
        ("mail.example.org", "public"), ("198.51.100.7", "public"), ("3com.example", "public"),
    ],
)  # fmt: skip
def test_host_scope(host: str, scope: str) -> None:
    assert host_scope(host) == scope


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("mail.example.org", "mail.example.org"), ("[2001:db8::1]:25", "[2001:db8::1]:25"),
        ("alice@mail.example.org", "alice@mail.example.org"), ("alice:abc@mail", "alice:***@mail"),
        ("smtp://alice:abc@mail:25", "smtp://alice:***@mail:25"), ("smtp://alice:a@b@mail", "smtp://alice:***@mail"),
        ("smtp://alice:a://b@mail", "smtp://alice:***@mail"),
    ],
)  # fmt: skip
def test_without_password(host: str, shown: str) -> None:
    assert without_password(host) == shown


@pytest.mark.parametrize(
    ("networks", "scope"),
    [
        (["127.0.0.0/8", "[::1]/128"], "loopback"), (["127.0.0.1", "192.168.1.0/24"], "private"),
        (["10.0.0.0/8"], "wide"), (["fd00::/48"], "wide"), (["[fd00::]/64"], "private"),
        (["192.0.2.0/28"], "public"), (["0.0.0.0/0"], "world"), (["::/0"], "world"),
        (["[::ffff:127.0.0.0]/104"], "loopback"), (["[::ffff:10.1.0.0]/112"], "wide"),
        (["hash:/etc/postfix/x"], None), ([], None),
    ],
)  # fmt: skip
def test_network_scope(networks: list[str], scope: str | None) -> None:
    assert network_scope(networks) == scope


def test_contains() -> None:
    assert contains("192.0.2.0/24", "192.0.2.9")
    assert not contains("192.0.2.0/24", "2001:db8::1")
    assert not contains("nonsense", "192.0.2.9")
