"""nullmailer: the relays in ``/etc/nullmailer/remotes``.

After send.cc, argparse.cc, protocol.cc, tls_gnutls.cc and smtp.cc of 2.2.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mailpolicy.facts import begun
from mailpolicy.lean import NamedTuple
from mailpolicy.passwords import secret
from mailpolicy.placeholders import filled
from mailpolicy.sessions import Told, connection, maybe, unknown
from mailpolicy.template_lines import split
from mailpolicy.text import Source
from mailpolicy.tree import Tree
from mailpolicy.types import Fact, Inventory, Origin, Span, Unread, Unreadable, Version

SOFTWARE = "nullmailer"
FILES = "nullmailer/remotes"
PROVEN = "nullmailer 2.2 of Debian 12, run with the same files; older ones in part, from release notes"
LIMITS = "relays over QMQP; --tls-anon-auth"
NEWEST = (2, 2)

_VALUES = ("host", "port", "user", "pass", "source", "x509certfile", "x509keyfile", "x509cafile", "x509crlfile")
_FLAGS = ("auth-login", "tls", "ssl", "starttls", "x509fmtder", "insecure", "tls-anon-auth")
_CA_BY_DEFAULT = (2, 0)
_ONE_WORD = (2, 0)
"""From this version on an option and its value are one word."""
_SHOWN = 20
_MOST = 500
"""Relays of one file at most."""


class Word(NamedTuple):
    """A word without its quotes. ``at`` is where its last part begins in the file, if it has one part only."""

    text: str
    start: int
    end: int
    plain: int | None
    """Offset in the file of the word's first character, where no escape moves the others; else None."""


