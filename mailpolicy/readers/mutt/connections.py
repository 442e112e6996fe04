"""What mutt or NeoMutt does with a server: one ``connection`` each, and the passwords that stand in the files.

After ``imap_open_connection``, ``pop_open_connection``, ``smtp_open``, the authenticators and ``mutt_account_getpass``
of mutt 1.5.20 to 2.4 and NeoMutt 20180716 to 20260616.
"""

from __future__ import annotations

from mailpolicy.facts import begun
from mailpolicy.passwords import is_placeholder, secret
from mailpolicy.readers.mutt.accounts import Session
from mailpolicy.readers.mutt.chars import COMMAND, ENVIRONMENT, UNKNOWN, Text
from mailpolicy.readers.mutt.state import State
from mailpolicy.readers.mutt.urls import PORTS, decoded
from mailpolicy.sessions import Told, connection, unknown
from mailpolicy.types import Fact, Origin, Span

_READABLE = frozenset({"PLAIN", "LOGIN", "USER", "XOAUTH2", "OAUTHBEARER"})
_TOKENS = frozenset({"XOAUTH2", "OAUTHBEARER"})
_WITHOUT = frozenset({"GSSAPI", "EXTERNAL", "ANONYMOUS"})
_BARE = frozenset({"nc", "ncat", "netcat", "socat", "telnet"})
"""Commands of a tunnel that carry it over the network as it is."""
_VERSIONS = (
    ("ssl_use_sslv3", "SSLv3"), ("ssl_use_tlsv1", "TLSv1.0"), ("ssl_use_tlsv1_1", "TLSv1.1"),
    ("ssl_use_tlsv1_2", "TLSv1.2"), ("ssl_use_tlsv1_3", "TLSv1.3"),
)  # fmt: skip
_ALWAYS_NEW = (20251211,)
"""NeoMutt that knows no TLS before 1.2."""


class View:
    """One session as the program opens it."""

    def __init__(self, session: Session) -> None:
        self.session, self.state = session, session.state
        self.program = session.state.program
        self.url = session.url
        self.prefix = {"imap": "imap", "pop3": "pop", "smtp": "smtp"}[session.protocol]
        self.tunnelled = self.state.get("tunnel")

    def part(self, name: str) -> Text | None:
        """A part of the URL; None when it is not there."""
        return getattr(self.url, name) if self.url is not None else None

    def place(self, text: Text | None) -> tuple[Origin, ...]:
        """Where the URL, or a part of it, is set."""
        if self.session.setting in self.state.values and self.session.text.runs:
            chain = [o for o in self.state.origins(self.session.setting)[:-1] if o.where]
        else:
            chain = []
        where = (text or self.session.text).whole() or self.session.text.whole()
        return (*chain, Origin("overrides" if chain else "sets", where)) if where else tuple(chain)


def fact(session: Session, instance: str, name: str, start: Span) -> Fact:
    """The connection of a session."""
    view = View(session)
    draft = begun("connection", session.text.whole() or start, view.program.name, view.program.version, instance)
    told = {
        "account": Told(name),
        "protocol": Told(session.protocol, view.place(view.part("scheme"))),
        "role": Told("submission" if session.protocol == "smtp" else "access"),
        **_place(view),
        **_security(view),
        **_login(view),
    }
    if session.protocol == "pop3":
        told |= _retention(view)
    told["cleartext_credentials"] = _in_clear(told)
    broken = _broken(view, told)
    if broken is not None:
        told["broken"] = broken
    return connection(draft, told, user(view) if session.protocol != "smtp" else None)


def _place(view: View) -> dict[str, Told]:
    host, port, url = view.part("host"), view.part("port"), view.url
    where = view.place(host)
    told = {"host": Told(host.text.lower(), where) if host is not None and host.known else unknown(where)}
    if url is None:
        told |= {"port": unknown(where), "port_stated": unknown(where)}
    elif port is None:
        scheme = Origin("implies", url.scheme.whole() or where[-1].where)
        told |= {"port": Told(PORTS[url.kind], (view.program.default, scheme)), "port_stated": Told(False, where)}
    else:
        stated = view.place(port)
        told |= {
            "port": Told(int(port.text), stated) if port.known else unknown(stated),
            "port_stated": Told(True, stated),
        }
    tunnel = view.tunnelled.text.split() if view.tunnelled is not None else []
    if tunnel and tunnel[0].rpartition("/")[2] not in _BARE:
        told["scope"] = Told("loopback", view.state.origins("tunnel"))
    return told


