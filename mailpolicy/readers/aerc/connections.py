"""What aerc does with the URLs of an account.

After worker/imap/configure.go and connect.go, commands/compose/send.go (to 0.15) and lib/send of aerc 0.11 to 0.21.
"""

from __future__ import annotations

from mailpolicy.facts import Draft, begun
from mailpolicy.lean import NamedTuple
from mailpolicy.passwords import echoed, echoed_secret, secret
from mailpolicy.readers.aerc import urls
from mailpolicy.readers.aerc.accounts import SOFTWARE, Account
from mailpolicy.readers.aerc.syntax import Key
from mailpolicy.readers.aerc.urls import Part, Url
from mailpolicy.sessions import Told, connection, maybe, unknown
from mailpolicy.text import Source
from mailpolicy.types import Fact, Origin, Span, Value

_ALWAYS_STARTTLS = (0, 15)
"""smtp:// demands STARTTLS, and +insecure turns it off; before, ``smtp-starttls = yes`` turns it on."""
_INSECURE_IMAPS = (0, 18)
"""imaps+insecure:// takes any certificate; before, +insecure means nothing there."""
_XOAUTH2 = (0, 13)
_PLAIN_BY_SASL = (0, 20)
"""IMAP logs in with AUTH=PLAIN where the server offers it, with LOGIN else."""
_SMTP_LOGINS = {"plain": "PLAIN", "login": "LOGIN", "oauthbearer": "OAUTHBEARER", "xoauth2": "XOAUTH2"}


class Mode(NamedTuple):
    """What a scheme stands for. ``login`` is its mechanism, empty for the usual one, None for no login."""

    tls: str
    verify: str
    login: str | None
    service: str
    """The port's name where none is given."""
    broken: str | None


class Place:
    """Where the parts of a URL stand in the file."""

    def __init__(self, source: Source, key: Key) -> None:
        self.source, self.key = source, key

    def span(self, part: Part) -> Span:
        if not self.key.exact or part.start == part.end:
            return self.source.span(self.key.start, self.key.end)
        return self.source.span(self.key.start + part.start, self.key.start + part.end)

    def by(self, part: Part) -> tuple[Origin, ...]:
        return (Origin("sets", self.span(part)),)


def imap_mode(scheme: str, version: tuple[int, ...]) -> Mode:
    """The meaning of the scheme of ``source``, taken apart from its end: +insecure last, before it the login."""
    rest, insecure = _without(scheme, "+insecure")
    rest, bearer = _without(rest, "+oauthbearer")
    xoauth2 = False
    if version >= _XOAUTH2:
        rest, xoauth2 = _without(rest, "+xoauth2")
    login = "OAUTHBEARER" if bearer else "XOAUTH2" if xoauth2 else ""
    broken = None if rest in ("imap", "imaps") else f"aerc knows no IMAP scheme {rest}"
    if scheme.split("+")[0] == "imaps":
        return Mode("implicit", "none" if insecure and version >= _INSECURE_IMAPS else "ca", login, "imaps", broken)
    return Mode("none", "none", login, "imap", broken) if insecure else Mode("required", "ca", login, "imap", broken)


def _without(scheme: str, suffix: str) -> tuple[str, bool]:
    return scheme.removesuffix(suffix), scheme.endswith(suffix)


def smtp_mode(scheme: str, starttls: bool, version: tuple[int, ...]) -> Mode:
    """The meaning of the scheme of ``outgoing``; ``starttls`` is what smtp-starttls says."""
    parts = scheme.split("+")
    protocol, login = parts[0], parts[1] if len(parts) == 2 else "plain"
    if version >= _ALWAYS_STARTTLS:
        if len(parts) == 3 or parts[1:] == ["insecure"]:
            protocol, login = "+".join(parts[:2]), parts[2] if len(parts) == 3 else "plain"
        starttls = protocol != "smtp+insecure"
    known = ("smtp", "smtps", "smtp+insecure") if version >= _ALWAYS_STARTTLS else ("smtp", "smtps")
    most = 3 if version >= _ALWAYS_STARTTLS else 2
    broken = f"aerc does not send by {protocol}" if protocol not in known else None
    if len(parts) > most:
        broken = "aerc takes no scheme of so many parts"
    elif login not in ("", "none", *_SMTP_LOGINS) or (login == "xoauth2" and version < _XOAUTH2):
        broken = broken or f"aerc has no login called {login}"
    mechanism = None if login in ("", "none") else _SMTP_LOGINS.get(login, "")
    if parts[0] == "smtps":
        return Mode("implicit", "ca", mechanism, "smtps", broken)
    return Mode("required" if starttls else "none", "ca" if starttls else "none", mechanism, "smtp", broken)


_PORTS = {"imap": 143, "imaps": 993, "smtp": 587, "smtps": 465}


