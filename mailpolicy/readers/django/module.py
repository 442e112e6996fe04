"""What a settings module of Django sets, by its syntax tree: literals are taken, all that Python works out is unknown.

What stands in a branch is unknown, unless a later statement sets it for certain. ``from … import *`` is followed within
the tree. Where the file is no Python 3, its lines that set something at the margin are taken alone.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence

from mailpolicy.envfile import KEPT, Setting
from mailpolicy.lean import TYPE_CHECKING, NamedTuple
from mailpolicy.placeholders import TEMPLATE
from mailpolicy.template_lines import Conditions
from mailpolicy.text import Source
from mailpolicy.tree import Tree
from mailpolicy.types import Span, Unread, Unreadable

if TYPE_CHECKING:
    import ast

PASSWORD = "EMAIL_HOST_PASSWORD"
TRUTHS = ("EMAIL_USE_TLS", "EMAIL_USE_SSL")
"""Settings of which Django asks no more than whether they are true, as Python does: 'False' is."""
_MOST = 2_000_000
"""Characters of a file, at most, whose syntax tree is made."""
_DEPTH = 5
_NO_PYTHON = "is no Python 3: of this file, only lines that set EMAIL_… to a literal are read"
_LINE = re.compile(r"(?P<indent>[ \t]*)(?P<name>EMAIL_[A-Z_]+)[ \t]*(?::[^=\n]{1,40})?=(?!=)[ \t]*(?P<value>[^\n]*)")
_ENVIRONMENT = re.compile(r"\b(?:environ|getenv|env|config|get_env\w*|env_\w+)\b")


class Module(NamedTuple):
    """The names that a module has in the end."""

    settings: Mapping[str, Setting]
    passwords: tuple[Setting, ...]
    """All that the file itself holds, those that do not last too."""
    opened: bool
    """A file that is not there sets names too."""
    unread: tuple[Unread, ...] = ()


def load(tree: Tree, source: Source) -> Module:
    """What a file sets. Never raises."""
    reading = _Reading(tree, source, 0)
    reading.run()
    return Module(reading.names, tuple(reading.passwords), reading.opened, tuple(reading.unread))


class _Reading:
    def __init__(self, tree: Tree, source: Source, depth: int) -> None:
        self.tree, self.source, self.depth = tree, source, depth
        self.names: dict[str, Setting] = {}
        self.passwords: list[Setting] = []
        self.unread: list[Unread] = []
        self.opened = False

    def run(self) -> None:
        parsed = _parsed(self.source.text)
        if parsed is None:
            self.lines()
            if not TEMPLATE.search(self.source.text):
                self.unread.append(Unread(self.source.start(), _NO_PYTHON))
        else:
            self.body(parsed.body, False)

    def body(self, statements: Sequence[ast.stmt], doubtful: bool, tried: bool = False) -> None:
        """Takes the statements of a block."""
        import ast

        for one in statements:
            if isinstance(one, ast.Assign):
                for target in one.targets:
                    self.assign(target, one.value, doubtful)
            elif isinstance(one, ast.AnnAssign) and one.value is not None:
                self.assign(one.target, one.value, doubtful)
            elif isinstance(one, ast.AugAssign):
                self.assign(one.target, one, True)
            elif isinstance(one, ast.ImportFrom) and any(alias.name == "*" for alias in one.names):
                self.star(one, doubtful, tried)
            elif isinstance(one, ast.Expr) and isinstance(one.value, ast.Call):
                called = one.value.func
                self.opened |= isinstance(called, ast.Name) and called.id in ("include", "optional", "exec")
            else:
                self.blocks(one, doubtful)

    def blocks(self, one: ast.stmt, doubtful: bool) -> None:
        """Takes the statements within a statement, be they run or not; those of functions are not."""
        import ast

        if isinstance(one, ast.Try):
            self.body(one.body, doubtful, True)
            for handler in one.handlers:
                self.body(handler.body, True)
            self.body(one.orelse, doubtful)
            self.body(one.finalbody, doubtful)
        elif isinstance(one, ast.With):
            self.body(one.body, doubtful)
        elif isinstance(one, ast.If | ast.For | ast.While):
            self.body(one.body, True)
            self.body(one.orelse, True)
        elif isinstance(one, ast.ClassDef):
            kept = dict(self.names)
            self.body(one.body, True)
            made = [name for name in self.names if self.names[name] is not kept.get(name)]
            if not any(name.startswith("EMAIL_") for name in made):
                self.names = kept

    def assign(self, target: ast.expr, value: ast.AST, doubtful: bool) -> None:
        import ast

        if isinstance(target, ast.Tuple | ast.List):
            values = value.elts if isinstance(value, ast.Tuple | ast.List) else []
            for number, part in enumerate(target.elts):
                self.assign(part, values[number] if len(values) == len(target.elts) else value, doubtful)
        elif isinstance(target, ast.Name):
            self.set(target.id, value, self.span(target), self.span(value), doubtful)

    def set(self, name: str, value: ast.AST, named: Span, where: Span, doubtful: bool) -> None:
        """Takes one name. ``where`` is the position of its value."""
        import ast

        self.names.pop(name + KEPT, None)
        text = self.text(name, value)
        where = _inside(self.source, where) if isinstance(value, ast.Constant) else where
        one = Setting(name, text, where if text or not isinstance(value, ast.Constant) else named)
        if text is not None and TEMPLATE.search(text):
            one = one._replace(value=None)
        if name == PASSWORD and one.value:
            self.passwords.append(one)
        elif doubtful:
            one = one._replace(value=None)
        self.names[name] = one
        if text is None and _ENVIRONMENT.search(_written(value)):
            self.names[name + KEPT] = Setting(name + KEPT, "environment", where)

    def text(self, name: str, value: ast.AST) -> str | None:
        """A value as text, None where Python must work it out."""
        import ast

        if isinstance(value, ast.Name) and value.id in self.names:
            return self.names[value.id].value
        if not isinstance(value, ast.Constant) or not isinstance(value.value, str | int | None):
            return None
        if name in TRUTHS:
            return "true" if value.value else "false"
        return "" if value.value is None else str(value.value)

    def star(self, one: ast.ImportFrom, doubtful: bool, tried: bool) -> None:
        """Takes all names of another module, where it is in the tree."""
        module = one.module or ""
        if module.split(".")[0] in ("django", "sentry"):
            return
        path = _found(self.tree, self.source.path, module, one.level)
        if path is None or self.depth >= _DEPTH:
            self.opened |= not tried
            return
        try:
            other = _Reading(self.tree, self.tree.source(path), self.depth + 1)
        except Unreadable as problem:
            self.unread.append(Unread(Span(path, 1, 1, 2), str(problem), True))
            self.opened = True
            return
        other.run()
        self.unread += [one for one in other.unread if one.fatal]
        self.opened |= other.opened
        for name, setting in other.names.items():
            self.names.pop(name + KEPT, None)
            self.names[name] = setting._replace(value=None) if doubtful else setting

    def span(self, node: ast.AST) -> Span:
        """The position of a node, whose columns are counted in bytes."""
        line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
        last, end = getattr(node, "end_lineno", line), getattr(node, "end_col_offset", column + 1)
        at = self.source.starts[min(line, len(self.source.starts)) - 1] + _characters(self.source.line(line), column)
        if last != line:
            return self.source.span(at)
        return self.source.span(at, at + max(1, _characters(self.source.line(line), end, column)))

    def lines(self) -> None:
        """Takes the lines of what is no Python 3 that set something for mail."""
        conditions, at = Conditions(), 0
        for row in self.source.text.split("\n"):
            start, at = at, at + len(row) + 1
            body = row.strip()
            if not body or conditions.takes(self.source.text, start + row.index(body[0]), start + len(row)):
                continue
            found = _LINE.match(row)
            if found is None:
                continue
            value, named = (
                found["value"].rstrip(),
                self.source.span(start + found.start("name"), start + found.end("name")),
            )
            tree = _parsed(value) if len(value) < 2000 else None
            node = tree.body[0].value if tree and tree.body and hasattr(tree.body[0], "value") else None
            begin = start + found.start("value")
            if node is None:
                where = self.source.span(begin, begin + len(value)) if value else named
                self.names[found["name"]] = Setting(found["name"], None, where)
                continue
            where = self.source.span(begin, begin + _characters(value, node.end_col_offset or 0))
            self.set(found["name"], node, named, where, bool(found["indent"] or conditions.depth))


def _parsed(text: str) -> ast.Module | None:
    """The syntax tree of a text, or None where it has none."""
    import ast
    import warnings

    if len(text) > _MOST:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(re.sub(r"\r(?!\n)|\f", " ", text))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _written(value: ast.AST) -> str:
    """The names in an expression, for people's words in them."""
    import ast

    found = []
    for node in ast.walk(value):
        found.append(getattr(node, "id", None) or getattr(node, "attr", None) or "")
    return " ".join(map(str, found))


