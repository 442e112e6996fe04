"""TLS settings: which versions are allowed, which certificate is shown, at what nginx refuses to start.

After ``ngx_mail_ssl_merge_conf``, ``ngx_ssl_create``, ciphers(1) and SSL_CONF_cmd(3) of OpenSSL 3.
"""

from __future__ import annotations

import re

from mailpolicy.ciphers import needs_tls12
from mailpolicy.facts import Draft
from mailpolicy.lean import NamedTuple
from mailpolicy.readers.nginx import suites
from mailpolicy.readers.nginx.parser import Word
from mailpolicy.readers.nginx.scope import Scope
from mailpolicy.types import Origin, Unread

_NAMES = {"tlsv1": "TLSv1.0", "tlsv1.0": "TLSv1.0", "tlsv1.1": "TLSv1.1", "tlsv1.2": "TLSv1.2", "tlsv1.3": "TLSv1.3"}
"""SSLv2 and SSLv3 are in no current OpenSSL: nginx takes the words, nobody can use them."""

_COMMANDS = re.compile(
    r"(?i)(?:min|max)?protocol|cipherstring|ciphersuites|options|groups|curves|(?:client)?signaturealgorithms"
    r"|(?:ec)?dhparameters|recordpadding|numtickets|certificate|privatekey|serverinfofile|verifymode"
    r"|(?:chain|verify|request|client)ca(?:path|file|store)"
)
"""Commands of SSL_CONF_cmd(3), OpenSSL 3.5."""

MOST_COMMANDS = 50
"""Commands to OpenSSL that are followed."""

_ALL = ("TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")
_OLD = frozenset(("TLSv1.0", "TLSv1.1"))


class Allowed(NamedTuple):
    """``versions`` is None when it is not known."""

    versions: tuple[str, ...] | None
    origins: tuple[Origin, ...]


def default_versions(version: tuple[int, ...]) -> tuple[str, ...] | None:
    """ssl_protocols when it is not set; None for an unknown version of nginx. After the change logs of nginx."""
    if not version:
        return None
    if version >= (1, 27, 3):
        return _ALL[2:]
    return _ALL if version >= (1, 23, 4) else _ALL[:3]


def allowed(scope: Scope, version: tuple[int, ...]) -> Allowed:
    """Protocol versions that ssl_protocols, ssl_ciphers and ssl_conf_command leave together."""
    found = scope.find("ssl_protocols")
    if found.words is None:
        return Allowed(None, found.origins)
    words = sorted(found.words, key=lambda word: (word.text.lower().startswith("ssl"), word.text.lower()), reverse=True)
    origins = tuple(Origin("sets", word.span) for word in words) or found.origins
    named = default_versions(version) if not words else tuple(_NAMES.get(word.text.lower(), "") for word in words)
    if named is None:
        return Allowed(None, origins)
    left, more = set(named) - {""}, []
    ciphers = scope.find("ssl_ciphers")
    if ciphers.words and left & _OLD:
        modern = needs_tls12(ciphers.text)
        if modern is None:
            return Allowed(None, (*origins, *ciphers.origins))
        if modern:
            left -= _OLD
            more += [Origin("implies", word.span) for word in ciphers.words]
    commands = scope.nodes("ssl_conf_command")
    for node in commands[: MOST_COMMANDS + 1]:
        if (
            len(node.args) != 2
            or not all(word.known for word in node.args)
            or node.maybe
            or len(commands) > MOST_COMMANDS
        ):
            return Allowed(None, (*origins, *more, Origin("sets", node.name.span)))
        changed = _command(node.args[0].text.lower(), node.args[1].text, left)
        if changed != left:
            more.append(Origin("overrides", node.args[1].span))
        left = changed
    return Allowed(tuple(name for name in _ALL if name in left), (*origins, *more))


def _command(name: str, value: str, left: set[str]) -> set[str]:
    """What one ssl_conf_command leaves of the versions."""
    bound = _NAMES.get(value.lower())
    if name == "minprotocol" and bound:
        return {version for version in left if version >= bound}
    if name == "maxprotocol" and bound:
        return {version for version in left if version <= bound}
    if name == "cipherstring" and needs_tls12(value):
        return left - _OLD
    if name == "protocol":
        for word in value.split(","):
            bare = word.strip().lstrip("+-").lower()
            meant = set(_ALL) if bare == "all" else {_NAMES[bare]} if bare in _NAMES else set()
            left = left - meant if word.strip().startswith("-") else left | meant
    return left


def put(draft: Draft, scope: Scope, version: tuple[int, ...]) -> None:
    """The fields of a listener that speaks TLS."""
    found = allowed(scope, version)
    if found.versions:
        draft.put("tls_versions", found.versions, found.origins)
        draft.put("tls_min", found.versions[0], found.origins)
    elif found.versions is None:
        draft.unknown("tls_versions", found.origins)
        draft.unknown("tls_min", found.origins)
    suites.put(draft, scope)
    certificate = scope.find("ssl_certificate")
    if certificate.words:
        draft.put("certificate", certificate.text, certificate.origins)
    else:
        draft.unknown("certificate", certificate.origins)
    verify = scope.find("ssl_verify_client")
    if verify.words is None:
        draft.unknown("client_certificate", verify.origins)
    else:
        state = {"on": "required", "optional": "asked", "optional_no_ca": "asked"}.get(verify.text.lower(), "none")
        draft.put("client_certificate", state, verify.origins)


def refused(scope: Scope, mode: str, where: Word) -> list[Unread]:
    """What is missing for TLS to begin; nginx does not start without it."""
    certificates, keys = scope.find("ssl_certificate"), scope.find("ssl_certificate_key")
    verify = scope.find("ssl_verify_client")
    why = ""
    if certificates.words == ():
        why = f'no "ssl_certificate" is defined for the "{mode}" directive'
    elif keys.words == ():
        why = f'no "ssl_certificate_key" is defined for the "{mode}" directive'
    elif certificates.words and keys.words and len(keys.words) < len(certificates.words):
        why = f'no "ssl_certificate_key" is defined for certificate "{certificates.text}"'
        where = certificates.words[-1]
    elif verify.words and verify.text.lower() in ("on", "optional"):
        authorities = [scope.find(name).words for name in ("ssl_client_certificate", "ssl_trusted_certificate")]
        if authorities == [(), ()]:
            why, where = "no ssl_client_certificate for ssl_verify_client", verify.words[-1]
    odd = [node.args[0] for node in scope.nodes("ssl_conf_command") if node.args and node.args[0].known]
    wrong = next((word for word in odd if not _COMMANDS.fullmatch(word.text)), None)
    if wrong is not None and not why:
        why, where = f'OpenSSL has no command "{wrong.text[:40]}"', wrong
    return [Unread(where.span, f"{why}: nginx does not start")] if why else []
