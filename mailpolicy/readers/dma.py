"""dma, the DragonFly Mail Agent: ``/etc/dma/dma.conf`` and the logins in ``auth.conf``.

After conf.c, net.c, crypto.c and dns.c of 0.13, 0.14 and what came later, and what 0.13 of Debian does.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from mailpolicy.facts import begun
from mailpolicy.lean import NamedTuple
from mailpolicy.passwords import secret
from mailpolicy.placeholders import filled
from mailpolicy.sessions import Told, connection, maybe, unknown
from mailpolicy.template_lines import spans, split
from mailpolicy.text import Source
from mailpolicy.tree import Tree, place
from mailpolicy.types import Fact, Inventory, Origin, Span, Unread, Unreadable, Version

SOFTWARE = "dma"
FILES = "dma.conf, auth.conf"
PROVEN = "dma 0.13 of Debian 12, run with the same files; 0.11 to 0.14 and after from its source"
LIMITS = "logins at the MX of a domain, where no smart host is set"
NEWEST = (0, 14)

_FLAGS = ("STARTTLS", "SECURETRANSFER", "OPPORTUNISTIC_TLS", "INSECURE", "DEFER", "FULLBOUNCE", "NULLCLIENT",
          "VERIFYCERT")  # fmt: skip
_VALUES = ("SMARTHOST", "PORT", "ALIASES", "SPOOLDIR", "AUTHPATH", "CERTFILE", "MAILNAME", "MASQUERADE", "FINGERPRINT")
_SINCE = {"VERIFYCERT": (0, 14), "FINGERPRINT": (0, 13)}
_LONGEST = 2047
_SHOWN = 20


class Setting(NamedTuple):
    """A setting; ``value`` is None where a template fills it in, "" for a switch."""

    value: str | None
    where: Span
    certain: bool


class Login(NamedTuple):
    """A line of auth.conf."""

    host: str
    host_at: Span
    password: str
    password_at: Span


class Config(NamedTuple):
    """What dma.conf says; ``refused`` is why dma does not run with it, and where."""

    settings: dict[str, list[Setting]]
    refused: tuple[Unread, ...]
    notes: tuple[str, ...]


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Each dma.conf with the auth.conf beside it; an auth.conf without one by itself."""
    return [(path,) for path in sorted(paths, key=lambda path: (_is_logins(path), path))]


def sniff(text: str) -> bool:
    """Whether all lines are settings of dma, and two or more of those that only it has."""
    words = {line.split()[0] for line in text.splitlines() if line.strip() and not line.startswith("#")}
    return words <= {*_FLAGS, *_VALUES} and len(words & {"SMARTHOST", "SECURETRANSFER", "MAILNAME", "AUTHPATH"}) > 1


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """The session to the smart host, or to every MX, and the passwords."""
    path = paths[0]
    numbers = version.numbers if version else NEWEST
    try:
        source = tree.source(path)
    except Unreadable as problem:
        return Inventory((), (Unread(Span(path, 1, 1, 2), str(problem), True),), (path,))
    if _is_logins(path):
        logins, unread = _logins(source, numbers)
        return Inventory(tuple(_secrets(logins, path, numbers)), tuple(unread), (path,))
    config = _parse(source, numbers)
    if not config.settings and config.refused:
        why = "is no configuration of dma: no line holds one of its settings"
        return Inventory((), (Unread(config.refused[0].where, why, True),), (path,))
    kept = config.settings.get("AUTHPATH", [])
    beside = _place(kept[-1].value, path) if kept else None
    if beside is None or not tree.exists(beside):
        fact = _Agent(source, config, numbers, None if kept else []).fact()
        return Inventory((fact,), config.refused, (path,), config.notes)
    try:
        logins, unread = _logins(tree.source(beside), numbers)
    except Unreadable as problem:
        fact = _Agent(source, config, numbers, None).fact()
        bad = Unread(Span(beside, 1, 1, 2), str(problem), True)
        return Inventory((fact,), (*config.refused, bad), (path, beside), config.notes)
    config = config._replace(refused=(*config.refused, *unread))
    fact = _Agent(source, config, numbers, logins).fact()
    found = (fact, *_secrets(logins, beside, numbers))
    return Inventory(found, config.refused, (path, beside), config.notes)


def _is_logins(path: str) -> bool:
    return posixpath.basename(path).startswith("auth.conf")


def _place(kept: str | None, conf: str) -> str | None:
    if kept is None:
        return None
    folder = posixpath.dirname(conf)
    return place(kept, "/etc/dma", folder) if kept.startswith("/") else None


def _text(numbers: tuple[int, ...]) -> str:
    return ".".join(map(str, numbers))


