"""What msmtp does with an account: one ``connection`` each, and the passwords that stand in the file.

After ``check_account``, ``smtp_auth`` and the main function of msmtp 1.8.23.
"""

from __future__ import annotations

from collections.abc import Sequence

from mailpolicy.account_files import Account
from mailpolicy.account_inventory import Program
from mailpolicy.account_views import NO_PASSWORD, TOKEN, View, credential, default_port, place, security, unusable
from mailpolicy.facts import Draft
from mailpolicy.providers import wants_oauth2
from mailpolicy.readers.msmtp.syntax import DIALECT
from mailpolicy.types import Fact, Origin, Unread

SOFTWARE = "msmtp"
_IN_CLEAR = frozenset({"plain", "login", *TOKEN})
_TRUST_BY_DEFAULT = (1, 8, 2)


def _view(account: Account, version: tuple[int, ...]) -> View:
    return View(account, DIALECT, version, _TRUST_BY_DEFAULT)


def _method(view: View) -> str | None:
    """Login method in lower case; ``on`` when msmtp chooses, ``off`` without login."""
    text = view.text("auth", "off")
    return "on" if text == "" else text


def _lmtp(view: View) -> bool | None:
    """Whether LMTP is spoken."""
    text = view.text("protocol", "smtp")
    return None if text is None else text == "lmtp"


def connection(view: View, names: Sequence[str], path: str, refused: Unread | None) -> Fact:
    """The fact of one account, under the last of its names."""
    account = view.account
    also = f"also account {', '.join(names[:-1])}" if len(names) > 1 else ""
    draft = Draft("connection", account.where, also)
    draft.put("software", SOFTWARE)
    draft.put("version", ".".join(map(str, view.version)))
    draft.put("instance", path)
    draft.maybe("account", names[-1] if names else None)
    lmtp = _lmtp(view)
    draft.maybe("protocol", None if lmtp is None else "lmtp" if lmtp else "smtp", view.origins("protocol"))
    draft.maybe("role", None if lmtp is None else "relay" if lmtp else "submission", view.origins("protocol"))
    if not place(draft, view):
        if lmtp is None:
            draft.unknown("port", view.origins("protocol"))
        elif not lmtp:
            default_port(draft, view, 465, 25)
    security(draft, view)
    _login(draft, view)
    broken = (refused.why, (Origin("sets", refused.where),)) if refused else _broken(view)
    draft.put("broken", *broken)
    return draft.fact()


def _login(draft: Draft, view: View) -> None:
    method, tls = _method(view), view.tls
    auth = view.origins("auth")
    draft.maybe("authenticates", None if method is None else method != "off", auth)
    if method is None:
        draft.unknown("mechanisms", auth)
        if tls is None or tls == "none":
            draft.unknown("cleartext_credentials", (*auth, *view.origins("tls")))
        else:
            draft.put("cleartext_credentials", False, view.origins("tls"))
        draft.unknown("credential", auth)
        return
    if method != "off":
        draft.put("mechanisms", () if method == "on" else (method.upper(),), auth)
    if method in _IN_CLEAR:
        clear = None if tls is None else tls == "none"
        draft.maybe("cleartext_credentials", clear, view.origins("auth", "tls"))
    else:
        draft.put("cleartext_credentials", False, auth)
    kept, origins = credential(view, method)
    draft.maybe("credential", kept, origins)
    if wants_oauth2(view.text("host") or "") and method not in ("off", *TOKEN, *NO_PASSWORD):
        draft.put("provider", "oauth2", view.origins("host", "auth"))


def _broken(view: View) -> tuple[str | None, tuple[Origin, ...]]:
    """Why msmtp opens no session for the account although it reads the file (``check_account``, ``smtp_auth``)."""
    if _lmtp(view) and view.account.last("port") is None:
        return "LMTP has no default port and none is set", view.origins("protocol")
    why = unusable(view)
    if why[0] is not None:
        return why
    if _method(view) not in (None, "off", "external") and view.text("user") == "":
        return f"auth {_method(view)} needs a user", view.origins("user", "auth")
    return None, ()


_IDENTITY = (
    "host", "port", "protocol", "socket", "tls_fingerprint", "tls_priorities", "auth", "user", "password",
    "passwordeval",
)  # fmt: skip
PROGRAM = Program(DIALECT, _view, connection, _IDENTITY)
"""What msmtp does with its accounts."""
