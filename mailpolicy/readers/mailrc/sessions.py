"""Sessions that s-nail, or Heirloom mailx before it, opens with what is set.

After url.c, cred-auth.c, sendout.c, net-smtp.c, net-pop3.c, obs-imap.c, tls.c and xtls.c of s-nail 14.9.24.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailpolicy.facts import begun
from mailpolicy.lean import NamedTuple
from mailpolicy.passwords import secret
from mailpolicy.readers.mailrc.program import State, Variable, Variables
from mailpolicy.readers.mailrc.urls import Url, parse
from mailpolicy.sessions import Told, connection, maybe, unknown
from mailpolicy.types import Fact, Origin, Span

SOFTWARE = "s-nail"
S_NAIL = (14,)
"""Versions before are Heirloom mailx."""
_AUTH = {"none": "", "plain": "PLAIN", "login": "LOGIN", "cram-md5": "CRAM-MD5", "gssapi": "GSSAPI",
         "oauthbearer": "XOAUTH2", "external": "EXTERNAL", "externanon": "EXTERNAL"}  # fmt: skip
_NEEDS_TLS = frozenset({"oauthbearer", "external", "externanon"})
_READABLE = frozenset({"PLAIN", "LOGIN", "XOAUTH2"})
_SEVERAL = {"smtp": "plain", "pop3": "plain", "imap": "login"}
"""The method where none is set."""
_ALLOWED = {
    "smtp": frozenset(_AUTH),
    "pop3": frozenset(_AUTH) - {"none", "login", "cram-md5"},
    "imap": frozenset(_AUTH) - {"none", "plain"},
}
FOLDERS = ("inbox", "folder", "MAIL", "MBOX", "record")
_MINIMUM = re.compile(r"(?:^|,)\s*MinProtocol\s*=\s*(TLSv1(?:\.[0123])?|SSLv3)", re.IGNORECASE)
_HASHES = {"sha1": "sha1", "sha256": "sha256", "sha512": "sha512", "md5": "md5"}


class Found(NamedTuple):
    """A URL that some variable holds."""

    url: Url
    variable: Variable
    shift: int
    """Characters that s-nail puts before the text to make it a URL."""


class View:
    """What is set, by itself or in an account."""

    def __init__(self, state: State, numbers: tuple[int, ...], missing: Span | None) -> None:
        self.variables, self.shortcuts = state.variables, state.shortcuts
        self.numbers, self.missing = numbers, missing
        name = "s-nail" if numbers >= S_NAIL else "Heirloom mailx"
        self.builtin = Origin("default", None, f"{name} {'.'.join(map(str, numbers))}")

    def last(self, name: str) -> Variable | None:
        found = self.variables.get(name)
        return found[-1] if found else None

    def text(self, name: str) -> str | None:
        """The value of a variable that is surely set, else None."""
        found = self.last(name)
        return found.value if found is not None and found.present and found.certain else None

    def on(self, name: str) -> bool | None:
        """Whether a variable is set, whatever its value; None where a condition or a missing file decides."""
        found = self.last(name)
        if found is None:
            return None if self.missing is not None else False
        return found.present if found.certain else None

    def by(self, *names: str) -> tuple[Origin, ...]:
        out = []
        for name in names:
            found = self.variables.get(name, ())
            out += [Origin("overrides" if i else "sets", one.where) for i, one in enumerate(found)]
        if not out and self.missing is not None:
            out = [Origin("sets", self.missing)]
        return (self.builtin, *out)

    def chain(self, name: str, url: Url) -> str:
        """The most special variable of a chain that is set: of user and server, of server, or the plain one."""
        user = url.user or self.text("user")
        names = [f"{name}-{user}@{url.server}"] if user else []
        return next((one for one in (*names, f"{name}-{url.server}") if self.set_(one)), name)

    def set_(self, name: str) -> bool:
        found = self.last(name)
        return found is not None and (found.present or not found.certain)

    @property
    def v15(self) -> bool:
        return self.set_("v15-compat")

    @property
    def heirloom(self) -> bool:
        return self.numbers < S_NAIL


def mta(view: View) -> tuple[Found | None, str]:
    """The URL that mail is handed to, and why s-nail refuses what is set; None for a program."""
    for name in ("smtp", "mta"):
        variable = view.last(name)
        if variable is None or not (variable.present or not variable.certain) or (name == "mta" and view.heirloom):
            continue
        text = variable.value
        if text is None:
            text = re.sub(r"://.*", "://unknown", variable.raw, flags=re.DOTALL)
            text = text if name == "mta" or "://" in text else "unknown"
        known = parse(text)
        if name == "smtp" and known is None:
            known = parse(f"smtp://{text}")
            return (Found(known, variable, 7), "") if known else (None, "is no server")
        if known is not None and known.protocol != "smtp":
            return None, "is no URL that mail can be sent to"
        if known is None and ":" in text and not text.startswith(("file://", "test:")):
            return None, "is neither a program nor a URL of SMTP"
        return (Found(known, variable, 0), "") if known else (None, "")
    return None, ""


def folders(view: View) -> Iterator[tuple[str, Found]]:
    """Each mailbox on a server that a variable or a short name leads to."""
    named = [(name, view.last(name)) for name in FOLDERS]
    for name, variable in (*named, *((f"shortcut {key}", one) for key, one in view.shortcuts.items())):
        if variable is None or not variable.present:
            continue
        text = variable.value
        if text is None:
            text = re.sub(r"://.*", "://unknown", variable.raw, flags=re.DOTALL)
        cut = len(re.match(r"%?:?", text)[0])  # type: ignore[index]
        url = parse(text[cut:])
        if url is not None and url.protocol != "smtp":
            yield name, Found(url, variable, -cut)


def _part(found: Found, part: tuple[int, int] | None) -> tuple[Origin, ...]:
    """A part of a URL; the whole value where escapes move it."""
    where = found.variable.where
    if part is None or len(found.variable.value or "") != where.end_column - where.column:
        return (Origin("sets", where),)
    start, end = (where.column + max(0, edge - found.shift) for edge in part)
    return (Origin("sets", where._replace(column=start, end_column=max(end, start + 1))),)


def fact(view: View, account: str, found: Found, path: str) -> Fact:
    """The session that a URL leads to."""
    url = found.url
    whole = (Origin("sets", found.variable.where),)
    known = found.variable.value is not None and found.variable.certain
    starttls = view.chain(f"{url.protocol}-use-starttls", url)
    on = view.on(starttls)
    tls = "implicit" if url.implicit else None if on is None else "required" if on else "none"
    mode = _part(found, url.scheme_at) if url.implicit else (*_part(found, url.scheme_at), *view.by(starttls))
    told = {
        "account": Told(account),
        "protocol": Told(url.protocol),
        "role": Told("submission" if url.protocol == "smtp" else "access"),
        "host": maybe(url.host or None, _part(found, url.host_at)),
        "port": maybe(url.port if url.port_at else url.default_port, _part(found, url.port_at or url.scheme_at)),
        "port_stated": Told(url.port_at is not None, whole),
        "tls": maybe(tls, mode),
        "verify": Told("none", mode) if tls == "none" else _verify(view, url, mode),
    }
    told |= _least(view, url, tls)
    told |= _login(view, found, tls, mode)
    if url.protocol == "pop3":
        told |= {"deletes_on_server": Told(False, (view.builtin,)), "uidl": Told(False, (view.builtin,))}
    if not known:
        names = ("host", "port", "port_stated", "tls", "verify", "authenticates", "mechanisms", "credential",
                 "cleartext_credentials")  # fmt: skip
        told |= dict.fromkeys(names, unknown(whole))
    elif url.problem and "broken" not in told:
        told["broken"] = Told(f"s-nail refuses the URL: {url.problem}", whole)
    user = url.user or view.text(view.chain("user", url))
    login = Told(user, whole) if user and url.protocol != "smtp" and known else None
    version = ".".join(map(str, view.numbers))
    return connection(begun("connection", found.variable.where, SOFTWARE, version, path), told, login)


def _verify(view: View, url: Url, mode: tuple[Origin, ...]) -> Told:
    """``ask`` by default: a person who is asked may say yes, and nobody means no. A pin stands for all of it."""
    names = [view.chain(name, url) for name in ("tls-verify", "ssl-verify")]
    name = next((one for one in names if view.set_(one)), names[0])
    by = (*mode, *view.by(*(name,)))
    if view.on(name) is None:
        return unknown(by)
    level = view.text(name)
    if view.set_(name) and level is None:
        return unknown(by)
    if (level or "ask").lower() in ("warn", "ignore"):
        return Told("none", by)
    pin = view.chain("tls-fingerprint", url)
    if view.set_(pin) and not view.heirloom:
        return maybe("fingerprint" if view.on(pin) else None, (*by, *view.by(pin)))
    return Told("ca", by)


def _least(view: View, url: Url, tls: str | None) -> dict[str, Told]:
    out: dict[str, Told] = {}
    pairs, digest = view.chain("tls-config-pairs", url), view.chain("tls-fingerprint-digest", url)
    found = _MINIMUM.search(view.text(pairs) or "")
    if tls != "none" and found is not None:
        word = found[1].replace("tls", "TLS").replace("ssl", "SSL")
        out["tls_min"] = Told("TLSv1.0" if word.upper() == "TLSV1" else word, view.by(pairs))
    if view.set_(view.chain("tls-fingerprint", url)):
        named = _HASHES.get((view.text(digest) or "").lower().replace("-", ""))
        out |= {"fingerprint_hash": Told(named, view.by(digest))} if named else {}
    return out


def _login(view: View, found: Found, tls: str | None, mode: tuple[Origin, ...]) -> dict[str, Told]:
    url = found.url
    if not view.v15 and url.protocol == "smtp":
        return _old_login(view, found, tls, mode)
    if not view.v15 and url.password is not None and not view.heirloom:
        why = "s-nail refuses the URL: a password in it needs v15-compat to be set"
        return {"broken": Told(why, _part(found, url.password_at))}
    name = view.chain(f"{url.protocol}-auth", url)
    method = (view.text(name) or _SEVERAL[url.protocol]).lower()
    by = view.by(name)
    if view.on(name) is None or (view.set_(name) and view.text(name) is None):
        return _unknown_login(tls, by, mode)
    if method == "none" and url.protocol == "smtp":
        return {"authenticates": Told(False, by)}
    told = _method(method, url, tls, by, mode)
    if told["mechanisms"].value in (("EXTERNAL",), ("GSSAPI",)):
        told["credential"] = Told("none", by)
    elif url.password is not None:
        told["credential"] = Told("literal", _part(found, url.password_at))
    else:
        told["credential"] = _kept(view, url)
    return told


def _unknown_login(tls: str | None, by: tuple[Origin, ...], mode: tuple[Origin, ...]) -> dict[str, Told]:
    told = dict.fromkeys(("authenticates", "mechanisms", "credential"), unknown(by))
    return told | {"cleartext_credentials": maybe(False if tls in ("implicit", "required") else None, (*by, *mode))}


def _kept(view: View, url: Url) -> Told:
    name = view.chain("password", url)
    if view.set_(name):
        return maybe("literal" if view.text(name) else None, view.by(name))
    netrc = view.chain("netrc-lookup", url)
    if view.set_(netrc):
        return maybe("file" if view.on(netrc) else None, view.by(netrc))
    return maybe("prompt" if view.missing is None else None, view.by(name))


def _method(
    method: str, url: Url, tls: str | None, by: tuple[Origin, ...], mode: tuple[Origin, ...]
) -> dict[str, Told]:
    """What a login method comes to. POP3 uses APOP where the server's greeting allows it, and PASS where not."""
    mechanism = _AUTH.get(method)
    told = {"authenticates": Told(True, by), "mechanisms": Told((mechanism,) if mechanism else (), by)}
    readable = mechanism in _READABLE and method not in _NEEDS_TLS
    in_clear = readable if tls == "none" else None if tls is None and readable else False
    told["cleartext_credentials"] = maybe(in_clear, (*by, *mode))
    if mechanism is None or method not in _ALLOWED[url.protocol]:
        told["broken"] = Told(f"s-nail has no login method {method[:20]} for {url.protocol}", by)
    elif method in _NEEDS_TLS and tls == "none":
        told["broken"] = Told(f"s-nail does not log in by {method} without TLS", (*by, *mode))
    return told