def _parse(source: Source, numbers: tuple[int, ...]) -> Config:
    """All settings in the order of the file. One line that dma does not know makes it give up."""
    settings: dict[str, list[Setting]] = {}
    refused: list[Unread] = []
    parts = split(source.text)
    crlf = source.text.find("\r\n")
    for line in parts.lines:
        end = line.end - source.text.endswith("\r", line.start, line.end)
        sharp = source.text.find("#", line.start, end)
        cut = sharp if sharp >= 0 else end
        if line.end - line.start > _LONGEST:
            refused.append(Unread(source.span(line.start, cut), "is longer than 2046 bytes"))
            continue
        word, value, at = _words(source.text[line.start : cut])
        if not word:
            if source.text[line.start : cut].strip():
                why = "begins with a blank: dma passes over it"
                refused.append(Unread(source.span(line.start, cut), why))
            continue
        why = _why(word, value, numbers)
        if why:
            refused.append(Unread(source.span(line.start, cut), f"dma does not run: {why}"))
            continue
        where = source.span(line.start + at, line.start + at + len(value)) if value else source.span(line.start, cut)
        settings.setdefault(word, []).append(Setting(None if filled(value) else value, where, line.certain))
    if crlf >= 0 and settings:
        where = source.span(crlf - 1, crlf)
        settings["\r"] = [Setting("", where, True)]
    notes = (f"{source.path}: a template decides about some lines",) if parts.filled else ()
    return Config(settings, tuple(refused[:_SHOWN]), notes)


def _words(line: str) -> tuple[str, str, int]:
    """The first word, all after the first blank, and where that begins."""
    found = re.search(r"[ \t]", line)
    if found is None:
        return line, "", len(line)
    return line[: found.start()], line[found.end() :], found.end()


def _why(word: str, value: str, numbers: tuple[int, ...]) -> str:
    """Why dma refuses a line; "" when it does not."""
    if word not in (*_FLAGS, *_VALUES) or numbers < _SINCE.get(word, ()):
        return f"it does not know {word[:40]}"
    if word in _FLAGS and value:
        return f"{word} takes no value, not even a second blank"
    if word in _VALUES and not value:
        return f"{word} has no value"
    if word == "FINGERPRINT" and not filled(value) and not re.fullmatch(r"[0-9A-Fa-f]{64}", value):
        return "FINGERPRINT is no SHA-256 in 64 hexadecimal digits"
    return ""


def _logins(source: Source, numbers: tuple[int, ...]) -> tuple[list[Login], list[Unread]]:
    """``user|host:password``; the host ends at a colon or blank, since 0.14 at a bar too."""
    found: list[Login] = []
    unread: list[Unread] = []
    for start, end in spans(source.text):
        line = source.text[start : end - source.text.endswith("\r", start, end)]
        if not line or line.startswith("#"):
            continue
        match = re.match(r"[^|]*\|([^:| \t]*)[:| \t]" if numbers > NEWEST else r"[^|]*\|([^: \t]*)[: \t]", line)
        if match is None:
            unread.append(Unread(source.span(start, end), "dma does not run: this is not user|host:password"))
            continue
        host = source.span(start + match.start(1), start + match.end(1))
        password = source.span(start + match.end(), start + len(line))
        found.append(Login(match[1], host, line[match.end() :], password))
    return found, unread[:_SHOWN]


def _secrets(logins: Sequence[Login], path: str, numbers: tuple[int, ...]) -> list[Fact]:
    found = [secret(SOFTWARE, _text(numbers), path, "auth.conf", login.password, login.password_at) for login in logins]
    return [fact for fact in found if fact is not None]


