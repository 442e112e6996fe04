"""String expansion (exim spec, chapter 11), as far as files decide it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

SOME = "\ue000"
"""Stands for text that is surely not empty and otherwise unknown."""
DEEPEST = 40
_NAME = re.compile(r"[A-Za-z_]\w*")
_NUMBER = re.compile(r"\s*-?\d+\s*$")
_TWO = ("eq", "eqi", "match", "match_ip", "match_domain", "match_address", "match_local_part", "inlist", "inlisti")
_NUMERIC = ("==", "=", ">=", "<=", ">", "<")
_LITERAL = re.compile(r"\^?(?:[\w@: -]|\\[.\\])*\$?$")


class Failed(Exception):
    """A forced failure (the word ``fail``)."""


class Broken(Exception):
    """Text that is no valid expansion, or too deep."""


Lists = Callable[[str, str, str], "bool | None"]
"""Kind of match, subject, list: whether it matches."""


class Expander:
    """Expands strings for one client. ``variables`` holds what is known; the rest is unknown."""

    def __init__(self, variables: Mapping[str, str | None], exists: Callable[[str], bool | None], lists: Lists) -> None:
        self.variables, self.exists, self.lists = variables, exists, lists

    def expand(self, text: str) -> str | None:
        """The text, None where it is unknown. Raises Failed on a forced failure."""
        if "$" not in text and "\\" not in text:
            return text
        try:
            value, _ = self._string(text, 0, False, 0)
        except Broken:
            return None
        return value

    def truth(self, text: str) -> bool | None:
        """Whether a condition holds: not empty, 0, no or false."""
        try:
            value = self.expand(text)
        except Failed:
            return False
        if value is None:
            return None
        return value.strip().lower() not in ("", "0", "no", "false")

    def _string(self, text: str, at: int, inner: bool, depth: int) -> tuple[str | None, int]:
        if depth > DEEPEST:
            raise Broken
        out: list[str] | None = []
        while at < len(text):
            char = text[at]
            if inner and char == "}":
                break
            piece: str | None = char
            if char == "\\" and text.startswith("\\N", at):
                end = text.find("\\N", at + 2)
                end = len(text) if end < 0 else end
                piece, at = text[at + 2 : end], end + 2
            elif char == "\\" and at + 1 < len(text):
                piece, at = {"n": "\n", "t": "\t", "r": "\r"}.get(text[at + 1], text[at + 1]), at + 2
            elif char == "$" and at + 1 < len(text):
                piece, at = self._dollar(text, at + 1, depth)
            else:
                at += 1
            if piece is None:
                out = None
            elif out is not None:
                out.append(piece)
        return None if out is None else "".join(out), at

    def _dollar(self, text: str, at: int, depth: int) -> tuple[str | None, int]:
        if text[at] != "{":
            found = _NAME.match(text, at)
            if found is None:
                return (None, at + 1) if text[at].isdigit() else ("$", at)
            end = found.end()
            if re.match(r"(?:[rbl]?h|header)_", found[0]):
                stop = re.compile(r"[^:\s}]*:?").match(text, end)
                return None, stop.end() if stop else end
            return self._variable(found[0]), end
        return self._item(text, at + 1, depth)

    def _variable(self, name: str) -> str | None:
        if name in self.variables:
            return self.variables[name]
        return "" if name.startswith(("acl_c", "acl_m")) else None

    def _item(self, text: str, at: int, depth: int) -> tuple[str | None, int]:
        found = re.compile(r"\s*(\w+)").match(text, at)
        if found is None:
            return None, _closing(text, at)
        name, end = found[1], found.end()
        if text[end : end + 1] == "}":
            return self._variable(name), end + 1
        if name == "if":
            return self._if(text, end, depth)
        if text[end : end + 1] == ":" and name in ("lc", "uc", "sg", "length", "strlen"):
            value, end = self._string(text, end + 1, True, depth + 1)
            made = {"lc": str.lower, "uc": str.upper}.get(name)
            return (made(value) if made and value is not None else None), end + 1
        return None, _closing(text, at)

    def _if(self, text: str, at: int, depth: int) -> tuple[str | None, int]:
        start = at
        truth, at = self._condition(text, at, depth + 1)
        branches: list[str | None] = []
        failed: list[bool] = []
        while len(branches) < 2:
            at = _blank(text, at)
            if text[at : at + 1] == "{":
                try:
                    value, end = self._string(text, at + 1, True, depth + 1)
                    failed.append(False)
                except Failed:
                    value, end = None, _closing(text, at + 1) - 1
                    failed.append(True)
                branches.append(value)
                at = end + 1
            elif re.match(r"fail\b", text[at : at + 5]):
                branches.append(None)
                failed.append(True)
                at += 4
            else:
                break
        at = _blank(text, at)
        if text[at : at + 1] != "}":
            return None, _closing(text, start)
        if not branches:
            branches, failed = ["true"], [False]
        if len(branches) == 1:
            branches, failed = [*branches, ""], [*failed, False]
        if truth is None:
            same = branches[0] is not None and branches[0] == branches[1] and not any(failed)
            return (branches[0] if same else None), at + 1
        index = 0 if truth else 1
        if failed[index]:
            raise Failed
        return branches[index], at + 1

    def _condition(self, text: str, at: int, depth: int) -> tuple[bool | None, int]:
        if depth > DEEPEST:
            raise Broken
        at = _blank(text, at)
        if text[at : at + 1] == "!" and text[at + 1 : at + 2] != "=":
            truth, at = self._condition(text, at + 1, depth + 1)
            return (None if truth is None else not truth), at
        numeric = next((word for word in _NUMERIC if text.startswith(word, at)), None)
        if numeric:
            arguments, at = self._arguments(text, at + len(numeric), 2, depth)
            return _compare(numeric, *arguments), at
        found = _NAME.match(text, at)
        if found is None:
            raise Broken
        name, at = found[0], found.end()
        if name == "def":
            return self._defined(text, at)
        if name in ("and", "or"):
            return self._several(name, text, at, depth)
        if name in _TWO:
            arguments, at = self._arguments(text, at, 2, depth)
            return self._two(name, *arguments), at
        if name in ("bool", "bool_lax", "exists", "isip", "isip4", "isip6"):
            (value,), at = self._arguments(text, at, 1, depth)
            return self._one(name, value), at
        at = _blank(text, at)
        while text[at : at + 1] == "{" and name not in ("first_delivery", "queue_running"):
            at = _blank(text, _closing(text, at + 1))
            if name in ("pam", "radius", "ldapauth", "exists"):
                break
            if name not in ("saslauthd", "acl") and text[at : at + 1] != "{":
                break
            if name in ("crypteq", "pwcheck", "forany", "forall"):
                at = _blank(text, _closing(text, at + 1)) if text[at : at + 1] == "{" else at
                break
            if name not in ("saslauthd", "acl"):
                at = _blank(text, _closing(text, at + 1))
            break
        return None, at

    def _defined(self, text: str, at: int) -> tuple[bool | None, int]:
        found = re.compile(r"\s*:\s*([\w-]+:?)").match(text, at)
        if found is None:
            raise Broken
        value = self._variable(found[1].rstrip(":"))
        return (None if value is None else value != ""), found.end()

    def _several(self, name: str, text: str, at: int, depth: int) -> tuple[bool | None, int]:
        at = _blank(text, at)
        if text[at : at + 1] != "{":
            raise Broken
        at, found = _blank(text, at + 1), []
        while text[at : at + 1] == "{":
            truth, at = self._condition(text, at + 1, depth + 1)
            at = _blank(text, at)
            if text[at : at + 1] != "}":
                raise Broken
            found.append(truth)
            at = _blank(text, at + 1)
        if text[at : at + 1] != "}":
            raise Broken
        short = name == "or"
        whole = short if short in found else None if None in found else not short
        return whole, at + 1

    def _arguments(self, text: str, at: int, count: int, depth: int) -> tuple[list[str | None], int]:
        values: list[str | None] = []
        for _ in range(count):
            at = _blank(text, at)
            if text[at : at + 1] != "{":
                raise Broken
            try:
                value, end = self._string(text, at + 1, True, depth + 1)
            except Failed:
                value, end = None, _closing(text, at + 1) - 1
            values.append(value)
            at = end + 1
        return values, at

    def _one(self, name: str, value: str | None) -> bool | None:
        if value is None or SOME in value:
            return None
        if name in ("bool", "bool_lax"):
            return value.strip().lower() not in ("", "0", "no", "false")
        if name == "exists":
            return self.exists(value)
        four = re.fullmatch(r"\d+(\.\d+){3}", value) is not None
        return {"isip": four or ":" in value, "isip4": four, "isip6": ":" in value}[name]

    def _two(self, name: str, left: str | None, right: str | None) -> bool | None:
        if left is None or right is None:
            return None
        if name in ("eq", "eqi"):
            if name == "eqi":
                left, right = left.lower(), right.lower()
            if SOME in left or SOME in right:
                return False if not left or not right else None
            return left == right
        if SOME in left:
            return None
        if name == "match":
            return _match(left, right)
        return self.lists(name, left, right)


def _match(subject: str, pattern: str) -> bool | None:
    """A regular expression that is plain text with anchors; others are left alone."""
    if len(pattern) > 200 or not _LITERAL.match(pattern):
        return None
    plain = pattern.removeprefix("^").removesuffix("$").replace("\\", "")
    front, back = pattern.startswith("^"), pattern.endswith("$")
    if front and back:
        return subject == plain
    return subject.startswith(plain) if front else subject.endswith(plain) if back else plain in subject


def _compare(word: str, left: str | None, right: str | None) -> bool | None:
    if left is None or right is None or not _NUMBER.match(left or "0") or not _NUMBER.match(right or "0"):
        return None
    a, b = int(left or "0"), int(right or "0")
    return {"==": a == b, "=": a == b, ">=": a >= b, "<=": a <= b, ">": a > b, "<": a < b}[word]


def _blank(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _closing(text: str, at: int) -> int:
    """Behind the brace that closes what is open at ``at``."""
    depth = 1
    while at < len(text) and depth:
        if text[at] == "\\":
            at += 1
        elif text[at] in "{}":
            depth += 1 if text[at] == "{" else -1
        at += 1
    return at
