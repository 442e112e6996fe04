"""TLS of one smtpd: level, protocol versions, certificate (Postfix 3.10 src/smtpd/smtpd.c, src/tls/tls_misc.c)."""

from __future__ import annotations

import re

from mailpolicy.lean import NamedTuple
from mailpolicy.readers.postfix.params import View
from mailpolicy.tree import Tree, lost, place
from mailpolicy.types import Origin, Unreadable

VERSIONS = ("TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")
"""What today's TLS libraries can speak at all; SSLv3 is in no distribution's."""
_NAMES = {"sslv2": -2, "sslv3": -1, "tlsv1": 0, "tlsv1.1": 1, "tlsv1.2": 2, "tlsv1.3": 3}
_HEX = {0x300: -1, 0x301: 0, 0x302: 1, 0x303: 2, 0x304: 3}
_NO_LIMIT = 99
_STRONGER = frozenset(("encrypt", "verify", "secure", "fingerprint"))
_CERTIFICATES = ("smtpd_tls_cert_file", "smtpd_tls_eccert_file", "smtpd_tls_dcert_file")
_KEYS = {
    "smtpd_tls_cert_file": "smtpd_tls_key_file",
    "smtpd_tls_eccert_file": "smtpd_tls_eckey_file",
    "smtpd_tls_dcert_file": "smtpd_tls_dkey_file",
}
_GRADES = frozenset(("high", "medium", "low", "export", "null"))
_DIGESTS = frozenset(
    ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "ripemd160", "sm3", "blake2b512", "blake2s256")
)


class Level(NamedTuple):
    """How a session gets TLS; ``tls`` is None where the files do not tell."""

    tls: str | None
    origins: tuple[Origin, ...]
    problem: str | None


def level(view: View) -> Level:
    """none, optional, required or implicit, as pre_jail_init() of smtpd makes it of five parameters."""
    wrapper = view.get("smtpd_tls_wrappermode")
    if view.flag("smtpd_tls_wrappermode"):
        return Level("implicit", wrapper.origins, None)
    found = view.get("smtpd_tls_security_level")
    unsure = wrapper.text is None
    if found.text is None or unsure:
        return Level(None, found.origins if not unsure else wrapper.origins, None)
    word = found.text.lower()
    if word:
        if word == "none":
            return Level("none", found.origins, None)
        if word == "may":
            return Level("optional", found.origins, None)
        if word in _STRONGER:
            return Level("required", found.origins, None)
        return Level(None, found.origins, f'invalid TLS level "{found.text}"')
    for name, tls in (("smtpd_enforce_tls", "required"), ("smtpd_use_tls", "optional")):
        flag = view.flag(name)
        if flag is None:
            return Level(None, view.get(name).origins, None)
        if flag:
            return Level(tls, (*found.origins, *view.get(name).origins), None)
    return Level("none", found.origins, None)


class Protocols(NamedTuple):
    """Protocol versions of a session; None where the files do not tell."""

    versions: tuple[str, ...] | None
    origins: tuple[Origin, ...]
    problem: str | None


def protocols(view: View, tls: str | None) -> Protocols:
    """Versions that smtpd takes: smtpd_tls_mandatory_protocols where TLS is enforced, else smtpd_tls_protocols."""
    name = "smtpd_tls_protocols" if tls == "optional" else "smtpd_tls_mandatory_protocols"
    found = view.get(name)
    if found.text is None:
        return Protocols(None, found.origins, None)
    floor, ceiling = -9, 9
    excluded: set[int] = set()
    included: set[int] = set()
    for word in re.split(r"[, \t\r\n:]+", found.text.strip(", \t\r\n:")):
        if not word:
            continue
        bound = word[:2] if word[:2] in (">=", "<=") else ""
        version = _version(word[len(bound) :].lstrip("!" if not bound and word[0] == "!" else ""), bool(bound))
        if version is None or (bound and view.version < (3, 6)):
            return Protocols(None, _at(view, name, word), f'{name}: unknown protocol "{word}"; TLS is switched off')
        if bound and version == _NO_LIMIT:
            floor, ceiling = (-9, ceiling) if bound == ">=" else (floor, 9)
        elif bound == ">=":
            floor = version
        elif bound:
            ceiling = version
        else:
            (excluded if word[0] == "!" else included).add(version)
    cipher = "smtpd_tls_ciphers" if tls == "optional" else "smtpd_tls_mandatory_ciphers"
    if view.text(cipher).lower() == "null":
        excluded |= {0, 1, 2}  # suites without encryption are left, and clients have none
    left = tuple(
        text
        for number, text in enumerate(VERSIONS)
        if floor <= number <= ceiling and number not in excluded and (not included or number in included)
    )
    if not left:
        return Protocols((), found.origins, f"{name} leaves no protocol version")
    return Protocols(left, _blame(view, name, floor), None)


