"""The ``connection`` fact of a client's account, from what its own settings come to."""

from __future__ import annotations

from collections.abc import Mapping

from mailpolicy.addresses import host_scope, without_password
from mailpolicy.facts import Draft
from mailpolicy.lean import NamedTuple
from mailpolicy.mailboxes import mailbox
from mailpolicy.providers import wants_oauth2
from mailpolicy.types import Fact, Origin, Value

_TOKENS = frozenset({"OAUTHBEARER", "XOAUTH2"})


class Told(NamedTuple):
    """A value and what made it. Not ``known``: it cannot be worked out from the files."""

    value: Value
    by: tuple[Origin, ...] = ()
    known: bool = True


def unknown(by: tuple[Origin, ...] = ()) -> Told:
    """A value that something outside of the files decides."""
    return Told(None, by, False)


def maybe(value: Value, by: tuple[Origin, ...] = ()) -> Told:
    """A value, or unknown when it is None."""
    return Told(value, by, value is not None)


def connection(draft: Draft, told: Mapping[str, Told], user: Told | None = None) -> Fact:
    """The fact of one account.

    ``draft`` has software, version and instance (``facts.begun``). ``told`` has fields of
    schemas/connection.schema.json; what follows from them is filled in where it is missing: scope,
    verify and cleartext_credentials where there is no TLS or no login, mechanisms, broken, provider.
    ``user`` is the login name of an access, which makes its mailbox.
    """
    fields = {**_implied(told), **told}
    host = fields.get("host")
    if host is not None and isinstance(host.value, str):
        host = fields["host"] = host._replace(value=without_password(host.value))
    for name, one in fields.items():
        if one.known:
            draft.put(name, one.value, one.by)
        else:
            draft.unknown(name, one.by)
    if user is not None and user.value and host is not None and host.value:
        draft.put("mailbox", mailbox(str(user.value), str(host.value)), (*host.by, *user.by))
    return draft.fact()


def _implied(told: Mapping[str, Told]) -> dict[str, Told]:
    implied = {"broken": Told(None)}
    host, tls, login = told.get("host"), told.get("tls"), told.get("authenticates")
    if host is not None:
        implied["scope"] = maybe(host_scope(str(host.value)) if host.value else None, host.by)
    if tls is not None and tls.value == "none":
        implied["verify"] = Told("none", tls.by)
    if login is not None and login.value is False:
        implied["cleartext_credentials"] = Told(False, login.by)
        implied["credential"] = Told("none", login.by)
    elif login is not None and login.value and "mechanisms" not in told:
        implied["mechanisms"] = Told((), login.by)
    if login is not None and login.value and host is not None and wants_oauth2(str(host.value or "")):
        mechanisms = told.get("mechanisms", Told(()))
        values = mechanisms.value if isinstance(mechanisms.value, tuple) else ()
        if mechanisms.known and not _TOKENS.intersection(map(str, values)):
            implied["provider"] = Told("oauth2", (*host.by, *mechanisms.by))
    return implied
