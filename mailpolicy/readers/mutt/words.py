"""Words of a line: quotes, backslashes, commands in back quotes and settings that are expanded.

After ``mutt_extract_token`` of mutt 2.2 and ``parse_extract_token`` of NeoMutt, which are alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from mailpolicy.readers.mutt.chars import COMMAND, Text, instead, joined

BLANK = " \t\r\f\v"
_QUOTED = {"'": re.compile("[^']+"), '"': re.compile(r"[^\"\\`$]+")}
_SPACED = re.compile(r"[^#;\"'\\`$]+")
_ORDINARY = {ends: re.compile(rf"[^\s#;\"'\\`${re.escape(ends)}]+") for ends in ("", "=", "=?+-")}
_NAME = re.compile(r"[A-Za-z]\w*")
_ESCAPES = {"r": "\r", "n": "\n", "t": "\t", "f": "\f", "e": "\033"}

Expand = Callable[[Text], Text]
"""The text of a ``$name``."""


class Unended(Exception):
    """A quoted command or a backslash that the line does not end."""


class Words:
    """Reads a line word by word."""

    def __init__(self, line: Text, expand: Expand) -> None:
        self.line, self.expand = line, expand
        self.at = 0
        self.skip()

    @property
    def peek(self) -> str:
        """The next character; nothing at the end."""
        return self.line.text[self.at : self.at + 1]

    @property
    def more(self) -> bool:
        """Whether the command has more words."""
        return self.peek not in ("", ";", "#")

    def skip(self) -> None:
        """Passes over blanks."""
        text, at = self.line.text, self.at
        while at < len(text) and text[at].isspace():
            at += 1
        self.at = at

    def rest(self) -> Text:
        """All that is left of the line."""
        found = self.line.slice(self.at, len(self.line.text))
        self.at = len(self.line.text)
        return found

    def word(self, ends: str = "", spaces: bool = False) -> Text:
        """The next word. ``ends``: characters that end it too; ``spaces``: blanks do not. Raises Unended."""
        self.skip()
        text = self.line.text
        parts: list[Text] = []
        quote = ""
        stop = "#;" + ends
        unquoted = _SPACED if spaces else _ORDINARY[ends]
        while self.at < len(text):
            found = (_QUOTED[quote] if quote else unquoted).match(text, self.at)
            if found:
                parts.append(self.line.slice(self.at, found.end()))
                self.at = found.end()
                continue
            char = text[self.at]
            if not quote and (char in stop or (char.isspace() and not spaces)):
                break
            self.at += 1
            if char == quote:
                quote = ""
            elif not quote and char in "\"'":
                quote = char
            elif char == "\\" and quote != "'":
                parts.append(self._escaped())
            elif char == "`" and quote != "'":
                parts.append(self._command())
            elif char == "$" and quote != "'" and (self.peek == "{" or self.peek.isalpha()):
                parts.append(self._expanded())
            else:
                parts.append(self.line.slice(self.at - 1, self.at))
        self.skip()
        if len(parts) == 1:
            return parts[0]
        return joined(parts) if parts else Text("", self.line.slice(max(0, self.at - 1), self.at).runs)

    def _escaped(self) -> Text:
        start = self.at - 1
        char = self.peek
        self.at += 1
        if not char:
            raise Unended
        if char in "cC":
            found = self.peek
            self.at += 1
            if not found:
                raise Unended
            made = chr((ord(found.upper()) - 64) & 0x7F)
        elif char.isdigit() and re.match(r"\d\d", self.line.text[self.at : self.at + 2]):
            made = chr(int(char) * 64 + int(self.line.text[self.at]) * 8 + int(self.line.text[self.at + 1]))
            self.at += 2
        else:
            made = _ESCAPES.get(char, char)
            if made == char:
                return self.line.slice(start + 1, start + 2)
        return instead(made, self.line.slice(start, start + 1))

    def _command(self) -> Text:
        start = self.at - 1
        text = self.line.text
        while self.at < len(text) and text[self.at] != "`":
            self.at += 2 if text[self.at] == "\\" else 1
        if self.at >= len(text):
            raise Unended
        self.at += 1
        return instead(COMMAND, self.line.slice(start, self.at))

    def _expanded(self) -> Text:
        text = self.line.text
        if self.peek == "{":
            end = text.find("}", self.at)
            if end < 0:
                self.at += 1
                return Text("")
            name = self.line.slice(self.at + 1, end)
            self.at = end + 1
            return self.expand(name)
        found = _NAME.match(text, self.at)
        assert found is not None
        self.at = found.end()
        return self.expand(self.line.slice(found.start(), found.end()))
