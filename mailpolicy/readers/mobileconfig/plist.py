"""Apple property lists with positions: XML ones, binary ones, and those inside a CMS signature.

plist(5), CFBinaryPList.c by way of plistlib, and RFC 5652 for signed profiles. What is not text has no
positions: all of it stands at line 1, column 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailpolicy.lean import NamedTuple
from mailpolicy.text import Source, decode
from mailpolicy.tree import Tree
from mailpolicy.types import Span, Unreadable
from mailpolicy.xml_positions import Element, NotXml, elements

_DEEP = 40
_TAG = re.compile(r"<(?=\{[{%])[^<>\n]{0,500}/>")
_FILLED = re.compile(
    r"\{\{|\{%|<%|<\?php|<\?=|\$\{\w+\}|\{\$?\w+\}|%\w+%|(?<!\w)__\w+?__(?!\w)|@[A-Z_0-9]+@|\A[A-Z0-9]*_[A-Z0-9_]*\Z"
)
_SIGNED = bytes.fromhex("2a864886f70d010702")
"""The object identifier id-signedData."""


class Item(NamedTuple):
    """A value and where it stands. ``scalar`` is None where a template fills it in."""

    where: Span
    scalar: str | int | bool | float | None = None
    items: dict[str, Item] | None = None
    entries: tuple[Item, ...] | None = None
    key: Span | None = None


class PlistError(Unreadable):
    """No property list. Carries the position."""

    def __init__(self, why: str, where: Span) -> None:
        super().__init__(why)
        self.where = where


def load(tree: Tree, path: str) -> Item:
    """The top value of a file. Raises PlistError, or Unreadable for a file that cannot be read."""
    data = tree.data(path)
    start = Span(path, 1, 1, 2)
    if data[:1] == b"\x30":
        content = _signed(data)
        if content is None:
            raise PlistError("is neither a property list nor a signed one", start)
        if content[:8] == b"bplist00":
            return _binary(content, start)
        return _placed(_xml(decode(path, content)), start)
    if data[:8] == b"bplist00":
        return _binary(data, start)
    return _xml(tree.source(path))


def _xml(source: Source) -> Item:
    text = _TAG.sub(lambda found: "<t" + " " * (len(found[0]) - 4) + "/>", source.text)
    try:
        root = elements(text)
    except NotXml as problem:
        raise PlistError(str(problem), source.span(problem.at)) from None
    if root.name != "plist" or not root.children:
        raise PlistError("is no property list", source.span(root.start + 1, root.start + 1 + len(root.name)))
    return _item(source, root.children[0], 0)


def _item(source: Source, element: Element, depth: int) -> Item:
    text = element.text
    tag = source.span(element.start + 1, element.start + 1 + max(1, len(element.name)))
    if depth > _DEEP:
        raise PlistError("is nested too deeply", tag)
    if element.name == "dict":
        return Item(tag, items=_dict(source, element, depth))
    if element.name == "array":
        return Item(tag, entries=tuple(_item(source, child, depth + 1) for child in element.children))
    if element.name in ("true", "false"):
        return Item(tag, element.name == "true")
    where = source.span(text.start, text.end) if text.value else tag
    if element.name == "t" or _FILLED.search(text.value):
        return Item(where)
    if element.name in ("integer", "real"):
        number = text.value.split(".")[0]
        return Item(where, int(number) if re.fullmatch(r"[+-]?[0-9]{1,9}", number) else text.value)
    return Item(where, text.value)


def _dict(source: Source, element: Element, depth: int) -> dict[str, Item]:
    """Keys and the values after them; a key without a value is passed over."""
    found: dict[str, Item] = {}
    key: Element | None = None
    for child in element.children:
        if child.name == "key":
            key = child
        elif key is not None:
            where = source.span(key.text.start, key.text.end)
            found[key.text.value] = _item(source, child, depth + 1)._replace(key=where)
            key = None
    return found


def _binary(data: bytes, start: Span) -> Item:
    import plistlib  # late: most runs read no property list

    try:
        return _plain(plistlib.loads(data, fmt=plistlib.FMT_BINARY), start, iter(range(100_000)), 0)
    except PlistError:
        raise
    except Exception as problem:  # plistlib raises whatever struct, indexes and recursion raise
        raise PlistError(f"is no whole binary property list ({type(problem).__name__})", start) from None


def _plain(value: object, start: Span, budget: Iterator[int], depth: int) -> Item:
    if next(budget, None) is None or depth > _DEEP:
        raise PlistError("holds too much or is nested too deeply", start)
    if isinstance(value, dict):
        return Item(start, items={str(k): _plain(v, start, budget, depth + 1) for k, v in value.items()}, key=start)
    if isinstance(value, list):
        return Item(start, entries=tuple(_plain(one, start, budget, depth + 1) for one in value), key=start)
    return Item(start, value if isinstance(value, str | int | float | bool) else "", key=start)


def _placed(item: Item, start: Span) -> Item:
    """The same value with no other position than the start of the file."""
    return Item(
        start,
        item.scalar,
        None if item.items is None else {key: _placed(one, start) for key, one in item.items.items()},
        None if item.entries is None else tuple(_placed(one, start) for one in item.entries),
        start,
    )


def _signed(data: bytes) -> bytes | None:
    """What a CMS signature signs: the content of SignedData, in one piece or many; None where there is none."""
    try:
        outer = next(_values(data, 0, len(data)))  # a line end behind it is no harm
        kind, wrapped = list(_values(data, *outer[1:]))[:2]
        if data[slice(*kind[1:])] != _SIGNED:
            return None
        (signed,) = list(_values(data, *wrapped[1:]))[:1]
        parts = list(_values(data, *signed[1:]))
        _, content = list(_values(data, *parts[2][1:]))[:2]
        return b"".join(_octets(data, *content[1:], 0))
    except (IndexError, ValueError, StopIteration):
        return None


def _octets(data: bytes, start: int, end: int, depth: int) -> Iterator[bytes]:
    if depth > 8:
        raise ValueError
    for tag, first, last in _values(data, start, end):
        if tag == 0x04:
            yield data[first:last]
        elif tag == 0x24:
            yield from _octets(data, first, last, depth + 1)


def _values(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Tag, start and end of the values in a part of BER (X.690). Raises IndexError or ValueError where it is cut."""
    at = start
    while at < end:
        tag, length, at = data[at], data[at + 1], at + 2
        if tag == 0 and length == 0:
            return
        if length == 0x80:
            stop = _end(data, at, end, 0)
            yield tag, at, stop
            at = stop + 2
            continue
        if length > 0x80:
            size = length - 0x80
            if size > 4:
                raise ValueError
            length, at = int.from_bytes(data[at : at + size]), at + size
        if at + length > end:
            raise ValueError
        yield tag, at, at + length
        at += length


def _end(data: bytes, at: int, end: int, depth: int) -> int:
    """Where the two zero bytes stand that end a value of indefinite length."""
    if depth > 12:
        raise ValueError
    while at + 1 < end:
        tag, length = data[at], data[at + 1]
        if tag == 0 and length == 0:
            return at
        at += 2
        if length == 0x80:
            at = _end(data, at, end, depth + 1) + 2
        elif length > 0x80:
            size = length - 0x80
            at += size + int.from_bytes(data[at : at + size])
        else:
            at += length
    raise ValueError