class Option(NamedTuple):
    """An option of a remote; ``value`` is None where a template fills it in."""

    value: str | None
    where: Span


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Each file by itself."""
    return [(path,) for path in paths]


def sniff(text: str) -> bool:
    """Whether some line has a host, the protocol and an option of nullmailer."""
    return re.search(r"^[\w.-]+[ \t]+smtp[ \t]+--(?:port|user|pass|starttls|ssl|auth-login)\b", text, re.M) is not None


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """One session for each relay, tried in this order, and their passwords."""
    path = paths[0]
    numbers = version.numbers if version else NEWEST
    try:
        source = tree.source(path)
    except Unreadable as problem:
        return Inventory((), (Unread(Span(path, 1, 1, 2), str(problem), True),), (path,))
    facts: list[Fact] = []
    unread: list[Unread] = []
    notes: list[str] = []
    parts = split(source.text)
    relays = 0
    for line in parts.lines:
        words = _words(source.text, line.start, line.end)
        if not words or words[0].text.startswith("#"):
            continue
        relays += 1
        if relays > _MOST:
            why = f"is relay number {relays}: none from here on is compared"
            unread.append(Unread(source.span(line.start, line.end), why, True))
            break
        remote = _Remote(source, words, numbers, line.certain)
        if remote.protocol.text == "qmqp":
            notes.append(f"{source.span(line.start, line.end)}: QMQP is not compared")
        elif remote.protocol.text != "smtp" and not filled(remote.protocol.text):
            shown = remote.protocol.text[:40]
            unread.append(Unread(remote.span(remote.protocol), f'there is no protocol "{shown}": smtp or qmqp'))
        else:
            facts += remote.facts()
            unread += remote.unread[:_SHOWN]
    if parts.filled:
        notes.append(f"{path}: a template decides about some lines")
    elif not facts and not unread and not notes and source.text.strip():
        notes.append(f"{path}: names no relay: nothing leaves")
    return Inventory(tuple(facts), tuple(unread), (path,), tuple(notes))


def _words(text: str, start: int, end: int) -> list[Word]:
    """Words as ``parse_args`` makes them: quotes of both kinds anywhere, a backslash outside of single ones.

    Behind the character that a backslash escapes it looks at one less: a blank or quote there is part of the word.
    """
    found: list[Word] = []
    for match in re.finditer(r"(?:'[^'\n]*'?|\"(?:\\.{0,2}|[^\"\\\n])*\"?|\\.{0,2}|[^\s'\"\\])+", text[start:end]):
        raw = match[0]
        pieces = re.findall(r"'([^'\n]*)'?|\"((?:\\.{0,2}|[^\"\\\n])*)\"?|\\(.{0,2})|([^\s'\"\\]+)", raw)
        made = "".join(a or re.sub(r"\\(.{0,2})", r"\1", b) or c or d for a, b, c, d in pieces)
        plain = start + match.start() if made == raw else None
        found.append(Word(made, start + match.start(), start + match.end(), plain))
    return found


class _Remote:
    """A line of remotes."""

    def __init__(self, source: Source, words: Sequence[Word], numbers: tuple[int, ...], certain: bool) -> None:
        self.source, self.host, self.certain = source, words[0], certain
        self.version = ".".join(map(str, numbers))
        self.builtin = Origin("default", None, f"nullmailer {self.version}")
        self.protocol = words[1] if len(words) > 1 else words[0]._replace(text="smtp")
        self.ca_by_default = numbers >= _CA_BY_DEFAULT
        self.unread: list[Unread] = []
        self.broken: Told | None = None
        self.options: dict[str, list[Option]] = {}
        rest = list(words[2:])
        while rest:
            word = rest.pop(0)
            if word.text in ("", "--") and numbers >= _ONE_WORD:
                break  # what is left of it, an empty line, ends the options
            apart = rest[0] if rest and numbers < _ONE_WORD and word.text.lstrip("-") in _VALUES else None
            if apart is not None:
                rest.pop(0)
            self._option(word, apart)

    def span(self, word: Word, skip: int = 0) -> Span:
        """The text of a word from some character on, without the quotes around that."""
        raw = self.source.text[word.start : word.end]
        start = word.start + skip
        end = word.end
        if (
            raw[skip : skip + 1] in ("'", '"')
            and raw[skip : skip + 1]
            and raw.endswith(raw[skip])
            and skip < len(raw) - 1
        ):
            start, end = start + 1, end - 1
        return self.source.span(start, end)

    def _option(self, word: Word, apart: Word | None) -> None:
        text = word.text.removeprefix("--")
        name, equals, value = text.partition("=")
        short = re.fullmatch(r"-p([^-].*)", text)
        if short is not None:
            name, equals, value = "port", "=", short[1]
        if filled(name):
            self.broken = self.broken or unknown((Origin("sets", self.span(word)),))
            return
        why = self._why(name, equals, value, apart)
        if why:
            self.unread.append(Unread(self.span(word), f"nullmailer sends nothing to this relay: {why}"))
            self.broken = Told(f"nullmailer does not take this option: {why}", (Origin("sets", self.span(word)),))
            return
        where = self.span(word, len(word.text) - len(value)) if value and equals else self.span(apart or word)
        held = value if equals else apart.text if apart else ""
        self.options.setdefault(name, []).append(Option(None if filled(held) else held, where))

    def _why(self, name: str, equals: str, value: str, apart: Word | None) -> str:
        """Why the protocol's program refuses an option; "" when it does not."""
        if name in _FLAGS:
            return f"--{name} takes no value" if equals else ""
        if name not in _VALUES:
            return f"there is no option --{name[:40]}"
        if not equals and apart is None:
            return f"--{name} needs a value behind an equals sign"
        if name == "port" and value and not filled(value) and not re.fullmatch(r"\s*\+?\d+", value):
            return "the port is no number"
        return ""

    def last(self, name: str) -> Option | None:
        found = self.options.get(name)
        return found[-1] if found else None

    def by(self, *names: str) -> tuple[Origin, ...]:
        found = sorted({one.where for name in names for one in self.options.get(name, ())})
        return (self.builtin, *(Origin("sets", where) for where in found))

    def facts(self) -> list[Fact]:
        """The session, and the password."""
        host = self.last("host")
        name = self.host.text if host is None else host.value
        by = (Origin("sets", self.span(self.host)), *self.by("host")[1:])
        implicit, starttls = self.last("ssl") or self.last("tls"), self.last("starttls")
        tls = "implicit" if implicit else "required" if starttls else "none"
        mode = self.by("ssl", "tls") if implicit else self.by("starttls")
        told = {
            "account": Told(self.host.text, by, not filled(self.host.text)),
            "protocol": Told("smtp"),
            "role": Told("submission"),
            "host": maybe(None if name is None or filled(name) else name.lower(), by),
            "tls": Told(tls, mode),
            "verify": self._verify(tls, mode),
            **self._port(tls, mode),
            **self._login(tls, mode),
        }
        if self.broken is not None:
            told["broken"] = self.broken
        path = self.source.path
        draft = begun("connection", self.span(self.host), SOFTWARE, self.version, path)
        word = self.last("pass")
        kept = secret(SOFTWARE, self.version, path, "--pass", word.value or "", word.where) if word else None
        return [connection(draft, told), *([kept] if kept else [])]

    def _verify(self, tls: str, mode: tuple[Origin, ...]) -> Told:
        insecure, authority = self.last("insecure"), self.last("x509cafile")
        by = (*mode, *self.by("insecure", "x509cafile")[1:])
        if tls == "none":
            return Told("none", mode)
        checks = insecure is None and (authority is not None or self.ca_by_default)
        return Told("ca" if checks else "none", by)

    def _port(self, tls: str, mode: tuple[Origin, ...]) -> dict[str, Told]:
        stated = self.last("port")
        if stated is None:
            return {"port": Told(465 if tls == "implicit" else 25, mode), "port_stated": Told(False, mode)}
        number = int(stated.value[:7]) if stated.value else 0
        if number == 0 and stated.value is not None:
            number = 465 if tls == "implicit" else 25
        by = (Origin("sets", stated.where),)
        return {
            "port": maybe(number if stated.value is not None and 0 < number < 65536 else None, by),
            "port_stated": Told(True, by),
        }

    def _login(self, tls: str, mode: tuple[Origin, ...]) -> dict[str, Told]:
        """A login needs both --user and --pass; the server's PLAIN is taken before its LOGIN."""
        by = self.by("user", "pass")
        if self.last("user") is None or self.last("pass") is None:
            return {"authenticates": Told(False, by)}
        named = self.last("auth-login") is not None
        word = self.last("pass")
        return {
            "authenticates": Told(True, by),
            "mechanisms": Told(("LOGIN",) if named else (), self.by("auth-login")),
            "cleartext_credentials": Told(tls == "none", (*by, *mode[1:])),
            "credential": maybe("literal" if word and word.value is not None else None, self.by("pass")),
        }
