"""OpenSSL's cipher lists: which suites they choose, and which words bring obsolete ones in (ciphers(1)).

After ``ssl_cipher_process_rulestr`` of OpenSSL 3.0. A run that meets no cipher list does not load the suites.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from mailpolicy.facts import Draft
from mailpolicy.lean import NamedTuple
from mailpolicy.types import Origin, Span

BROKEN = ("anonymous", "null", "export", "des", "rc4")
"""What protects nothing. ``anonymous`` first: beside it the others are to blame, for on port 25 it may be."""
WEAK = ("static-dh", "static-rsa", "3des")

REFUSED = frozenset(("anonymous", "null"))
"""What OpenSSL lets in at no security level but 0, which is nobody's default."""
FIELDS = ("broken_ciphers", "weak_ciphers", "cbc_ciphers", "dhe")


class Suite(NamedTuple):
    """A cipher suite."""

    name: str
    version: str
    """The lowest protocol version."""
    words: frozenset[str]
    """Words of a cipher list that mean it."""
    classes: frozenset[str]
    """Of BROKEN, WEAK and ``cbc``."""
    present: bool
    """Today's OpenSSL has it."""

    @property
    def keyed(self) -> bool:
        """It does nothing until shared keys or SRP are set up, and mail has none."""
        return not self.words.isdisjoint(("PSK", "SRP"))


class Word(NamedTuple):
    """A word of a cipher list, without its sign."""

    text: str
    start: int
    sign: str = ""


class Classes(NamedTuple):
    """Obsolete suites that a list asks for: class -> the first word that does. ``cbc`` is None or that word."""

    broken: Mapping[str, Word]
    weak: Mapping[str, Word]
    cbc: Word | None


_KX = {
    "RSA": ("kRSA", "RSA"), "DH": ("kDHE", "kEDH", "DH"), "ECDH": ("kECDHE", "kEECDH", "ECDH"),
    "PSK": ("kPSK", "PSK"), "RSAPSK": ("kRSAPSK", "PSK"), "DHEPSK": ("kDHEPSK", "PSK"),
    "ECDHEPSK": ("kECDHEPSK", "PSK"), "SRP": ("kSRP", "SRP"), "DHr": ("kDHr", "kDH"), "DHd": ("kDHd", "kDH"),
    "ECDHr": ("kECDHr", "kECDH"), "ECDHe": ("kECDHe", "kECDH"),
}  # fmt: skip
_CBC = ("AES", "Camellia", "3DES", "DES", "SEED", "IDEA", "RC2")
_BROKEN = frozenset(BROKEN)
_MOST = 20_000
"""Characters of a list that are read; real ones have some hundred."""
_WORD = r"[A-Za-z0-9_.=-]+"
_ITEM = re.compile(rf"[:;, ]*([-+!@]?)({_WORD}(?:\+{_WORD})*)?")


@lru_cache(maxsize=1)
def table() -> tuple[Suite, ...]:
    """Every suite that is known."""
    from mailpolicy import openssl_suites

    lists = ((openssl_suites.NOW, True), (openssl_suites.ONCE, False))
    return tuple(_suite(row, present) for text, present in lists for row in text.splitlines())


def _suite(row: str, present: bool) -> Suite:
    name, version, kx, au, enc, mac, grade, default = row.split()
    kind, _, bits = enc.partition("/")
    words = {name, version, *_KX[kx], grade, *(("SHA1", "SHA") if mac == "SHA1" else (mac,))} - {"AEAD", "-"}
    words |= {"TLSv1.0"} if version == "TLSv1" else set()
    if kx in ("DH", "ECDH"):
        words |= {"ADH" if kx == "DH" else "AECDH"} if au == "None" else {f"{kx}E", f"E{kx}"}
    words |= {"aNULL"} if au == "None" else {f"a{au}", *((au,) if au in ("DSS", "ECDSA") else ())}
    words |= {"eNULL", "NULL", "COMPLEMENTOFALL"} if kind == "None" else {"ALL", kind.upper()}
    if kind[:3] in ("AES", "ARI", "Cam"):
        family = re.sub("GCM|CCM8?", "", kind).upper()
        words |= {family, family + bits, *(("AESCCM",) if kind == "AESCCM8" else ())}
    words |= {"CBC"} if kind in _CBC else set()
    words |= {"COMPLEMENTOFDEFAULT"} if default == "off" else set()
    words |= {"EXPORT", "EXPORT40"} if grade == "EXP" else set()
    words |= {name.replace("DHE-", "EDH-")} if "DES" in name and name.startswith("DHE-") else set()
    return Suite(name, version, frozenset(words), _classes(kx, au, kind, grade), present)


def _classes(kx: str, au: str, kind: str, grade: str) -> frozenset[str]:
    told = {
        "anonymous": au == "None", "null": kind == "None", "export": grade == "EXP", "des": kind in ("DES", "RC2"),
        "rc4": kind == "RC4", "static-dh": kx[-1] in "rde", "static-rsa": kx == "RSA", "3des": kind == "3DES",
        "cbc": kind in _CBC,
    }  # fmt: skip
    return frozenset(name for name, is_so in told.items() if is_so)


def words(text: str) -> list[Word] | None:
    """The words of a list in order; None where OpenSSL refuses its form."""
    found: list[Word] = []
    position = 0
    text = text[:_MOST]
    while position < len(text):
        match = _ITEM.match(text, position)
        assert match is not None  # it matches nothing at all, too
        sign, word = match[1], match[2]
        if word is None:
            return found if not sign and match.end() == len(text) else None
        if sign == "@" and not re.fullmatch("STRENGTH|SECLEVEL=[0-5]", word):
            return None
        found.append(Word(word, match.start(2), sign))
        position = match.end()
    return found


