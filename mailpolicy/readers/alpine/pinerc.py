"""Variables of a pinerc, as ``read_pinerc`` of Alpine 2.26 has them."""

from __future__ import annotations

import re

from mailpolicy.lean import NamedTuple
from mailpolicy.text import Source

FOLDERS = (
    "inbox-path", "incoming-folders", "folder-collections", "incoming-archive-folders", "pruned-folders",
    "default-fcc", "default-saved-msg-folder", "postponed-folder", "read-message-folder", "form-letter-folder",
    "trash-folder", "address-book", "global-address-book", "signature-file",
)  # fmt: skip
"""Variables whose values name folders, which may be remote."""
LISTS = frozenset({"smtp-server", "incoming-folders", "folder-collections", "incoming-archive-folders", "feature-list",
                   "pruned-folders", "address-book", "global-address-book"})  # fmt: skip
_TELLING = ("personal-name", "user-domain", "feature-list", "user-id", "nntp-server", "initial-keystroke-list",
            "composer-wrap-column", "last-version-used", "sendmail-path", "encryption-protocol-range")  # fmt: skip
KNOWN = frozenset({"smtp-server", *FOLDERS, *_TELLING})
"""Variables of which every pinerc has some."""


class Piece(NamedTuple):
    """A value, or an element of a list, without the quotes around it; ``start`` is its offset in the file."""

    text: str
    start: int


def variables(source: Source) -> dict[str, tuple[Piece, ...]]:
    """The values of all known variables; the last of several of one name holds."""
    found: dict[str, tuple[Piece, ...]] = {}
    text = source.text
    for match in re.finditer(r"^(?P<name>[A-Za-z][\w-]*)[ \t]*=[ \t]*(?P<value>[^\n]*)", text, re.MULTILINE):
        name = match["name"].lower()
        if name not in KNOWN:
            continue
        start, end = match.span("value")
        if name in LISTS:
            found[name] = tuple(_elements(text, start, _end_of_list(text, end)))
        else:
            found[name] = tuple(_plain(text, start, end))
    return found


def _end_of_list(text: str, end: int) -> int:
    """Lines that begin with a blank go on with a list."""
    while text[end + 1 : end + 2] in (" ", "\t") and end < len(text):
        after = text.find("\n", end + 1)
        end = len(text) if after < 0 else after
    return end


def _plain(text: str, start: int, end: int) -> list[Piece]:
    if text[start : start + 1] == '"':
        close = text.find('"', start + 1, end)
        start, end = start + 1, close if close >= 0 else end
    piece = text[start:end].rstrip()
    return [Piece(piece, start)] if piece else []


def _elements(text: str, start: int, end: int) -> list[Piece]:
    """Elements between commas and line ends that are not quoted."""
    found = []
    for match in re.finditer(r"(?:\"[^\"]*\"?|[^\",\n])+", text[start:end]):
        raw = match[0].strip()
        at = start + match.start() + len(match[0]) - len(match[0].lstrip())
        if len(raw) > 1 and raw[0] == raw[-1] == '"' and '"' not in raw[1:-1]:
            raw, at = raw[1:-1], at + 1
        if raw:
            found.append(Piece(raw, at))
    return found