def _security(view: View) -> dict[str, Told]:
    tls = _tls(view)
    told = {"tls": tls}
    if tls.value == "none":
        return told
    checked = view.state.switch("ssl_verify_host")
    by = view.state.origins("ssl_verify_host")
    if not tls.known:
        told["verify"] = unknown(tls.by)
    else:
        told["verify"] = unknown(by) if checked is None else Told("ca" if checked else "ca-noname", by)
    lowest = _lowest(view.state)
    if lowest is not None:
        told["tls_min"] = lowest
    return told


def _tls(view: View) -> Told:
    state, scheme = view.state, view.part("scheme")
    where = view.place(scheme)
    tunnel = view.tunnelled
    if tunnel is None and state.doubt:
        tunnel = Text("")  # settings that nobody sees are doubted where they are more usual
    if tunnel is not None and tunnel.text:
        secure = state.switch("tunnel_is_secure") if state.program.knows("tunnel_is_secure") else False
        by = state.origins("tunnel", "tunnel_is_secure")
        if secure is None:
            return unknown(by)
        if secure:
            return Told("none", by)
    elif view.url is None:
        return unknown(where)
    elif view.url.implicit:
        return Told("implicit", where)
    forced, wanted = state.switch("ssl_force_tls"), state.known("ssl_starttls")
    if forced:
        return Told("required", (*where, *state.origins("ssl_force_tls")))
    by = (*where, *state.origins("ssl_starttls", "ssl_force_tls"))
    if forced is None:
        return unknown(by)
    if wanted is None:
        return unknown(by)
    if wanted in ("yes", "ask-yes"):
        return Told("opportunistic", by)
    return Told("none", (*where, *state.origins("ssl_force_tls"), *state.origins("ssl_starttls")))


def _lowest(state: State) -> Told | None:
    """The lowest version of TLS that is switched on; None when all are off."""
    program = state.program
    ciphers = state.get("ssl_ciphers")
    if ciphers is None or "VERS" in ciphers.text or not ciphers.known:
        return unknown(state.origins("ssl_ciphers"))
    new = program.name == "neomutt" and program.numbers >= _ALWAYS_NEW
    for name, version in _VERSIONS:
        if not program.knows(name) or (new and name not in ("ssl_use_tlsv1_2", "ssl_use_tlsv1_3")):
            continue
        on = state.switch(name)
        if on is None:
            return unknown(state.origins(name))
        if on:
            return Told(version, state.origins(name))
    return None


def user(view: View) -> Told | None:
    """The login name; None when nothing tells it."""
    name, setting = view.part("user"), f"{view.prefix}_user"
    if name is not None:
        return Told(decoded(name.text), view.place(name)) if name.known and name.text else None
    if not view.program.knows(setting):
        return None
    text = view.state.known(setting)
    return Told(text, view.state.origins(setting)) if text else None


def _login(view: View) -> dict[str, Told]:
    state = view.state
    always = view.session.protocol != "smtp"
    by = view.place(view.part("user"))
    if view.session.protocol == "smtp":
        named = view.part("user") is not None
        if view.program.knows("smtp_user") and not named:
            text = state.get("smtp_user")
            by = state.origins("smtp_user")
            named = text is None or bool(text.text)
            if text is None:
                return {name: unknown(by) for name in ("authenticates", "credential", "mechanisms")}
        if view.url is None:
            return {name: unknown(by) for name in ("authenticates", "credential", "mechanisms")}
        always = named
    if not always:
        return {"authenticates": Told(False, by)}
    setting = f"{view.prefix}_authenticators"
    listed = state.get(setting)
    told = {"authenticates": Told(True, by)}
    if listed is None or not listed.known:
        told["mechanisms"] = unknown(state.origins(setting))
    else:
        told["mechanisms"] = Told(tuple(m.upper() for m in listed.text.split(":") if m), state.origins(setting))
    told["credential"] = _credential(view, told["mechanisms"])
    return told


