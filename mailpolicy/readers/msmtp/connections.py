"""What msmtp does with an account: one ``connection`` each, and the passwords that stand in the file.

After ``check_account``, ``smtp_auth`` and the main function of msmtp 1.8.23.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mailpolicy.addresses import host_scope
from mailpolicy.facts import Draft
from mailpolicy.passwords import is_placeholder, secret
from mailpolicy.providers import wants_oauth2
from mailpolicy.readers.msmtp.accounts import Account, Value
from mailpolicy.readers.msmtp.priorities import lowest
from mailpolicy.readers.msmtp.syntax import FINGERPRINTS, PLACEHOLDER, number
from mailpolicy.types import Fact, Origin, Unread

SOFTWARE = "msmtp"
_IN_CLEAR = frozenset({"plain", "login", "oauthbearer", "xoauth2"})
_NO_PASSWORD = frozenset({"external", "gssapi"})
_TOKEN = frozenset({"oauthbearer", "xoauth2"})
_ECHOED = re.compile(r"""(?:echo|printf)\s+(?:-n\s+)?(['"]?)(?P<secret>[^\s'"$`|;&\\<>()%]+)\1\s*""")
_TRUST_BY_DEFAULT = (1, 8, 2)


class View:
    """An account as msmtp of one version completes it. None stands for unknown."""

    def __init__(self, account: Account, version: tuple[int, ...]) -> None:
        self.account = account
        self.version = version
        self.builtin = Origin("default", None, f"msmtp {'.'.join(map(str, version))}")

    def text(self, name: str, default: str = "") -> str | None:
        """The argument that holds, the default when no line sets it, None when a template decides."""
        value = self.account.last(name)
        return default if value is None else value.text

    def switch(self, name: str, default: bool) -> bool | None:
        """An on/off setting; a bare command means on."""
        text = self.text(name, "on" if default else "off")
        return None if text is None else text != "off"

    def origins(self, *names: str) -> tuple[Origin, ...]:
        """The chains of some settings one after the other; a setting without a line brings its default."""
        out: list[Origin] = []
        for name in names:
            out.extend(self.account.origins(name) or (self.builtin,))
        return tuple(sorted(dict.fromkeys(out), key=lambda origin: origin.where is not None))

    @property
    def tls(self) -> str | None:
        """The connection's mode."""
        on, starttls = self.switch("tls", False), self.switch("tls_starttls", True)
        if on is False:
            return "none"
        if on is None or starttls is None:
            return None
        return "required" if starttls else "implicit"

    @property
    def method(self) -> str | None:
        """Login method in lower case; ``on`` when msmtp chooses, ``off`` without login."""
        text = self.text("auth", "off")
        return "on" if text == "" else text

    @property
    def lmtp(self) -> bool | None:
        """Whether LMTP is spoken."""
        text = self.text("protocol", "smtp")
        return None if text is None else text == "lmtp"

    @property
    def trust(self) -> str | None:
        """The trust file: an empty argument in ``defaults`` falls back to the system's, in an account it does not."""
        value = (self.account.own.get("tls_trust_file") or (None,))[-1]
        if value is None:
            value = self.account.last("tls_trust_file")
            if value is None or value.text == "":
                return "system" if self.version >= _TRUST_BY_DEFAULT else ""
        return value.text


def missing_host(view: View) -> bool:
    """Whether the account names nothing to connect to."""
    return view.text("host") == "" and view.text("socket") == ""


def connection(view: View, names: Sequence[str], path: str, refused: Unread | None) -> Fact:
    """The fact of one account, under the last of its names."""
    account = view.account
    also = f"also account {', '.join(names[:-1])}" if len(names) > 1 else ""
    draft = Draft("connection", account.where, also)
    draft.put("software", SOFTWARE)
    draft.put("version", ".".join(map(str, view.version)))
    draft.put("instance", path)
    draft.maybe("account", names[-1] if names else None)
    lmtp = view.lmtp
    draft.maybe("protocol", None if lmtp is None else "lmtp" if lmtp else "smtp", view.origins("protocol"))
    draft.maybe("role", None if lmtp is None else "relay" if lmtp else "submission", view.origins("protocol"))
    _place(draft, view)
    _security(draft, view)
    _login(draft, view)
    broken = (refused.why, (Origin("sets", refused.where),)) if refused else _broken(view)
    draft.put("broken", *broken)
    return draft.fact()


def _place(draft: Draft, view: View) -> None:
    socket, host = view.text("socket"), view.text("host")
    if socket:
        draft.put("host", socket, view.origins("socket"))
        draft.put("scope", "loopback", view.origins("socket"))
        return
    host = None if socket is None else host
    draft.maybe("host", host or None, view.origins("host"))
    draft.maybe("scope", host_scope(host) if host else None, view.origins("host"))
    stated = view.account.last("port")
    if stated is not None:
        port = number(stated.text) if stated.text else None
        draft.maybe("port", port, view.origins("port"))
        draft.put("port_stated", True, view.origins("port"))
        return
    draft.put("port_stated", False, (view.builtin,))
    if view.lmtp or view.tls is None:
        if not view.lmtp:
            draft.unknown("port", view.origins("tls", "tls_starttls"))
        return
    implicit = view.tls == "implicit"
    why = tuple(o._replace(how="implies") for o in view.account.origins("tls_starttls")) if implicit else ()
    draft.put("port", 465 if implicit else 25, (view.builtin, *why))


def _security(draft: Draft, view: View) -> None:
    tls = view.tls
    blamed = ("tls",) if tls == "none" else ("tls", "tls_starttls")
    draft.maybe("tls", tls, view.origins(*blamed))
    check = view.switch("tls_certcheck", True)
    fingerprint = view.text("tls_fingerprint")
    if tls == "none":
        draft.put("verify", "none", view.origins("tls"))
    elif check is False:
        draft.put("verify", "none", view.origins("tls_certcheck"))
    elif tls is None or check is None or fingerprint is None:
        draft.unknown("verify", view.origins("tls_certcheck", "tls_fingerprint", "tls"))
    elif fingerprint:
        draft.put("verify", "fingerprint", view.origins("tls_certcheck", "tls_fingerprint"))
        draft.put("fingerprint_hash", FINGERPRINTS[len(fingerprint)], view.origins("tls_fingerprint"))
    else:
        draft.put("verify", "ca", view.origins("tls_certcheck"))
    priorities = view.account.last("tls_priorities")
    if tls != "none" and priorities is not None and priorities.text != "":
        known, floor = lowest(priorities.text or "")
        if floor or not known:
            draft.maybe("tls_min", floor, view.origins("tls_priorities"))


def _login(draft: Draft, view: View) -> None:
    method, tls = view.method, view.tls
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
    kept, origins = _credential(view, method)
    draft.maybe("credential", kept, origins)
    if wants_oauth2(view.text("host") or "") and method not in ("off", *_TOKEN, *_NO_PASSWORD):
        draft.put("provider", "oauth2", view.origins("host", "auth"))


def _credential(view: View, method: str) -> tuple[str | None, tuple[Origin, ...]]:
    """Where the password is kept; ``password`` wins over ``passwordeval``."""
    if method == "off" or method in _NO_PASSWORD:
        return "none", view.origins("auth")
    for name, kept in (("password", "literal"), ("passwordeval", "command")):
        text = view.text(name)
        if text is None or (name == "password" and text and is_placeholder(text)):
            return None, view.origins(name)
        if text:
            return "literal" if _ECHOED.fullmatch(text) and kept == "command" else kept, view.origins(name)
    return "prompt", (view.builtin._replace(note=f"{view.builtin.note}: key ring, ~/.netrc, else it asks"),)


def _broken(view: View) -> tuple[str | None, tuple[Origin, ...]]:
    """Why msmtp opens no session for the account although it reads the file (``check_account``, ``smtp_auth``)."""
    if view.lmtp and view.account.last("port") is None:
        return "LMTP has no default port and none is set", view.origins("protocol")
    unchecked = _unchecked(view) if view.tls in ("required", "implicit") else None
    if unchecked is not None:
        return unchecked
    key, certificate = view.text("tls_key_file"), view.text("tls_cert_file")
    if (key == "") != (certificate == "") and None not in (key, certificate):
        missing = "tls_key_file" if key == "" else "tls_cert_file"
        return f"{missing} is missing", view.origins("tls_key_file", "tls_cert_file")
    if view.trust == "" and view.text("tls_crl_file"):
        return "tls_crl_file needs a tls_trust_file", view.origins("tls_trust_file", "tls_crl_file")
    if view.method not in (None, "off", "external") and view.text("user") == "":
        return f"auth {view.method} needs a user", view.origins("user", "auth")
    return None, ()


def _unchecked(view: View) -> tuple[str, tuple[Origin, ...]] | None:
    """Why TLS cannot begin."""
    if view.text("socket") and view.text("host") == "" and view.text("tls_host_override") == "":
        return "TLS over a socket needs a host name to check", view.origins("socket")
    pinned = view.text("tls_fingerprint") != "" or view.switch("tls_certcheck", True) is not True
    if view.trust == "" and not pinned:
        return "TLS has nothing to check the certificate with", view.origins("tls", "tls_trust_file")
    return None


def identity(view: View) -> tuple[object, ...]:
    """Two accounts of the same identity open the same session."""
    names = (
        "host",
        "port",
        "protocol",
        "socket",
        "tls_fingerprint",
        "tls_priorities",
        "user",
        "password",
        "passwordeval",
    )
    return (view.tls, view.method, view.trust, view.switch("tls_certcheck", True), *map(view.text, names))


def secrets(name: str, value: Value, path: str, version: tuple[int, ...]) -> Fact | None:
    """The secret fact of a password that stands in the file; None for commands, placeholders and empty values."""
    text = value.text or ""
    span = value.where
    if name == "passwordeval":
        found = _ECHOED.fullmatch(text)
        if found is None:
            return None
        first = span.column + found.start("secret")
        span, text = span._replace(column=first, end_column=first + len(found["secret"])), found["secret"]
    if " " in text and PLACEHOLDER.search(text):
        return None
    return secret(SOFTWARE, ".".join(map(str, version)), path, name, text, span)
