"""XML to elements whose texts and attributes know where they stand in the file.

Expat counts bytes of what it is fed. It is fed ASCII: every other character is replaced by one
letter, so that its offsets are offsets into the text; values are then taken from the text itself.
Template blocks are blanked the same way. Entity declarations are refused: no mail configuration needs them,
and they can unfold without bound or name other files.
"""

from __future__ import annotations

import re

from mailpolicy.lean import NamedTuple

_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_NOT_BLANK = re.compile(r"[^\r\n]")
_OPENERS = re.compile(r"\{\{|\{%|\{#|<%|<\?php\b|<\?=")
_CLOSERS = {"{{": "}}", "{%": "%}", "{#": "#}", "<%": "%>", "<?php": "?>", "<?=": "?>"}
_ATTRIBUTE = re.compile(r"\s+([^\s=/>]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_NAME = re.compile(r"<[^\s/>]+")
_MOST = 100_000
"""Most elements that a file may hold."""


class Text(NamedTuple):
    """A piece of text and its offsets in the file, without the blanks around it."""

    value: str
    start: int
    end: int


class Element(NamedTuple):
    """An element: its name without prefix, where its tag begins, what it holds."""

    name: str
    start: int
    text: Text
    attributes: dict[str, Text]
    children: list[Element]

    def all(self, name: str) -> list[Element]:
        """Children of a name, in order."""
        return [child for child in self.children if child.name == name]

    def first(self, name: str) -> Element | None:
        """The first child of a name."""
        return next((child for child in self.children if child.name == name), None)


class NotXml(Exception):
    """Not well formed, or refused; ``at`` is the offset."""

    def __init__(self, why: str, at: int) -> None:
        super().__init__(why)
        self.at = at


class _Open:
    def __init__(self, name: str, start: int) -> None:
        self.name = name
        self.start = start
        self.pieces: list[Text] = []
        self.children: list[Element] = []


def blanked(text: str) -> str:
    """The text with template blocks (Jinja, ERB, Go, PHP) as blanks of the same length."""
    out: list[str] = []
    done = 0
    missing: set[str] = set()
    while (found := _OPENERS.search(text, done)) is not None:
        opener = found[0]
        stop = -1 if opener in missing else text.find(_CLOSERS[opener], found.end())
        end = found.end() if stop < 0 else stop + len(_CLOSERS[opener])
        if stop < 0:
            missing.add(opener)
            out.append(text[done:end])
        else:
            out.append(text[done : found.start()])
            out.append(_NOT_BLANK.sub(" ", text[found.start() : end]))
        done = end
    out.append(text[done:])
    return "".join(out)


def _fed(text: str) -> bytes:
    masked = _NOT_ASCII.sub("x", blanked(text))
    declaration = re.match(r"\s*(<\?xml\s[^>]*\?>)", masked)
    if declaration and masked[: declaration.start(1)] and text[: declaration.start(1)].strip():
        end = declaration.end(1)
        masked = _NOT_BLANK.sub(" ", masked[:end]) + masked[end:]
    return masked.encode("ascii")


class _Builder:
    def __init__(self, text: str) -> None:
        from xml.parsers import expat  # late: most runs read no XML

        self.text = text
        self.stack: list[_Open] = []
        self.root: Element | None = None
        self.count = 0
        self.parser = parser = expat.ParserCreate("us-ascii")
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.data
        parser.EntityDeclHandler = self.entity
        parser.ExternalEntityRefHandler = self.external
        self.error = expat.ExpatError

    def build(self) -> Element:
        try:
            self.parser.Parse(_fed(self.text), True)
        except self.error as problem:
            words = str(problem).partition(":")[0]
            raise NotXml(f"is not well-formed XML: {words}", self.parser.ErrorByteIndex) from None
        if self.root is None:
            raise NotXml("holds no XML element", 0)
        return self.root

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.count += 1
        if self.count > _MOST:
            raise NotXml(f"holds more than {_MOST} elements", self.parser.CurrentByteIndex)
        self.stack.append(_Open(name.rpartition(":")[2], self.parser.CurrentByteIndex))

    def end(self, name: str) -> None:
        open_ = self.stack.pop()
        element = Element(open_.name, open_.start, _joined(open_), _attributes(self.text, open_.start), open_.children)
        if self.stack:
            self.stack[-1].children.append(element)
        else:
            self.root = element

    def data(self, data: str) -> None:
        if not self.stack:
            return
        at = self.parser.CurrentByteIndex
        raw = self.text[at : at + len(data)]
        end = at + len(data)
        if raw[:1] == "&" and not data.startswith("&amp;"):
            stop = self.text.find(";", at, at + 12)
            raw, end = (data, stop + 1) if stop > 0 else (raw, end)
        self.stack[-1].pieces.append(Text(raw, at, end))

    def entity(self, *_: object) -> None:
        raise NotXml("declares entities, which are refused", self.parser.CurrentByteIndex)

    def external(self, *_: object) -> int:
        raise NotXml("refers to an external entity, which is refused", self.parser.CurrentByteIndex)


def _joined(open_: _Open) -> Text:
    """The text directly in an element, without the blanks around it; comments inside it are left out."""
    pieces = [piece for piece in open_.pieces if piece.value.strip()]
    if not pieces:
        return Text("", open_.start, open_.start)
    first, last = pieces[0], pieces[-1]
    value = "".join(piece.value for piece in open_.pieces).strip()
    start = first.start + len(first.value) - len(first.value.lstrip())
    return Text(value, start, last.end - (len(last.value) - len(last.value.rstrip())))


def _attributes(text: str, start: int) -> dict[str, Text]:
    """Attributes of the tag that begins at ``start``; the tag is known to be well formed."""
    found: dict[str, Text] = {}
    name = _NAME.match(text, start)
    at = name.end() if name else start
    while (match := _ATTRIBUTE.match(text, at)) is not None:
        group = 2 if match[2] is not None else 3
        found[match[1]] = Text(match[group], match.start(group), match.end(group))
        at = match.end()
    return found


def elements(text: str) -> Element:
    """The root element of a text. Raises NotXml."""
    return _Builder(text).build()