def _characters(line: str, end: int, start: int = 0) -> int:
    """How many characters the bytes of a line from one to another are."""
    if line.isascii():
        return end - start
    return len(line.encode()[start:end].decode("utf-8", "replace"))


def _inside(source: Source, where: Span) -> Span:
    """The position of a string without its quotes."""
    text = source.line(where.line)[where.column - 1 : where.end_column - 1]
    match = re.fullmatch(r"([A-Za-z]{0,2}(\"\"\"|'''|\"|'))(.+)\2", text)
    if match is None:
        return where
    return where._replace(column=where.column + match.end(1), end_column=where.end_column - len(match[2]))


def _found(tree: Tree, path: str, module: str, level: int) -> str | None:
    """The file of a module, as the file at ``path`` imports it."""
    folder = posixpath.dirname(path)
    parts = module.split(".") if module else []
    for _ in range(max(0, level - 1)):
        folder = posixpath.dirname(folder)
    folders = [folder]
    while level == 0 and folders[-1] and len(folders) < 4 and posixpath.dirname(folders[-1]) != folders[-1]:
        folders.append(posixpath.dirname(folders[-1]))
    for one in folders:
        base = posixpath.join(one, *parts)
        for candidate in (f"{base}.py", posixpath.join(base, "__init__.py")):
            if candidate != path and posixpath.basename(candidate) in tree.names(posixpath.dirname(candidate)):
                return candidate
    return None