def _version(word: str, numbers: bool) -> int | None:
    if word.lower() in _NAMES:
        return _NAMES[word.lower()]
    if numbers and re.fullmatch(r"(0[xX])?[0-9A-Fa-f]{0,7}", word):
        number = int(word or "0", 16)
        return _HEX.get(number, _NO_LIMIT if number == 0 else -9 if number < 0x300 else 9)
    return None


def _at(view: View, name: str, word: str) -> tuple[Origin, ...]:
    """The chain of a list, ending at one of its words."""
    chain = view.get(name).origins
    for text, span in view.elements(name):
        if word in text and span is not None:
            return (*chain, Origin("sets", span))
    return chain


def _blame(view: View, name: str, floor: int) -> tuple[Origin, ...]:
    return view.get(name).origins


class Certificate(NamedTuple):
    """The server certificate. ``path`` None: none is configured."""

    path: str | None
    origins: tuple[Origin, ...]
    known: bool
    problem: str | None


def certificate(view: View, tree: Tree, folder: str) -> Certificate:
    """The certificate that smtpd would load, and why it could not."""
    chain = view.get("smtpd_tls_chain_files")
    if chain.text is None:
        return Certificate(None, chain.origins, False, None)
    if chain.text:
        return _chain(view, tree, folder)
    for name in _CERTIFICATES:
        found = view.get(name)
        if found.text is None:
            return Certificate(None, found.origins, False, None)
        if found.text and not (name == "smtpd_tls_cert_file" and found.text.lower() == "none"):
            problem, blamed = _pair_problem(view, tree, folder, name)
            return Certificate(found.text, blamed or found.origins, True, problem)
    first = view.get("smtpd_tls_cert_file")
    if first.text and first.text.lower() == "none":
        asked = view.flag("smtpd_tls_ask_ccert")
        problem = "smtpd_tls_cert_file = none, but client certificates are asked for" if asked else None
        return Certificate(None, first.origins, True, problem)
    return Certificate(None, first.origins, True, "no server certificate is configured")


def _pair_problem(view: View, tree: Tree, folder: str, name: str) -> tuple[str | None, tuple[Origin, ...]]:
    key = view.get(_KEYS[name])
    path = view.text(name)
    problem = file_problem(tree, folder, path, "CERTIFICATE")
    if problem:
        return f"{path} {problem}", view.get(name).origins
    if key.text == "":
        return f"{_KEYS[name]} is empty: there is no private key", key.origins
    if key.text:
        problem = file_problem(tree, folder, key.text, "PRIVATE KEY")
        if problem:
            return f"{key.text} {problem}", key.origins
        told = view.is_set(_KEYS[name]) and not _present(tree, folder, path)  # both named: it holds both
        if key.text == path and not told and _contents(tree, folder, path) == ["certificate"]:
            return f"{path} is a certificate; no private key is configured", view.get(name).origins
    return None, ()


