"""sendmail.cf: its lines (sendmail/readcf.c of 8.17.1.9), and the lines that a sendmail.mc adds to it."""

from __future__ import annotations

import re

from mailpolicy.readers.sendmail.model import Config, Feature, Run, Setting, Text, Word, sets
from mailpolicy.readers.sendmail.names import OPTIONS
from mailpolicy.types import Unread

_MOST = 50
"""Lines of one option that are put together."""

_KNOWN = "RSDHCFMOPQTVKEXLG"
_NAME = re.compile(r"\{([^}\n]*)\}|(.)", re.DOTALL)
_OPTION = re.compile(r"O[ ]+([A-Za-z0-9.-]+)[ \t]*(?:=[ \t]*)?", re.DOTALL)
_OPTIONS = {name.lower(): name for name in OPTIONS.values()}
_LISTS = frozenset(("PrivacyOptions", "AuthOptions", "TLSSrvOptions", "ServerSSLOptions"))
"""Options that add to what an earlier line said."""

_RULES = (
    ("relay_local_from", "relay_ok", re.compile(r"R<\?> \$\+ < @ \$=w >\t+\$@ RELAY")),
    ("relay_mail_from", "relay_ok", re.compile(r"R<\?>.*<! From>")),
    ("relay_entire_domain", "relay_ok", re.compile(r"R<\?> \$\* \$=m\t")),
    ("relay_denied", "basic_check_rcpt", re.compile(r"R\$\*\t+\$#error ")),
)
"""What the rules of proto.m4 show about the features they were made with: name, ruleset, rule."""


def load(config: Config) -> None:
    """Everything that a sendmail.cf says. Raises Unreadable for the file itself."""
    source = config.tree.source(config.path)
    lines(config, Text([Run(source.text, source)]), False)
    if "relay_denied" not in config.features:
        where = config.rulesets.get("basic_check_rcpt", source.start())
        config.features["promiscuous_relay"] = Feature(where)
    if "mxserved" in config.maps:
        config.features["relay_based_on_MX"] = Feature(config.maps["mxserved"].whole())
    if "greet_pause" in config.rulesets:
        config.features["greet_pause"] = Feature(config.rulesets["greet_pause"])
    if not config.daemons:
        config.daemons.append(Text([]))
    config.bsd = re.search(r"(?i)^#.*(?:open|free|net)bsd", source.text, re.MULTILINE) is not None
    config.submits = bool(re.search(r"^O UseMSP=[Tt]", source.text, re.MULTILINE))


def lines(config: Config, text: Text, made: bool) -> None:
    """Reads lines; those that begin with a blank go on with the one before. ``made``: what a sendmail.mc puts out."""
    ruleset = ""
    for match in re.finditer(r"[^\n]+(?:\n[ \t][^\n]*)*", text.text):
        line = match[0].rstrip("\r")
        letter = line[:1]
        if letter in "#" or not line.strip() or (made and letter.isspace()):
            continue
        part = text.part(match.start(), match.start() + len(line))
        if letter == "S":
            ruleset = line[1:].split("=")[0].strip().lower()
            config.rulesets.setdefault(ruleset, part.whole())
        elif letter == "R":
            _rule(config, ruleset, part)
        elif letter in _HANDLERS:
            _HANDLERS[letter](config, part)
        elif letter not in _KNOWN:
            where = part.whole()
            if where is not None:
                config.broken.append(Unread(where, "sendmail does not start: it knows no line that begins like this"))


def _rule(config: Config, ruleset: str, line: Text) -> None:
    for name, place, pattern in _RULES:
        if ruleset == place and pattern.match(line.text):
            args = (Text([Run("domain", None)]),) if "<D:" in line.text or "<E:" in line.text else ()
            config.features.setdefault(name, Feature(line.whole(), args))


def _option(config: Config, line: Text) -> None:
    found = _OPTION.match(line.text)
    if found is None:
        return
    value = line.part(found.end(), len(line.text.rstrip()))
    if found[1].lower() == "daemonportoptions":
        config.daemons.append(value)
        return
    if found[1].lower() == "clientportoptions":
        config.macros["{client}"] = value
        return
    name = _OPTIONS.get(found[1].lower(), found[1])
    before = config.settings.get(name)
    if before is not None and before.value is not None and name in _LISTS and len(before.origins) < _MOST:
        value = Text([*before.value.runs, Run(", ", None), *value.runs])
    where = line.part(found.end(), len(line.text)).whole() or line.whole()
    origins = (*(before.origins[-_MOST:] if before else ()), *sets(where))
    config.settings[name] = Setting(value, origins)


def _macro(config: Config, line: Text) -> None:
    found = _NAME.match(line.text, 1)
    if found is None:
        return
    name = found[1] if found[1] is not None else found[2]
    value = line.part(found.end(), len(line.text.rstrip()))
    config.macros[name] = value
    if name == "Z":
        version = re.match(r"(\d+)\.(\d+)", value.text)
        if version and not config.fixed:
            config.numbers = (int(version[1]), int(version[2]))
        config.debian = config.debian or "Debian" in value.text


def _class(config: Config, line: Text) -> None:
    found = _NAME.match(line.text, 1)
    if found is not None:
        class_words(config, found[1] if found[1] is not None else found[2], line.part(found.end(), len(line.text)))


def class_words(config: Config, name: str, text: Text) -> None:
    """Words for a class."""
    words = config.classes.setdefault(name, [])
    words += [Word(m[0], text.span(m.start(), m.end())) for m in re.finditer(r"\S+", text.text)]


def _file(config: Config, line: Text) -> None:
    found = _NAME.match(line.text, 1)
    if found is not None:
        value = line.part(found.end(), len(line.text))
        class_file(config, found[1] if found[1] is not None else found[2], value.text)


def class_file(config: Config, name: str, text: str) -> None:
    """A file whose words go to a class; ``-o`` before it says that it need not be there."""
    words = text.removeprefix("-o ").split()
    if words:
        config.class_files.setdefault(name, []).append(words[0])


def _map(config: Config, line: Text) -> None:
    found = re.match(r"K(\S+)[ \t]+", line.text)
    if found is not None:
        config.maps[found[1]] = line.part(found.end(), len(line.text.rstrip()))


def _mailer(config: Config, line: Text) -> None:
    found = re.match(r"M(relay|esmtp|smtp)\b.*?\bA=([^\n,]*)", line.text, re.DOTALL)
    if found is not None:
        config.macros[f"{{{found[1]}}}"] = line.part(found.start(2), found.end(2))


_HANDLERS = {"O": _option, "D": _macro, "C": _class, "F": _file, "K": _map, "M": _mailer}