def _credential(view: View, mechanisms: Told) -> Told:
    state = view.state
    named = mechanisms.value if isinstance(mechanisms.value, tuple) else ()
    listed = frozenset(map(str, named))
    command = f"{view.prefix}_oauth_refresh_command"
    if listed and listed <= _WITHOUT:
        return Told("none", mechanisms.by)
    if listed and listed <= _TOKENS:
        text = state.get(command)
        return Told(
            "command" if text is not None and text.text else None, state.origins(command), bool(text and text.text)
        )
    password, by = view.part("password"), view.place(view.part("password"))
    if password is None:
        setting = f"{view.prefix}_pass"
        password, by = state.get(setting), state.origins(setting)
    if password is None:
        return unknown(by)
    if password.text:
        return _kept(password.text, by)
    text = state.get("account_command") if view.program.knows("account_command") else Text("")
    if text is None or text.text:
        return Told("command", state.origins("account_command")) if text is not None else unknown(by)
    fetched = state.get(command)
    if fetched is not None and fetched.text:
        return Told("command", state.origins(command))
    return Told("prompt", by)


def _kept(text: str, by: tuple[Origin, ...]) -> Told:
    if COMMAND in text:
        return Told("command", by)
    if ENVIRONMENT in text:
        return Told("environment", by)
    return unknown(by) if UNKNOWN in text or is_placeholder(text) else Told("literal", by)


def _in_clear(told: dict[str, Told]) -> Told:
    login, tls, mechanisms = told["authenticates"], told["tls"], told.get("mechanisms", Told(()))
    if login.known and not login.value:
        return Told(False, login.by)
    by = (*mechanisms.by, *tls.by)
    if tls.known and tls.value in ("required", "implicit"):
        return Told(False, tls.by)
    listed = mechanisms.value if isinstance(mechanisms.value, tuple) else ()
    if mechanisms.known and listed and _READABLE.isdisjoint(map(str, listed)):
        return Told(False, by)
    if not (login.known and tls.known and mechanisms.known):
        return unknown(by)
    return Told(True, by)


def _retention(view: View) -> dict[str, Told]:
    """``pop_delete`` is for mail fetched from ``pop_host``; a mailbox that is opened keeps what nobody deletes."""
    if view.session.setting != "pop_host":
        return {"deletes_on_server": Told(False, view.place(None)), "uidl": Told(True, view.place(None))}
    by = view.state.origins("pop_delete")
    answer = view.state.known("pop_delete")
    deletes = unknown(by) if answer is None else Told(answer in ("yes", "ask-yes"), by)
    return {"deletes_on_server": deletes, "uidl": Told(False, view.place(None))}


def _broken(view: View, told: dict[str, Told]) -> Told | None:
    state = view.state
    if told["tls"].value in ("required", "implicit") and "tls_min" not in told:
        return Told("every version of TLS is switched off", state.origins("ssl_use_tlsv1_2", "ssl_use_tlsv1_3"))
    mechanisms = told.get("mechanisms", Told(()))
    listed = mechanisms.value if isinstance(mechanisms.value, tuple) else ()
    command = f"{view.prefix}_oauth_refresh_command"
    fetched = state.get(command)
    if listed and _TOKENS.issuperset(map(str, listed)) and fetched is not None and not fetched.text:
        return Told(f"{command} is not set, which makes the tokens", mechanisms.by)
    return None


def secrets(view_of: Session, instance: str) -> list[Fact]:
    """The password in a URL."""
    password = view_of.url.password if view_of.url is not None else None
    found = None if password is None else literal(view_of.state, view_of.setting, password, instance)
    return [] if found is None else [found]


def literal(state: State, setting: str, text: Text, instance: str) -> Fact | None:
    """The secret fact of a password that stands in a file; None for what is none."""
    where = text.whole()
    if where is None or not text.known or text.text[:1] in "~/":
        return None
    return secret(state.program.name, state.program.version, instance, setting, text.text, where)
