"""A piece of a source line cut to fit a terminal, and where in it the marked text lies."""

from __future__ import annotations

from functools import lru_cache

from mailpolicy.report.wording import printable

TAB = 4
"""Columns of a tab stop."""


@lru_cache(256)
def window(line: str, column: int, end_column: int, width: int) -> tuple[str, int, int]:
    """The line around a span, at most ``width`` terminal columns wide, with … where it is cut.

    ``column`` and ``end_column`` are 1-based, the end exclusive. Returns the text, the terminal
    columns before the span, and those of the span (at least one).
    """
    line = line.rstrip()
    start = min(column - 1, len(line))
    end = max(start + 1, min(end_column - 1, len(line)))
    low, high = max(0, start - width), min(len(line), max(end, start) + width, start + 2 * width)
    cells = _cells(line[low:high], low == 0)
    left, right = _fit([wide for _, wide in cells], start - low, end - low, width, low > 0, high < len(line))
    cut_left, cut_right = low + left > 0, low + right < len(line)
    text = "".join(cell for cell, _ in cells[left:right])
    before = sum(wide for _, wide in cells[left : start - low]) + cut_left
    marked = sum(wide for _, wide in cells[start - low : min(end - low, right)])
    return f"{'…' * cut_left}{text}{'…' * cut_right}", before, max(1, marked)


def _fit(wide: list[int], start: int, end: int, width: int, more_left: bool, more_right: bool) -> tuple[int, int]:
    """First and last cell to show: all if that fits, else the span and as much on either side; two columns are for …"""
    if sum(wide) <= width and not more_left and not more_right:
        return 0, len(wide)
    room = width - 2
    right = start
    while right < min(end, len(wide)) and wide[right] <= room:
        room -= wide[right]
        right += 1
    left = start
    while True:
        grow_left = left > 0 and wide[left - 1] <= room
        if grow_left:
            left -= 1
            room -= wide[left]
        grow_right = right >= end and right < len(wide) and wide[right] <= room
        if grow_right:
            room -= wide[right]
            right += 1
        if not grow_left and not grow_right:
            return left, right


def _cells(text: str, from_start: bool) -> list[tuple[str, int]]:
    """Each character as it is shown, and its terminal columns. Tabs stop from the line's start, where that is known."""
    if text.isascii() and text.isprintable():
        return [(character, 1) for character in text]
    cells: list[tuple[str, int]] = []
    at = 0
    for character in text:
        if character == "\t":
            wide = TAB - at % TAB if from_start else TAB
            cells.append((" " * wide, wide))
        else:
            cells.append(_cell(character))
        at += cells[-1][1]
    return cells


def _cell(character: str) -> tuple[str, int]:
    shown = printable(character)
    if shown != character or character.isascii():
        return shown, len(shown)
    from unicodedata import combining, east_asian_width

    if combining(character):
        return character, 0
    return character, 2 if east_asian_width(character) in "WF" else 1
