"""What a Ruby file hands to Action Mailer: each hash of ``smtp_settings``, and the branch that it stands in.

Ruby is not run: literals are read, what anything else makes is unknown. A hash in a branch holds as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from mailpolicy.applications.rails import FLAGS
from mailpolicy.envfile import KEPT, Setting
from mailpolicy.lean import NamedTuple
from mailpolicy.placeholders import TEMPLATE
from mailpolicy.text import Source
from mailpolicy.types import Span

KEYS = ("address", "port", "user_name", "password", "authentication", "openssl_verify_mode", *FLAGS)
_STRING = r"'(?:[^'\\\n]|\\[^\n])*+'|\"(?:[^\"\\\n]|\\[^\n])*+\""
_TOKEN = re.compile(
    r"(?P<comment>#[^\n]*|^=begin\b.*?(?:^=end\b|\Z))"
    r"|<<[-~](?P<quote>['\"]?)(?P<tag>[A-Z_]\w*)(?P=quote)"
    r"|\b(?:action_mailer|ActionMailer::Base)\.(?P<what>smtp_settings|delivery_method|perform_deliveries)\b"
    rf"|{_STRING}|['\"][^\n]*"
    r"|(?<![.:\w])(?P<word>if|unless|case|while|until|begin|do|def|class|module|else|elsif|when|rescue|end)\b(?![:?(=])",
    re.MULTILINE | re.DOTALL,
)
_PIECE = re.compile(rf"#[^\n]*|{_STRING}|['\"][^\n]*|(?P<open>[({{\[])|(?P<close>[)}}\]])|(?P<comma>,)", re.DOTALL)
_KEY = re.compile(
    r"(?:\s|#[^\n]*(?:\n|\Z)|,)*+(?:(?P<splat>\*\*)"
    r"|(?::(?P<a>\w+)|:?[\"'](?P<b>\w+)[\"'])\s*=>\s*|[\"']?(?P<c>\w+)[\"']?:(?!:)\s*)"
)
_BETWEEN = re.compile(r"(?:\s|#[^\n]*(?:\n|\Z)|,)*+")
_IS = re.compile(r"[ \t]*(?P<or>\|\|)?=(?![=~>])\s*")
_ITEM = re.compile(r"[ \t]*\[[ \t]*(?::(?P<a>\w+)|[\"'](?P<b>\w+)[\"'])[ \t]*\][ \t]*(?:\|\|)?=(?![=~>])[ \t]*")
_ADDED = re.compile(r"[ \t]*\.(?:merge!|update|reverse_merge!)[ \t]*\(?[ \t]*\{?")
_LITERAL = re.compile(
    rf"(?P<string>{_STRING})(?:\.to_(?:i|sym))?(?:\.freeze)?"
    r"|(?P<bare>true|false|nil|\d[\d_]*|:\w+)|:?:?OpenSSL::SSL::VERIFY_(?P<mode>[A-Z_]+)"
)
_MODIFIER = re.compile(r"[^\n#]{0,500}?[ \t)}](?:if|unless)[ \t]")
_TAIL = re.compile(r"[ \t]*\.(?:deep_)?(?:reverse_)?merge\b")
_VALUE_END = re.compile(r"[^\n#]*")
Path = tuple[int, ...]


class Sender(NamedTuple):
    """One set of settings for SMTP."""

    name: str
    """What the file calls it; "" where it has no name."""
    where: Span
    settings: Mapping[str, Setting]
    sends: bool = True
    """Whether mail goes out by it."""
    fault: str = ""


class _Told(NamedTuple):
    what: str
    path: Path
    """The branches that it stands in."""
    where: Span
    settings: dict[str, Setting]
    word: str | None = None
    adds: bool = False


def senders(source: Source) -> Iterator[Sender]:
    """The settings that may hold in the end, each with what is said of how mail goes out where it holds."""
    told = list(_statements(source))
    hashes: list[_Told] = []
    for one in (one for one in told if one.what == "smtp_settings"):
        kept = [other for other in hashes if one.adds or other.path[: len(one.path)] != one.path]
        base = next((other for other in reversed(kept) if one.path[: len(other.path)] == other.path), None)
        if one.adds and base is not None:
            kept[kept.index(base)] = base._replace(settings=_added(base, one))
            hashes = kept
        else:
            hashes = [*kept, one]
    for one in hashes:
        yield Sender("", one.where, one.settings, _sends(told, one.path))


def _added(base: _Told, one: _Told) -> dict[str, Setting]:
    """The settings with those that are added; unknown where a branch adds them."""
    if one.path == base.path:
        return {**base.settings, **one.settings}
    return {**base.settings, **{name: setting._replace(value=None) for name, setting in one.settings.items()}}


def _sends(told: list[_Told], path: Path) -> bool:
    """Whether mail goes out by SMTP where a statement in these branches has been run."""
    words = {"delivery_method": "smtp", "perform_deliveries": "true"}
    for one in told:
        if one.what in words and path[: len(one.path)] == one.path:
            words[one.what] = one.word or {"delivery_method": "smtp"}.get(one.what, "true")
    return words["delivery_method"] == "smtp" and words["perform_deliveries"] != "false"


def _statements(source: Source) -> Iterator[_Told]:
    """The statements about Action Mailer, in their order."""
    text, at = source.text, 0
    blocks: list[int | None] = []
    """Of each open block: where its branch begins, None for one that is run for certain."""
    while found := _TOKEN.search(text, at):
        at = found.end()
        if found["tag"]:
            close = re.compile(rf"^[ \t]*{found['tag']}\b", re.MULTILINE).search(text, at)
            at = close.end() if close else len(text)
        elif found["word"]:
            _nest(text, found, blocks)
        elif found["what"]:
            path = tuple(one for one in blocks if one is not None)
            told, at = _statement(source, found, path)
            if told is not None:
                yield told


def _nest(text: str, found: re.Match[str], blocks: list[int | None]) -> None:
    word = found["word"]
    if word == "end":
        if blocks:
            blocks.pop()
        return
    if word in ("else", "elsif", "when", "rescue"):
        if blocks and (blocks[-1] is not None or word == "rescue"):
            blocks[-1] = found.start()
        return
    before = text[max(0, found.start() - 200) : found.start()].rstrip(" \t")
    modifies = word in ("if", "unless", "while", "until") and before[-1:] not in ("", "\n", ";", "=", "(")
    if not modifies and not (word == "do" and _loops(text, found.start())):
        blocks.append(found.start() if word in ("if", "unless", "case", "while", "until", "def") else None)


def _loops(text: str, at: int) -> bool:
    """Whether a ``do`` belongs to a loop, whose word has opened the block already."""
    near = max(0, at - 400)
    line = text[max(near, text.rfind("\n", near, at) + 1) : at]
    return re.match(r"[ \t]*(?:while|until|for)\b", line) is not None


def _statement(source: Source, found: re.Match[str], path: Path) -> tuple[_Told | None, int]:
    text, at, what = source.text, found.end(), found["what"]
    where = source.span(found.start(), at)
    item = _ITEM.match(text, at)
    if item and what == "smtp_settings":
        end = _line_end(text, item.end())
        key = item["a"] or item["b"]
        settings = _setting(source, key, item.end(), end, item.span("a" if item["a"] else "b"))
        return _Told(what, _modified(text, at, path), where, settings, adds=True), end
    added = _ADDED.match(text, at)
    if added and what == "smtp_settings":
        settings, end = _hash(source, added.end())
        return _Told(what, _modified(text, end, path), where, settings, adds=True), end
    given = _IS.match(text, at)
    if given is None:
        return None, at
    if what != "smtp_settings":
        literal = _LITERAL.match(text, given.end())
        word = None if literal is None else (literal["string"] or literal["bare"] or "").strip("'\":")
        return _Told(what, _modified(text, at, path), where, {}, word), given.end()
    if not text.startswith("{", given.end()):
        end = _line_end(text, given.end())
        value = source.span(given.end(), max(given.end() + 1, end))
        return _Told(what, _modified(text, at, path), where, _unknown(value, ())), end
    settings, end = _hash(source, given.end() + 1)
    if _TAIL.match(text, end):
        settings = {**settings, **_unknown(where, tuple(KEYS))}
    return _Told(what, _modified(text, end, path), where, settings), end


def _modified(text: str, at: int, path: Path) -> Path:
    """The branches of a statement, one more where a condition follows it on its line."""
    return (*path, at) if _MODIFIER.match(text, at) else path


def _line_end(text: str, at: int) -> int:
    found = _VALUE_END.match(text, at)
    return found.end() if found else at


def _unknown(where: Span, but: tuple[str, ...]) -> dict[str, Setting]:
    """All settings, but for some or for none, as unknown."""
    return {name: Setting(name, None, where) for name in KEYS if not but or name in but}


def _hash(source: Source, at: int) -> tuple[dict[str, Setting], int]:
    """The settings of a hash that begins at ``at``, after its brace, and where it ends."""
    text = source.text
    settings: dict[str, Setting] = {}
    while True:
        key = _KEY.match(text, at)
        if key is None:
            between = _BETWEEN.match(text, at)
            at = between.end() if between else at
            return settings, at + text.startswith(("}", ")"), at)
        end = _value_end(text, key.end())
        if key["splat"]:
            spread = source.span(key.start("splat"), max(key.end(), end))
            settings = _unknown(spread, ())
        else:
            group = next(one for one in "abc" if key[one])
            settings.pop(key[group] + KEPT, None)
            settings.update(_setting(source, key[group], key.end(), end, key.span(group)))
        at = end


def _value_end(text: str, at: int) -> int:
    """Where the value that begins at ``at`` ends: at a comma, or the bracket that closes the hash."""
    depth = 0
    for piece in _PIECE.finditer(text, at):
        if piece["open"]:
            depth += 1
        elif piece["close"]:
            depth -= 1
        if depth < 0 or (depth == 0 and piece["comma"]):
            return piece.start()
    return len(text)


def _setting(source: Source, name: str, at: int, end: int, key: tuple[int, int]) -> dict[str, Setting]:
    """One setting, and where its value is kept when something else has it."""
    raw = re.sub(r"(?<![ \t])[ \t]++#[^\n]*", "", source.text[at:end]).rstrip()
    literal = _LITERAL.fullmatch(raw)
    where = source.span(at, at + max(1, len(raw))) if raw else source.span(*key)
    if literal is None:
        made = {name: Setting(name, None, where)}
        kept = "environment" if "ENV" in raw else "file" if re.search(r"\b(?:credentials|secrets)\b", raw) else ""
        return {**made, name + KEPT: Setting(name + KEPT, kept, where)} if kept else made
    if literal["string"]:
        inner = re.sub(r"\\(.)", r"\1", literal["string"][1:-1])
        if "#{" in inner or TEMPLATE.search(inner):
            return {name: Setting(name, None, where)}
        size = len(literal["string"]) - 2
        where = source.span(at + 1, at + 1 + size) if size else source.span(*key)
        return {name: Setting(name, f"'{inner}'" if name in FLAGS else inner, where)}
    value = literal["bare"] or literal["mode"].lower()
    return {name: Setting(name, value.lstrip(":") if name == "address" else value, where)}
