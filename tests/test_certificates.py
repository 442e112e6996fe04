"""Certificates in the tree: where they lie, what they say, and what cannot be read."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from mailpolicy import certificates
from mailpolicy.tree import Memory
from mailpolicy.types import Fact, Origin, Span, Value

AT = Span("mx1/etc/dovecot/dovecot.conf", 3, 13, 34)
HOME = "mx1/etc/dovecot"
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


def group(bits: int) -> str:
    """Parameters in DER: a modulus of some size, and 2."""
    modulus = ((1 << bits) - 1).to_bytes(bits // 8 + 1, "big")
    body = b"\x02" + sized(modulus) + b"\x02\x01\x02"
    text = b64encode(b"\x30" + sized(body)).decode()
    return f"-----BEGIN DH PARAMETERS-----\n{text}\n-----END DH PARAMETERS-----\n"


def sized(content: bytes) -> bytes:
    size = len(content)
    return (bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")) + content


def pem(key: Key, names: tuple[str, ...] = ("mail.example.org",), issuer: str = "CA") -> str:
    def named(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    builder = x509.CertificateBuilder(named(issuer), named("mail.example.org"), key.public_key(), 7)
    builder = builder.not_valid_before(datetime(2026, 1, 1, tzinfo=UTC)).not_valid_after(
        datetime(2026, 3, 1, tzinfo=UTC)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), False)
    made = builder.sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA384())
    return made.public_bytes(Encoding.PEM).decode()


def private(key: Key, password: bytes | None = None) -> str:
    locked = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked).decode()


ED, EC, RSA = (
    ed25519.Ed25519PrivateKey.generate(),
    ec.generate_private_key(ec.SECP256R1()),
    rsa.generate_private_key(65537, 1024),
)


def listener(path: str = "/etc/dovecot/mail.pem", **values: Value) -> Fact:
    found: dict[str, Value] = {"software": "dovecot", "role": "access", "scope": "any", "certificate": path, **values}
    return Fact("listener", found, {"certificate": (Origin("declares", AT), Origin("sets", AT))})


def read(text: str, *listeners: Fact, day: str | None = "2026-02-01") -> dict[str, Value]:
    (made,), unread = certificates.derive(listeners or [listener()], Memory({f"{HOME}/mail.pem": text}), day)
    assert unread == ()
    return dict(made.values)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("names", ("mail.example.org", "imap.example.org")),
        ("not_after", "2026-03-01"),
        ("days_left", 28),
        ("validity_days", 59),
        ("key_type", "EC"),
        ("key_bits", 256),
        ("signature_hash", "SHA-384"),
        ("self_signed", False),
        ("shipped", False),
        ("role", "access"),
    ],
)
def test_what_a_certificate_says(field: str, value: Value) -> None:
    assert read(pem(EC, ("Mail.Example.org", "imap.example.org")))[field] == value


@pytest.mark.parametrize(("key", "kind", "bits"), [(ED, "Ed25519", None), (RSA, "RSA", 1024)])
def test_kinds_of_keys(key: Key, kind: str, bits: int | None) -> None:
    made = read(pem(key))
    assert (made["key_type"], made.get("key_bits")) == (kind, bits)


def test_its_own_issuer() -> None:
    assert read(pem(ED, issuer="mail.example.org"))["self_signed"] is True


def test_the_common_name_is_no_name() -> None:
    assert read(pem(ED, ()))["names"] == ()


def test_the_first_certificate_counts() -> None:
    assert read(pem(ED, ("a.example.org",)) + pem(EC, ("b.example.org",)))["names"] == ("a.example.org",)


def test_without_a_day_nothing_is_counted() -> None:
    assert "days_left" not in read(pem(ED), day=None)


@pytest.mark.parametrize(
    ("key", "matches"), [(private(ED), True), (private(EC), False), (private(ED, b"locked"), None), ("", None)]
)
def test_the_key_in_the_same_file(key: str, matches: bool | None) -> None:
    assert read(key + pem(ED)).get("key_matches") is matches


def test_listeners_that_show_the_same_file_are_one() -> None:
    made = read(pem(ED), listener(role="mx", scope="loopback"), listener(role="submission", scope="private"))
    assert (made["role"], made["scope"]) == ("submission", "private")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "holds no certificate in PEM form"),
        (private(ED), "holds no certificate in PEM form"),
        (
            "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
            "holds a certificate that cannot be decoded",
        ),
        ("-----BEGIN CERTIFICATE-----\nMIIB", "holds no certificate in PEM form"),
    ],
)
def test_what_cannot_be_read_is_told_at_the_setting(text: str, why: str) -> None:
    made, (unread,) = certificates.derive([listener()], Memory({f"{HOME}/mail.pem": text}), None)
    assert made == ()
    assert (unread.where, unread.why) == (AT, f"the certificate /etc/dovecot/mail.pem {why}")


@pytest.mark.parametrize(
    "text", ["{{ certificate }}\n", "$ANSIBLE_VAULT;1.1;AES256\n6162\n", "data: ENC[AES256_GCM,a]\n"]
)
def test_hidden_files_are_passed_over(text: str) -> None:
    assert certificates.derive([listener()], Memory({f"{HOME}/mail.pem": text}), None) == ((), ())


def test_what_a_package_made_needs_no_file() -> None:
    (made,), _ = certificates.derive([listener("/etc/ssl/certs/ssl-cert-snakeoil.pem")], Memory({}), None)
    assert made.values["shipped"] is True


@pytest.mark.parametrize("path", ["/srv/mail.pem", "/etc/dovecot/private/dovecot.pem"])
def test_a_file_outside_the_tree_says_nothing(path: str) -> None:
    assert certificates.derive([listener(path)], Memory({}), None) == ((), ())


@pytest.mark.parametrize(
    ("path", "config", "place"),
    [
        ("/etc/ssl/a.pem", "mx1/etc/postfix/main.cf", "mx1/etc/ssl/a.pem"),
        ("/etc/ssl/a.pem", "/etc/postfix/main.cf", "/etc/ssl/a.pem"),
        ("/etc/postfix/tls/a.pem", "conf/postfix/main.cf", "conf/postfix/tls/a.pem"),
        ("tls/a.pem", "conf/stunnel/stunnel.conf", "conf/stunnel/tls/a.pem"),
        ("../tls/a.pem", "conf/stunnel/stunnel.conf", "conf/tls/a.pem"),
        ("/etc/dovecot/a.pem", "etc/dovecot/conf.d/10-ssl.conf", "etc/dovecot/a.pem"),
    ],
)
def test_where_it_lies(path: str, config: str, place: str) -> None:
    assert certificates.locate(Memory({place: "", config: ""}), path, config) == place


@pytest.mark.parametrize(
    ("path", "files"),
    [
        ("/etc/ssl/a.pem", ["conf/postfix/ssl/a.pem"]),
        ("/srv/tls/a.pem", ["tls/a.pem", "srv.pem"]),
        ("/etc/postfix/tls", ["conf/postfix/tls/a.pem"]),
        ("tls", ["conf/postfix/tls/a.pem"]),
    ],
)
def test_it_is_not_searched_elsewhere(path: str, files: list[str]) -> None:
    assert certificates.locate(Memory(dict.fromkeys(files, "")), path, "conf/postfix/main.cf") is None


@pytest.mark.parametrize(
    ("name", "host", "fits"),
    [
        ("mail.example.org", "Mail.Example.ORG.", True),
        ("*.example.org", "mail.example.org", True),
        ("*.example.org", "a.mail.example.org", False),
        ("*.example.org", "example.org", False),
        ("mail.example.org", "imap.example.org", False),
        ("*", "localhost", False),
        ("*.", "org", False),
        ("m*.example.org", "mail.example.org", False),
    ],
)
def test_names_that_cover_a_host(name: str, host: str, fits: bool) -> None:
    assert certificates.covers(name, host) is fits


def test_the_declared_host_is_looked_for() -> None:
    assert read(pem(ED), listener(host_name="imap.example.net"))["names_host"] is False
    assert read(pem(ED), listener(host_name="mail.example.org"))["names_host"] is True


@pytest.mark.parametrize(
    ("text", "bits"),
    [
        (group(512), 512),
        (group(64), 64),
        ("# ours\n" + group(512) + group(768), 512),
        ("", None),
        ("-----BEGIN DH PARAMETERS-----\nMIIB\n-----END DH PARAMETERS-----\n", None),
        (pem(ED), None),
    ],
)
def test_the_size_of_a_group(text: str, bits: int | None) -> None:
    fact = listener()._replace(values={"dh_file": "dh.pem"}, origins={"dh_file": (Origin("sets", AT),)})
    (made,) = certificates.with_groups([fact], Memory({f"{HOME}/dh.pem": text}))
    assert made.values.get("dh_bits") == bits
    assert bits is None or made.origins["dh_bits"][-1].where == AT