class _Agent:
    """What the settings come to. ``logins`` is None where auth.conf is not here."""

    def __init__(
        self, source: Source, config: Config, numbers: tuple[int, ...], logins: Sequence[Login] | None
    ) -> None:
        self.source, self.config, self.numbers, self.logins = source, config, numbers, logins
        self.builtin = Origin("default", None, f"dma {_text(numbers)}")

    def by(self, *names: str) -> tuple[Origin, ...]:
        """Where settings stand; the default where none of them does."""
        found = [one.where for name in names for one in self.config.settings.get(name, ())]
        return (self.builtin, *(Origin("sets", where) for where in found))

    def on(self, name: str) -> bool | None:
        """A switch; None where a condition of a template decides."""
        found = self.config.settings.get(name, ())
        return any(one.certain for one in found) or (None if found else False)

    def value(self, name: str) -> str | None:
        """The last value; "" where there is none, None where a template decides."""
        found = self.config.settings.get(name, ())
        return "" if not found else None if not all(one.certain for one in found) else found[-1].value

    def tls(self) -> str | None:
        secure, starttls, maybe_not = self.on("SECURETRANSFER"), self.on("STARTTLS"), self.on("OPPORTUNISTIC_TLS")
        if secure is False:
            return "none"
        if secure is None or starttls is None or (starttls and maybe_not is None):
            return None
        return "implicit" if not starttls else "opportunistic" if maybe_not else "required"

    def verify(self, tls: str | None) -> Told:
        pin, check = self.value("FINGERPRINT"), self.on("VERIFYCERT")
        by = self.by("SECURETRANSFER", "VERIFYCERT", "FINGERPRINT")
        if tls == "none":
            return Told("none", self.by("SECURETRANSFER"))
        if tls is None or check is None:
            return unknown(by)
        return Told("fingerprint" if pin != "" else "ca" if check else "none", by)

    def fact(self) -> Fact:
        """The session to the smart host; without one, to whatever MX a recipient has."""
        host = self.value("SMARTHOST")
        direct = host == ""
        tls = self.tls()
        mode = self.by("SECURETRANSFER", "STARTTLS", "OPPORTUNISTIC_TLS")
        told = {"account": Told("default"), "protocol": Told("smtp"), "tls": maybe(tls, mode)}
        told["role"] = Told("relay" if direct else "submission", self.by("SMARTHOST"))
        told["verify"] = self.verify(tls)
        if self.value("FINGERPRINT"):
            told["fingerprint_hash"] = Told("sha256", self.by("FINGERPRINT"))
        told |= self._to_mx() if direct else self._to_host(host)
        told |= self._login(host, tls, mode)
        why = self._broken(host)
        if why is not None:
            told["broken"] = why
        smart = self.config.settings.get("SMARTHOST")
        where = smart[-1].where if smart else self.source.start()
        return connection(begun("connection", where, SOFTWARE, _text(self.numbers), self.source.path), told)

    def _to_mx(self) -> dict[str, Told]:
        by = (self.builtin,)
        return {"host": Told("*", by), "scope": Told("any", by), "port": Told(25, by), "port_stated": Told(False, by),
                "mx_lookup": Told(True, by)}  # fmt: skip

    def _to_host(self, host: str | None) -> dict[str, Told]:
        stated = "PORT" in self.config.settings
        text, by = self.value("PORT"), self.by("PORT")
        digits = re.match(r"\s*(\d{1,5})", text or "")
        port = int(digits[1]) if digits else 0 if stated else 25
        return {
            "host": maybe(host and host.lower(), self.by("SMARTHOST")),
            "port": maybe(port if text is not None and 0 < port < 65536 else None, by),
            "port_stated": Told(stated, by),
        }

    def _login(self, host: str | None, tls: str | None, mode: tuple[Origin, ...]) -> dict[str, Told]:
        if self.logins is None or host is None or (host == "" and self.logins):
            told = dict.fromkeys(("authenticates", "credential"), unknown(self.by("AUTHPATH")))
            return told | {"cleartext_credentials": self._in_clear(tls, mode, None)}
        mine = [login for login in self.logins if login.host == host]
        by = (*self.by("AUTHPATH"), *(Origin("sets", login.host_at) for login in mine[-1:]))
        if not mine:
            return {"authenticates": Told(False, by)}
        kept = Told("literal" if not filled(mine[-1].password) else None, (Origin("sets", mine[-1].password_at),))
        return {
            "authenticates": Told(True, by),
            "credential": kept._replace(known=kept.value is not None),
            "cleartext_credentials": self._in_clear(tls, (*by, *mode), True),
        }

    def _in_clear(self, tls: str | None, by: tuple[Origin, ...], login: bool | None) -> Told:
        """AUTH LOGIN is left out only where neither INSECURE nor SECURETRANSFER is set."""
        insecure = self.on("INSECURE")
        by = (*by, *self.by("INSECURE")[1:])
        if tls in ("required", "implicit") or (tls == "none" and insecure is False):
            return Told(False, by)
        return maybe(login if tls is not None and (insecure is not None or tls == "opportunistic") else None, by)

    def _broken(self, host: str | None) -> Told | None:
        fatal = [one for one in self.config.refused if "does not run" in one.why]
        if fatal:
            return Told(fatal[0].why, (Origin("sets", fatal[0].where),))
        lines = self.config.settings.get("\r")
        if lines:
            return Told("its lines end in CR LF: dma does not run", (Origin("sets", lines[0].where),))
        if host == "" and self.on("NULLCLIENT"):
            return Told("dma does not run: NULLCLIENT needs a SMARTHOST", self.by("NULLCLIENT"))
        if host and re.search(r"\s", host):
            return Told("the smart host's name has a blank in it", self.by("SMARTHOST"))
        port = self.value("PORT")
        if host and port and not re.match(r"\s*\+?0*[1-9]", port):
            return Told("PORT is no number: dma connects to port 0", self.by("PORT"))
        return None
