"""Certificates and Diffie-Hellman groups of listeners, where the tree holds them (RFC 5280, PEM of RFC 7468)."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable

from mailpolicy.facts import Draft
from mailpolicy.lean import TYPE_CHECKING
from mailpolicy.tree import Tree
from mailpolicy.types import Fact, Origin, Span, Unread, Unreadable

if TYPE_CHECKING:
    from typing import Any

    from cryptography.x509 import Certificate

_BLOCK = r"-----BEGIN (?P<label>[A-Z0-9 ]{1,40})-----[^-]{1,100000}-----END (?P=label)-----"
_HIDDEN = r"\{\{|<%|\$ANSIBLE_VAULT|ENC\[|-----BEGIN PGP|\AREDACTED"
"""Templates and encrypted files: what they hold is unknown."""
_SHIPPED = ("snakeoil", "localhost.localdomain")
"""Certificates that a package makes at installation."""
_ROLES = ("access", "submission", "mx", "delivery", "internal")
_SCOPES = ("public", "any", "private", "loopback")


def derive(facts: Iterable[Fact], tree: Tree, day: str | None) -> tuple[tuple[Fact, ...], tuple[Unread, ...]]:
    """One fact for each certificate file and each text that names it.

    ``day``, an ISO date, is what ``days_left`` counts from; None leaves it out.
    """
    shown: dict[tuple[str, Span], list[Fact]] = {}
    for fact in facts:
        path = fact.values.get("certificate")
        if fact.kind == "listener" and path and isinstance(path, str):
            named = [o.where for o in fact.origins["certificate"] if o.where]
            shown.setdefault((path, named[-1]), []).append(fact)
    made, unread = [], []
    for (path, where), listeners in shown.items():
        place = locate(tree, path, where.file)
        draft = _draft(path, where, listeners)
        try:
            known = place is not None and _describe(draft, tree, place, day)
        except Unreadable as problem:
            unread.append(Unread(where, f"the certificate {path} {problem}"))
            continue
        if known or draft.values["shipped"]:
            made.append(draft.fact())
    return tuple(made), tuple(unread)


def with_groups(facts: Iterable[Fact], tree: Tree) -> tuple[Fact, ...]:
    """The facts; those that name a file with a Diffie-Hellman group have its size."""
    return tuple(_with_group(fact, tree) for fact in facts)


def _with_group(fact: Fact, tree: Tree) -> Fact:
    path = fact.values.get("dh_file")
    if not isinstance(path, str):
        return fact
    chain = fact.origins["dh_file"]
    named = [origin.where for origin in chain if origin.where]
    place = locate(tree, path, named[-1].file)
    bits = _group_bits(tree, place) if place else None
    if bits is None:
        return fact
    return fact._replace(values={**fact.values, "dh_bits": bits}, origins={**fact.origins, "dh_bits": chain})


def _group_bits(tree: Tree, place: str) -> int | None:
    """Size of the first group in a file, None where there is none that can be read.

    By hand, for ``cryptography`` is about to drop such groups: PKCS #3 section 9, a SEQUENCE that begins with the
    INTEGER p (DER).
    """
    from base64 import b64decode

    try:
        block = next(b for b in re.finditer(_BLOCK, tree.source(place).text) if b["label"] == "DH PARAMETERS")
        data = b64decode("".join(block[0].split("\n")[1:-1]), validate=True)
        prime = _element(data, 0x02, _element(data, 0x30, 0).start)
    except (Unreadable, StopIteration, ValueError, IndexError):
        return None
    return int.from_bytes(data[prime.start : prime.stop], "big").bit_length()


def _element(data: bytes, tag: int, at: int) -> range:
    """Where the content of a DER element lies. Raises ValueError for another tag, IndexError where it is cut off."""
    if data[at] != tag:
        raise ValueError("another tag")
    size, start = data[at + 1], at + 2
    if size & 0x80:
        start += size & 0x7F
        size = int.from_bytes(data[at + 2 : start], "big")
    if start + size > len(data):
        raise IndexError("cut off")
    return range(start, start + size)


def locate(tree: Tree, path: str, config: str) -> str | None:
    """Where the file that ``config`` calls ``path`` lies in the tree; None for a folder or what is not there.

    A relative path starts at the configuration's folder. For an absolute one, folders above the configuration
    that have the name of one of its own folders are held against it, the nearest first: ``/etc/ssl/a.pem`` in
    ``mx1/etc/postfix/main.cf`` is ``mx1/etc/ssl/a.pem``.
    """
    folder = posixpath.dirname(config)
    if not path.startswith("/"):
        found = posixpath.normpath(posixpath.join(folder, path))
        return found if tree.exists(found) and not tree.names(found) else None
    parts = posixpath.normpath(path).split("/")
    while folder and folder != "/":
        name = posixpath.basename(folder)
        if name in parts[:-1]:
            at = len(parts) - parts[::-1].index(name)
            found = posixpath.join(folder, *parts[at:])
            if tree.exists(found) and not tree.names(found):
                return found
        folder = posixpath.dirname(folder)
    return None


def _draft(path: str, where: Span, listeners: list[Fact]) -> Draft:
    draft = Draft("certificate", where)
    for field in ("software", "version", "instance", "host_name"):
        value = listeners[0].values.get(field)
        if value is not None:
            draft.put(field, value)
    draft.put("file", path)
    draft.put("shipped", any(word in path for word in _SHIPPED), [Origin("sets", where)])
    roles = {fact.values.get("role") for fact in listeners}
    scopes = {fact.values.get("scope") for fact in listeners}
    draft.put("role", next((role for role in _ROLES if role in roles), "internal"))
    draft.put("scope", next((scope for scope in _SCOPES if scope in scopes), "any"))
    return draft


def _describe(draft: Draft, tree: Tree, place: str, day: str | None) -> bool:
    """Puts what the first certificate of a file says; False where the file hides it. Raises Unreadable."""
    source = tree.source(place)
    if re.search(_HIDDEN, source.text):
        return False
    blocks = [(found["label"], found) for found in re.finditer(_BLOCK, source.text)]
    leaf = next((found for label, found in blocks if label == "CERTIFICATE"), None)
    if leaf is None:
        raise Unreadable("holds no certificate in PEM form")
    made = [Origin("implies", draft.declared.where, posixpath.basename(place))]
    try:
        _put_certificate(draft, leaf[0], day, made)
        key = next((found[0] for label, found in blocks if label.endswith("PRIVATE KEY")), None)
        if key:
            draft.maybe("key_matches", _matches(leaf[0], key), made)
    except ValueError:
        raise Unreadable("holds a certificate that cannot be decoded") from None
    return True


def _put_certificate(draft: Draft, text: str, day: str | None, made: list[Origin]) -> None:
    from datetime import date

    from cryptography import x509

    certificate = x509.load_pem_x509_certificate(text.encode())
    first, last = certificate.not_valid_before_utc.date(), certificate.not_valid_after_utc.date()
    draft.put("not_after", last.isoformat(), made)
    draft.put("validity_days", (last - first).days, made)
    if day is not None:
        draft.put("days_left", (last - date.fromisoformat(day)).days, made)
    names = _names(certificate)
    draft.put("names", names, made)
    host = draft.values.get("host_name")
    if isinstance(host, str):
        draft.put("names_host", any(covers(name, host) for name in names), made)
    key = certificate.public_key()
    kind = type(key).__name__.removesuffix("PublicKey").strip("_").replace("EllipticCurve", "EC")
    draft.put("key_type", kind, made)
    if hasattr(key, "key_size"):
        draft.put("key_bits", key.key_size, made)
    hashed = certificate.signature_hash_algorithm
    draft.put("signature_hash", hashed.name.upper().replace("SHA", "SHA-", 1) if hashed else "none", made)
    draft.put("self_signed", certificate.issuer == certificate.subject, made)


def _names(certificate: Certificate) -> tuple[str, ...]:
    """DNS names of the subject alternative name, in lower case; the common name is none (RFC 7817 section 3)."""
    from cryptography import x509

    try:
        extension: Any = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    return tuple(name.lower() for name in extension.value.get_values_for_type(x509.DNSName))


def covers(name: str, host: str) -> bool:
    """Whether a certificate's name is a host's; ``*`` stands for the whole first label (RFC 6125 section 6.4.3)."""
    host = host.lower().rstrip(".")
    return name == host or (name.startswith("*.") and host.partition(".")[2] == name[2:] != "")


def _matches(certificate: str, key: str) -> bool | None:
    """Whether a private key is the certificate's; None when the key is encrypted or of an unknown kind."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        public = load_pem_private_key(key.encode(), None).public_key()
    except (TypeError, ValueError, UnsupportedAlgorithm):
        return None
    return public == x509.load_pem_x509_certificate(certificate.encode()).public_key()