def _old_login(view: View, found: Found, tls: str | None, mode: tuple[Origin, ...]) -> dict[str, Told]:
    """SMTP without v15-compat: variables end in the sender's address, and a login needs smtp-auth to be set."""
    url = found.url
    if (url.user or url.password is not None) and not view.heirloom:
        why = "s-nail refuses the URL: a user in it needs v15-compat to be set"
        return {"broken": Told(why, (Origin("sets", found.variable.where),))}
    sender = re.search(r"[^\s<>@]+@[^\s<>@]+", view.text("from") or "")
    name, user, password = (_own(view, one, sender[0] if sender else "") for one in
                            ("smtp-auth", "smtp-auth-user", "smtp-auth-password"))  # fmt: skip
    by = view.by(name)
    if view.on(name) is None or (view.set_(name) and view.text(name) is None):
        return _unknown_login(tls, by, mode)
    method = (view.text(name) or ("login" if view.heirloom and view.set_(user) else "none")).lower()
    if method == "none":
        return {"authenticates": Told(False, by)}
    told = _method(method, url, tls, by, mode)
    if method in _NEEDS_TLS:
        told["broken"] = Told(f"s-nail has no login method {method} without v15-compat", by)
    if view.set_(password):
        told["credential"] = maybe("literal" if view.text(password) else None, view.by(password))
    else:
        told["credential"] = maybe("prompt" if view.missing is None else None, view.by(password))
    return told


def _own(view: View, name: str, sender: str) -> str:
    own = f"{name}-{sender}"
    return own if sender and view.set_(own) else name


def passwords(view: View, path: str, before: Variables) -> Iterator[Fact]:
    """Passwords in variables and URLs that are other than they were ``before``."""
    version = ".".join(map(str, view.numbers))
    for name, all_ in view.variables.items():
        for one in all_ if all_ is not before.get(name) else ():
            if not one.present or not one.value:
                continue
            if re.match(r"(?:password|smtp-auth-password)(?:-|$)", name):
                made = secret(SOFTWARE, version, path, re.sub(r"-[^-]*@.*", "", name), one.value, one.where)
            else:
                url = parse(one.value) if "://" in one.value else None
                if url is None or not url.password:
                    continue
                (at,) = _part(Found(url, one, 0), url.password_at)
                made = secret(SOFTWARE, version, path, name, url.password, at.where or one.where)
            if made is not None:
                yield made
