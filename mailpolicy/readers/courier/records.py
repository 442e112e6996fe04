"""What belongs to no socket: the server, settings without effect, passwords in the authentication library's files.

After the comments of Debian's authdaemonrc, authmysqlrc, authpgsqlrc, authldaprc and courieresmtpd's source.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from mailpolicy.facts import Draft
from mailpolicy.lean import NamedTuple
from mailpolicy.passwords import secret
from mailpolicy.readers.courier.daemons import SOFTWARE, Program, View, got
from mailpolicy.readers.courier.shell import Environment, Value
from mailpolicy.text import Source
from mailpolicy.types import Fact, Origin, Span

_LINE = re.compile(r"^([A-Z][A-Z0-9_]*)[ \t]+(\S[^\n]*?)[ \t\r]*$", re.MULTILINE)
_MODULES = {"authmysqlrc": "authmysql", "authpgsqlrc": "authpgsql", "authldaprc": "authldap", "ldapaliasrc": ""}
_PASSWORDS = frozenset(("MYSQL_PASSWORD", "PGSQL_PASSWORD", "LDAP_BINDPW"))
_SAMPLES = frozenset(("admin", "toto", "penguin"))
"""What stands in the files as they are delivered."""
_CLEAR = {"MYSQL_CLEAR_PWFIELD": "MYSQL_CRYPT_PWFIELD", "PGSQL_CLEAR_PWFIELD": "PGSQL_CRYPT_PWFIELD"}
"""A column of passwords in clear, and the one of hashes beside it."""
_INSTEAD = {
    "TLS_PROTOCOL": "TLS_PRIORITY=NORMAL:-VERS-TLS1.0:-VERS-TLS1.1",
    "TLS_CIPHER_LIST": "TLS_PRIORITY",
}
_DEMANDS = ("IMAP_TLS_REQUIRED", "POP3_TLS_REQUIRED", "ESMTP_TLS_REQUIRED", "AUTH_REQUIRED")


class Login(NamedTuple):
    """One file of the authentication library."""

    kind: str
    """Its usual name, such as authmysqlrc."""
    entries: dict[str, tuple[str, Span]]


def login(kind: str, source: Source) -> Login:
    """Names with their values; the first of a name counts."""
    entries: dict[str, tuple[str, Span]] = {}
    for found in _LINE.finditer(source.text):
        entries.setdefault(found[1], (found[2], source.span(found.start(2), found.end(2))))
    return Login(kind, entries)


def _draft(kind: str, where: Span, program: Program, instance: str) -> Draft:
    draft = Draft(kind, where)
    draft.put("software", SOFTWARE)
    draft.put("version", program.text, [Origin("implies", None, program.name)])
    draft.put("instance", instance)
    return draft


def _active(login: Login, daemon: Environment | None) -> bool | None:
    """Whether authdaemond loads the module of a file; None when that is not known."""
    listed = daemon.values.get("authmodulelist") if daemon else None
    if listed is None or not listed.known:
        return None
    return _MODULES[login.kind] in listed.text.split()


def secrets(logins: Iterable[Login], daemon: Environment | None, program: Program, instance: str) -> list[Fact]:
    """Passwords of databases; those of the delivered samples only where the file is in use."""
    found = []
    for one in logins:
        active = _active(one, daemon)
        for name in _PASSWORDS & one.entries.keys():
            text, where = one.entries[name]
            if text in _SAMPLES and not active:
                continue
            fact = secret(SOFTWARE, program.text, instance, name, text, where)
            found += [fact] if fact else []
    return found


def server(
    views: list[View], logins: list[Login], daemon: Environment | None, host: Value | None, where: Span,
    program: Program, instance: str,
) -> Fact:  # fmt: skip
    """The server as a whole."""
    draft = _draft("server", where, program, instance)
    if host is not None:
        draft.maybe("host", host.text if host.known else None, host.origins)
    draft.put("banner_version", False, [Origin("default", None, program.name)])
    draft.put("login_throttle", True, [Origin("default", None, f"{program.name} waits 5 s after a failed login")])
    _put_vrfy(draft, views)
    if daemon is not None:
        debug = got(daemon, "DEBUG_LOGIN", program)
        draft.maybe("passwords_logged", None if debug.number is None else debug.number >= 2, debug.origins)
    for one in logins:
        if _active(one, daemon) is not False:
            _put_scheme(draft, one)
    return draft.fact()


def _put_vrfy(draft: Draft, views: list[View]) -> None:
    for view in views:
        if view.daemon.name == "esmtpd":
            shut = [view.get("BOFHNOVRFY"), view.get("BOFHNOEXPN")]
            open_ = [one for one in shut if one.known and not (one.value or "").startswith("1")]
            if open_:
                draft.put("vrfy", True, open_[0].origins)
            elif all(one.known for one in shut):
                draft.put("vrfy", False, [origin for one in shut for origin in one.origins])


def _put_scheme(draft: Draft, one: Login) -> None:
    for clear, hashed in _CLEAR.items():
        if clear in one.entries and hashed not in one.entries:
            said = [Origin("sets", one.entries[clear][1])]
            draft.put("password_scheme", "PLAIN", said)
            draft.put("password_scheme_weak", True, said)


def settings(views: list[View], program: Program, instance: str) -> list[Fact]:
    """What GnuTLS does not look at, and a demand that a later file takes back."""
    found: dict[Span, Fact] = {}
    for view in views:
        for name, instead in _INSTEAD.items():
            value = view.process.values.get(name)
            if program.gnutls and value is not None and value.known and value.text:
                found[value.where] = _setting(value, name, "ignored", program, instance, instead)
        for name in _DEMANDS:
            value = view.process.values.get(name)
            if value is not None and value.known and view.get(name).number == 0 and value.replaced.strip("0"):
                found[value.where] = _setting(value, name, "shadowed", program, instance)
    return list(found.values())


def _setting(value: Value, name: str, state: str, program: Program, instance: str, instead: str = "") -> Fact:
    draft = _draft("setting", value.named, program, instance)
    draft.put("name", name, [Origin("sets", value.named)])
    draft.put("state", state, value.origins)
    if instead:
        draft.put("instead", instead)
    draft.put("value", value.text, value.origins)
    return draft.fact()