class Maker:
    """The facts of one file."""

    def __init__(self, source: Source, version: tuple[int, ...]) -> None:
        self.source, self.version = source, version

    @property
    def numbers(self) -> str:
        return ".".join(map(str, self.version))

    def access(self, account: Account, key: Key, url: Url) -> Fact:
        """The IMAP session of ``source``."""
        place = Place(self.source, key)
        scheme = url.scheme.text or ""
        mode = imap_mode(scheme, self.version)
        logs_in = url.user is not None or "source-cred-cmd" in account.keys
        mechanisms = (mode.login,) if mode.login else () if self.version >= _PLAIN_BY_SASL else ("LOGIN",)
        told = {"protocol": Told("imap", place.by(url.scheme)), "role": Told("access")}
        told |= self.shared(account, key, url, mode, logs_in, place.by(url.user or url.host))
        if logs_in:
            told["mechanisms"] = Told(mechanisms, place.by(url.scheme))
        user = url.user and maybe(url.user.text, place.by(url.user))
        return connection(self.begun(account), told, user)

    def submission(self, account: Account, key: Key, url: Url) -> Fact:
        """The SMTP session of ``outgoing``."""
        place = Place(self.source, key)
        switch = account.keys.get("smtp-starttls") if self.version < _ALWAYS_STARTTLS else None
        mode = smtp_mode(url.scheme.text or "", switch is not None and switch.value == "yes", self.version)
        logs_in = mode.login is not None
        told = {"protocol": Told("smtp", place.by(url.scheme)), "role": Told("submission")}
        told |= self.shared(account, key, url, mode, logs_in, place.by(url.scheme))
        if logs_in:
            told["mechanisms"] = Told((mode.login,) if mode.login else (), place.by(url.scheme))
        if mode.broken and logs_in and not mode.login:
            told["cleartext_credentials"] = Told(False, place.by(url.scheme))  # it gives up before it logs in
        if switch is not None and not (url.scheme.text or "").startswith("smtps"):
            by = (*place.by(url.scheme), Origin("overrides", self.source.span(switch.start, switch.end)))
            told["tls"], told["verify"] = told["tls"]._replace(by=by), told["verify"]._replace(by=by)
            if switch.value is None:
                told |= dict.fromkeys(("tls", "verify", "cleartext_credentials"), unknown(by))
        return connection(self.begun(account), told)

    def begun(self, account: Account) -> Draft:
        draft = begun("connection", account.where, SOFTWARE, self.numbers, self.source.path)
        draft.put("account", account.name)
        return draft

    def shared(
        self, account: Account, key: Key, url: Url, mode: Mode, logs_in: bool, login_by: tuple[Origin, ...]
    ) -> dict[str, Told]:
        """The fields that both have."""
        place = Place(self.source, key)
        by = place.by(url.scheme)
        port, stated = _port(url, mode, place)
        broken = self.broken(account, key, url, mode, place)
        told = {
            "host": maybe(url.host.text, place.by(url.host)),
            "port": port,
            "port_stated": Told(stated, place.by(url.port or url.host)),
            "tls": Told(mode.tls, by),
            "verify": Told(mode.verify, by),
            "authenticates": Told(logs_in, login_by),
            "cleartext_credentials": Told(logs_in and mode.tls == "none", by),
            "broken": broken,
        }
        if logs_in:
            told["credential"] = self.credential(account, key, url)
        return told

    def broken(self, account: Account, key: Key, url: Url, mode: Mode, place: Place) -> Told:
        """Why aerc cannot use it, or null."""
        if account.broken is not None:
            return Told(*account.broken)
        if url.wrong or not url.authority:
            why = url.wrong or "it has no // before the host"
            return Told(f"the URL is refused: {why}", (Origin("sets", self.source.span(key.start, key.end)),))
        if mode.broken:
            return Told(mode.broken, place.by(url.scheme))
        if url.host.text == "":
            return Told("the URL names no host", place.by(url.scheme))
        if url.port is not None and (url.port.text == "" or int((url.port.text or "1")[:9]) not in range(1, 65536)):
            return Told("the URL has no usable port", place.by(url.port))
        return Told(None)

    def credential(self, account: Account, key: Key, url: Url) -> Told:
        """Where the password is: a URL with one leaves the command alone."""
        place = Place(self.source, key)
        if url.password is not None:
            if url.password.text is None:
                return unknown(place.by(url.password))
            return Told("literal" if url.password.text else "none", place.by(url.password))
        command = account.keys.get(f"{key.name}-cred-cmd")
        if command is None or command.value == "":
            return Told("none", (Origin("default", None, f"{SOFTWARE} {self.numbers}, by {key.name}-cred-cmd"),))
        by = (Origin("sets", self.source.span(command.start, command.end)),)
        if command.value is None:
            return unknown(by)
        return Told("literal" if echoed(command.value) else "command", by)

    def secrets(self, account: Account) -> list[Fact]:
        """Passwords in URLs and in commands that only print them."""
        found: list[Fact | None] = []
        for name, key in account.keys.items():
            if key.value is None:
                continue
            if name.endswith("-cred-cmd"):
                where = self.source.span(key.start, key.end)
                found.append(echoed_secret(SOFTWARE, self.numbers, self.source.path, name, key.value, where))
            elif "://" in key.value:
                url = urls.parse(key.value)
                for part in (url.password, *url.secrets):
                    if part is not None and part.text:
                        found.append(self.secret(name, part.text, key, part))
        return [fact for fact in found if fact is not None]

    def secret(self, setting: str, text: str, key: Key, part: Part) -> Fact | None:
        return secret(SOFTWARE, self.numbers, self.source.path, setting, text, Place(self.source, key).span(part))


def _port(url: Url, mode: Mode, place: Place) -> tuple[Told, bool]:
    if url.port is None:
        default: Value = _PORTS[mode.service]
        return Told(default, (*place.by(url.scheme),)), False
    if url.port.text is None:
        return unknown(place.by(url.port)), True
    number = int(url.port.text[:9]) if url.port.text.isdecimal() else 0
    return maybe(number if 0 < number < 65536 else None, place.by(url.port)), True