def _chain(view: View, tree: Tree, folder: str) -> Certificate:
    """smtpd_tls_chain_files: each key must stand before its certificates."""
    chain = view.get("smtpd_tls_chain_files")
    kinds: list[str] = []
    elements = view.elements("smtpd_tls_chain_files")
    shown, blamed = elements[0][0], chain.origins
    for path, span in elements:
        here = (*chain.origins, Origin("sets", span)) if span else chain.origins
        problem = file_problem(tree, folder, path, "")
        if problem:
            return Certificate(path, here, True, f"{path} {problem}")
        held = _contents(tree, folder, path)
        if len(elements) > 1 and blamed == chain.origins and held != ["key"] and not path.endswith(".key"):
            shown, blamed = path, here
        kinds += held
    if kinds[:1] == ["certificate"] and "key" in kinds:
        problem = "smtpd_tls_chain_files: a certificate stands before its private key"
        return Certificate(shown, chain.origins, True, problem)
    if kinds and all(kind == "certificate" for kind in kinds):
        return Certificate(shown, chain.origins, True, "smtpd_tls_chain_files: there is no private key")
    return Certificate(shown, blamed, True, None)


def _present(tree: Tree, folder: str, path: str) -> bool:
    where = place(path, "/etc/postfix", folder)
    return where is not None and tree.exists(where)


def _contents(tree: Tree, folder: str, path: str) -> list[str]:
    """Keys and certificates of a file in order; from its name where it does not lie in the tree."""
    where = place(path, "/etc/postfix", folder)
    if where is not None and tree.exists(where):
        try:
            text = tree.source(where).text
        except Unreadable:
            return ["unknown"]
        return ["key" if "KEY" in m else "certificate" for m in re.findall(r"-----BEGIN ([A-Z ]{0,40})-----", text)]
    name = path.rsplit("/", 1)[-1].lower()
    if re.search(r"key|priv", name):
        return ["unknown"] if re.search(r"cert|chain|full|both|first", name) else ["key"]
    return (
        ["certificate"] if re.search(r"^(cert|chain|fullchain|server-?cert)|\.(crt|cert|cer)$", name) else ["unknown"]
    )


def file_problem(tree: Tree, folder: str, path: str, holds: str) -> str | None:
    """Why a PEM file cannot be used; None where it can, or where nobody knows.

    A file that is not in the tree counts as missing only where its folder lies in the tree and
    holds other certificates or keys.
    """
    if not path.startswith("/") or any(mark in path for mark in ("{{", "<%", "$")):
        return None
    where = place(path, "/etc/postfix", folder)
    if where is None:
        return None
    if not tree.exists(where):
        return "does not exist" if lost(tree, where) else None
    try:
        text = tree.source(where).text
    except Unreadable as problem:
        return str(problem) if "folder" in str(problem) else None
    if (
        holds
        and not re.search(rf"-----BEGIN [A-Z ]{{0,40}}{holds}-----", text)
        and not re.search(r"[{<]{2}|\$ANSIBLE", text)
    ):
        return f"holds no {holds.lower()}"
    return None


def setup_problem(view: View, tree: Tree, folder: str, tls: str) -> tuple[str, tuple[Origin, ...]] | None:
    """Why the TLS library refuses to start or to finish a handshake although a certificate is there."""
    grade = "smtpd_tls_ciphers" if tls == "optional" else "smtpd_tls_mandatory_ciphers"
    for name, words in ((grade, _GRADES), ("smtpd_tls_fingerprint_digest", _DIGESTS)):
        found = view.get(name)
        if found.text is not None and found.text.lower() not in words and view.is_set(name):
            return f'invalid {name} "{found.text}"', found.origins
    for name in ("smtpd_tls_exclude_ciphers", *(("smtpd_tls_mandatory_exclude_ciphers",) if tls != "optional" else ())):
        if any(text.upper() == "ALL" for text, _ in view.elements(name)):
            return f"{name} leaves no cipher", view.get(name).origins
    authority = view.get("smtpd_tls_CAfile")
    if authority.text:
        problem = file_problem(tree, folder, authority.text, "CERTIFICATE")
        if problem:
            return f"{authority.text} {problem}", authority.origins
    return None
