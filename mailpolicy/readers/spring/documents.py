"""The documents of a file of Spring's properties, and the profile that each is for.

After OriginTrackedPropertiesLoader and OriginTrackedYamlLoader of Spring Boot: ``#---`` parts documents, blanks at the
end of a value are kept, names are the same with and without dashes, and YAML 1.1 has yes and no.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from mailpolicy.applications.spring import OWN, PREFIX, PROPERTIES
from mailpolicy.envfile import KEPT, Setting
from mailpolicy.lean import TYPE_CHECKING, NamedTuple
from mailpolicy.text import Source
from mailpolicy.types import Span

if TYPE_CHECKING:
    from mailpolicy.strict_yaml import Node
    from mailpolicy.template_yaml import Document

_OWN = {(PREFIX + name).replace("-", ""): PREFIX + name for name in OWN}
_ACTIVATION = ("spring.config.activate.onprofile", "spring.profiles", "spring.config.activate.oncloudplatform")
_FILLED = re.compile(r"\$\{|@[\w.-]+@|\{\{|<%|\ue000|%%\w+%%")
_SEALED = re.compile(r"ENC\(.*\)|\{cipher\}.*", re.DOTALL)
"""Values of Jasypt and of Spring Cloud Config, which only a key opens."""
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(.))", re.DOTALL)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f"}
_KEY = re.compile(r"(?:[^\\=: \t\f]|\\.)*")
_BETWEEN = re.compile(r"[ \t\f]*[=:]?[ \t\f]*")
_ELSEWHERE = "$"
"""Instead of the name of a setting that another property or the environment fills in."""
_WORDS = {**dict.fromkeys(("yes", "on"), "true"), **dict.fromkeys(("no", "off"), "false")}


class Layer(NamedTuple):
    """What one document sets about mail; ``profile`` is "" where it holds for all."""

    path: str
    profile: str
    settings: Mapping[str, Setting]


def layers(source: Source, profile: str) -> list[Layer]:
    """The documents of a file in their order; ``profile`` is that of the file's name. Raises YamlError."""
    properties = re.search(r"\.properties(\.|$)", source.path) is not None
    found = _properties(source) if properties else _yaml(source)
    return [_layer(source.path, profile, list(one)) for one in found]


def _layer(path: str, profile: str, pairs: list[tuple[str, Setting]]) -> Layer:
    settings: dict[str, Setting] = {}
    for key, one in pairs:
        name = canonical(key)
        if name in _ACTIVATION or name.startswith(tuple(f"{word}[" for word in _ACTIVATION)):
            profile = profile or one.value or "?"
        elif name.startswith(PREFIX):
            settings.pop(name + KEPT, None)
            settings[name] = one._replace(name=name)
            if one.value is None and one.name == _ELSEWHERE:
                settings[name + KEPT] = Setting(name + KEPT, "environment", one.where)
            elif one.value is not None and _SEALED.fullmatch(one.value):
                settings[name] = Setting(name, None, one.where)
                settings[name + KEPT] = Setting(name + KEPT, "file", one.where)
    return Layer(path, profile, settings)


def canonical(key: str) -> str:
    """A name in the form that ``OWN`` has; the properties of Jakarta Mail keep theirs."""
    start = re.match(r"(?i)spring\.mail\.properties(?:\.|(?=\[))", key)
    if start:
        return PROPERTIES + key[start.end() :].replace("[", "").replace("]", "")
    plain = re.sub(r"[-_]", "", key.lower())
    return _OWN.get(plain, plain)


def _setting(value: str, where: Span) -> Setting:
    filled = _FILLED.search(value)
    return Setting(_ELSEWHERE if filled and filled[0] == "${" else "", None if filled else value, where)


def _properties(source: Source) -> Iterator[list[tuple[str, Setting]]]:
    """The pairs of each document of a properties file."""
    found: list[tuple[str, Setting]] = []
    text, at = source.text, 0
    while at < len(text):
        start, end = at, _end(text, at)
        at = end + 1
        body = text[start:end].rstrip("\r")
        lead = len(body) - len(body.lstrip(" \t\f"))
        if body[lead : lead + 1] in ("#", "!"):
            if body.rstrip() in ("#---", "!---"):
                yield found
                found = []
            continue
        while _goes_on(body) and at < len(text):
            more, at = _end(text, at), _end(text, at) + 1
            body = body[:-1] + text[end + 1 : more].rstrip("\r").lstrip(" \t\f")
            end = more
        if lead < len(body):
            found.append(_pair(source, body, start, lead))
    yield found


def _end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _goes_on(body: str) -> bool:
    """Whether a backslash at its end puts the next line to it."""
    return (len(body) - len(body.rstrip("\\"))) % 2 == 1


def _pair(source: Source, body: str, start: int, lead: int) -> tuple[str, Setting]:
    key = _KEY.match(body, lead)
    stop = key.end() if key else lead
    between = _BETWEEN.match(body, stop)
    at = between.end() if between else stop
    value = body[at:]
    end = start + at + len(value.rstrip())
    where = source.span(start + at, end) if value.strip() else source.span(start + lead, start + max(stop, lead + 1))
    return _unescaped(body[lead:stop]), _setting(_unescaped(value), where)


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    return _ESCAPE.sub(lambda one: chr(int(one[1], 16)) if one[1] else _LETTERS.get(one[2], one[2]), text)


def _yaml(source: Source) -> Iterator[list[tuple[str, Setting]]]:
    from mailpolicy import template_yaml

    for document in template_yaml.read_all(source):
        yield list(_flat(document, document.top, ""))


def _flat(document: Document, node: Node, path: str) -> Iterator[tuple[str, Setting]]:
    """The scalars of a tree by their path; only what may be about mail or profiles is gone into."""
    for key, inner in (node.items or {}).items():
        name = f"{path}.{key}" if path else key
        if not path and not name.lower().startswith("spring"):
            continue
        if inner.items is not None:
            yield from _flat(document, inner, name)
        elif inner.entries is not None:
            words = [str(one.scalar) for one in inner.entries]
            yield name, Setting("", ",".join(words), inner.where)
        else:
            one = document.setting("", inner)
            value = str(inner.scalar) if one.value is None and inner.scalar is not None else one.value
            if value is not None and not document.quoted(inner):
                value = _WORDS.get(value.lower(), value)
            made = _setting(value, one.where) if value is not None else one
            yield name, made if one.value is not None else made._replace(value=None)