@lru_cache(maxsize=16)
def chosen(text: str) -> Mapping[Suite, Word] | None:
    """The suites below TLS 1.3 that a list leaves, each with the word that brought it in; None where it is refused.

    Of all suites that any version had; ``present`` tells those of today. ``DEFAULT`` counts at the start alone.
    """
    listed = words(text)
    if listed is None:
        return None
    left: dict[Suite, Word] = {}
    killed: set[Suite] = set()
    if text.startswith("DEFAULT"):
        today = {suite for suite in table() if suite.present}
        killed = {suite for suite in today if "COMPLEMENTOFDEFAULT" in suite.words or "ALL" not in suite.words}
        left = dict.fromkeys(today - killed, Word("DEFAULT", 0))
    for word in listed:
        if word.sign in ("@", "+"):
            continue
        meant = [s for s in table() if s not in killed and s.words.issuperset(word.text.split("+"))]
        for suite in meant:
            if word.sign:
                left.pop(suite, None)
            else:
                left.setdefault(suite, word)
        if word.sign == "!":
            killed.update(meant)
    return left


def only_new(text: str) -> bool | None:
    """Whether every suite of a list needs TLS 1.2 or later; None when that is not certain."""
    if any(word.sign == "!" and word.text in ("SHA", "SHA1") for word in words(text) or ()):
        return True  # what older versions sign with
    left = chosen(text)
    versions = {suite.version for suite in left or () if suite.present and not suite.keyed}
    if not versions:
        return None if text.strip() else True
    return versions == {"TLSv1.2"}


@lru_cache(maxsize=16)
def classes(text: str, refused: frozenset[str] = REFUSED) -> Classes:
    """What obsolete suites a list asks for. ``refused``: classes that the library's security level keeps out.

    Those, and suites that OpenSSL of today lacks, count only where a word means nothing else (aNULL, RC4,
    DES-CBC3-SHA), not under HIGH; but ALL asks for anonymous ones, too. ``DEFAULT`` is the library's own choice.
    """
    if "@SECLEVEL=0" in text:
        refused = frozenset()
    found: dict[str, Word] = {}
    for suite, word in (chosen(text) or {}).items():
        if word.text == "DEFAULT" or suite.keyed:
            continue
        counted = suite.classes & _BROKEN or suite.classes
        for name in counted:
            everything = name == "anonymous" and word.text == "ALL"
            if everything or (suite.present and name not in refused) or name in _named(word.text):
                found.setdefault(name, word)
    broken = {name: found[name] for name in BROKEN if name in found}
    return Classes(broken, {name: found[name] for name in WEAK if name in found}, found.get("cbc"))


def put(
    draft: Draft, listed: Sequence[tuple[str, Span | None]] | None, origins: Iterable[Origin], builtin: str = "",
    refused: frozenset[str] = REFUSED,
) -> None:  # fmt: skip
    """Puts FIELDS for a cipher list that files set, in pieces that are joined by colons.

    Unknown where nobody knows the list (None), and where no word of it is OpenSSL's (PROFILE=SYSTEM).
    Each chain ends at the words to blame. ``builtin``: the program's own list, which asks for nothing of its own.
    ``refused`` as for classes().
    """
    chain = tuple(origins)
    text = ":".join(text for text, _ in listed or ())
    left = chosen(text)
    if not listed or not left:
        for field in FIELDS:
            draft.unknown(field, chain)
        return
    newest = draft.values.get("tls_min") == "TLSv1.3"
    found = Classes({}, {}, None) if newest or listed[0][0].strip() == builtin else classes(text, refused)

    def blamed(words: Iterable[Word]) -> tuple[Origin, ...]:
        spans = [_span(listed, word) for word in words]
        return (*chain, *(Origin("sets", span) for span in spans if span is not None))

    draft.put("broken_ciphers", tuple(found.broken), blamed(found.broken.values()))
    draft.put("weak_ciphers", tuple(found.weak), blamed(found.weak.values()))
    draft.put("cbc_ciphers", found.cbc is not None, blamed([found.cbc] if found.cbc else ()))
    draft.put("dhe", not newest and any("kDHE" in suite.words for suite in left), chain)


def _span(pieces: Iterable[tuple[str, Span | None]], word: Word) -> Span | None:
    """Where a word stands; the whole of its piece where that is not written as it is meant."""
    start = word.start
    for text, span in pieces:
        if start <= len(text):
            if span is None:
                return None
            quotes = span.end_column - span.column - len(text)
            column = span.column + start + quotes // 2
            return span._replace(column=column, end_column=column + len(word.text)) if quotes in (0, 2) else span
        start -= len(text) + 1
    return None


@lru_cache(maxsize=256)
def _named(word: str) -> frozenset[str]:
    """The classes that every suite of a word is in."""
    meant = [s.classes for s in table() if s.words.issuperset(word.split("+")) and not s.keyed]
    return frozenset.intersection(*meant) if meant else frozenset()


def security_level(text: str) -> int | None:
    """The security level that a list sets, None when it sets none that is understood."""
    digit = text.rpartition("@SECLEVEL=")[2][:1] if "@SECLEVEL=" in text else ""
    return int(digit) if digit.isdecimal() and digit.isascii() else None


def needs_tls12(text: str) -> bool | None:
    """Whether a list leaves nothing to TLS 1.0 and 1.1, which need security level 0 as well; None: not certain."""
    return True if security_level(text) else only_new(text)
