"""Expressions of PHP, as far as their value can be told without running them."""

from __future__ import annotations

from mailpolicy.php_literals import PhpValue, joined, literal, number
from mailpolicy.php_scan import Token, tokens
from mailpolicy.text import Source
from mailpolicy.types import Span

_DEEP = 60
_KEPT = 6
_ENDINGS = (";", ",", ")", "]", "}", "=>")
_END = Token("end", "", 0, 0)


class Expressions:
    """Goes through the tokens of a text and knows what the variables and constants above hold."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.stream = tokens(source.text)
        self.now = next(self.stream, _END)
        self.last = 0
        self.variables: dict[str, PhpValue] = {}
        self.constants: dict[str, PhpValue] = {}

    def step(self) -> Token:
        token, self.now = self.now, next(self.stream, _END)
        self.last = token.end or self.last
        return token

    def span(self, start: int, end: int) -> Span:
        return self.source.span(start, end)

    def skip_to(self, *ends: str) -> None:
        while self.now.kind != "end" and not (self.now.kind == "sign" and self.now.text in ends):
            if self.now.kind == "sign" and self.now.text in "([":
                self.skip_group()
            else:
                self.step()

    def skip_group(self) -> None:
        """Over a pair of brackets and all that is in them."""
        depth = 0
        while self.now.kind != "end":
            token = self.step()
            if token.kind == "sign" and token.text in "([{":
                depth += 1
            elif token.kind == "sign" and token.text in ")]}":
                depth -= 1
                if depth <= 0:
                    return

    def keys(self, where: Span, depth: int = 0) -> tuple[tuple[str | None, ...], Span]:
        """The keys in brackets after a variable, None for one that is not known; ``[]`` is an empty text."""
        keys: list[str | None] = []
        while self.now.text == "[" and self.now.kind == "sign":
            if depth >= _DEEP:
                self.skip_group()
                return (*keys, None), where
            self.step()
            if self.now.text == "]" and self.now.kind == "sign":
                keys.append("")
            else:
                value = self.expression(depth + 1)
                keys.append(value.text())
                where = value.where
                if not (self.now.text == "]" and self.now.kind == "sign"):
                    return (*keys, None), where
            self.step()
        return tuple(keys), where

    def held(self, name: str, keys: tuple[str | None, ...]) -> PhpValue | None:
        value = self.variables.get(name)
        for key in keys:
            if value is None:
                return None
            if key is None or value.items is None:
                return PhpValue(None, value.where, False)
            value = value.items.get(key)
        return value

    def assign(self, name: str, keys: tuple[str | None, ...], value: PhpValue) -> None:
        holder, key = self.variables, name
        for at, inner in enumerate(keys):
            here = holder.get(key)
            if inner is None:
                holder[key] = PhpValue(None, value.where, False, None, (), value.key)
                return
            if here is not None and not here.known and here.items is None:
                here = here._replace(items={})
            if here is None or here.items is None:
                here = PhpValue(None, value.key or value.where, True, {}, (), value.key)
            holder[key] = here
            assert here.items is not None
            holder, key = here.items, inner if inner or at < len(keys) - 1 else str(len(here.items))
        old = holder.get(key)
        before = (*old.before, old.where)[-_KEPT:] if old is not None and old.where != value.where else ()
        holder[key] = value._replace(before=before)

    def expression(self, depth: int = 0) -> PhpValue:
        """A value up to a comma, a closing bracket or a semicolon."""
        start = self.now.start
        value = self.operand(depth)
        while self.now.text == "." and self.now.kind == "sign":
            self.step()
            value = joined(value, self.operand(depth), self.span(start, self.last))
        if self.ends():
            return value
        while not self.ends():
            if self.now.kind == "sign" and self.now.text in "([{":
                self.skip_group()
            else:
                self.step()
        return PhpValue(None, self.span(start, max(self.last, start + 1)), False)

    def ends(self) -> bool:
        return self.now.kind in ("end", "open") or (
            self.now.kind == "sign" and self.now.text in (";", ",", ")", "]", "}", "=>")
        )

    def operand(self, depth: int) -> PhpValue:
        token = self.now
        word = token.text.lower() if token.kind == "name" else ""
        if token.kind == "sign" and token.text == "[" and depth < _DEEP:
            return self.array("]", depth)
        if word == "array" and depth < _DEEP:
            self.step()
            if self.now.text == "(":
                return self.array(")", depth, token.start)
            return PhpValue(None, self.span(token.start, token.end), False)
        if self.ends():
            return PhpValue(None, self.span(token.start, token.end), False)
        self.step()
        if token.kind == "sign" and token.text == "(" and depth < _DEEP:
            value = self.expression(depth + 1)
            if self.now.text == ")":
                self.step()
            return value
        if token.kind == "sign" and token.text == "-" and self.now.kind == "number":
            return PhpValue(-number(self.step().text), self.span(token.start, self.last))
        if token.kind == "variable":
            return self.variable(token, depth)
        return self.name(token, word) if word else literal(self.source, token)

    def variable(self, token: Token, depth: int) -> PhpValue:
        """What a variable holds; an array is not handed on."""
        keys, _ = self.keys(self.span(token.start, token.end), depth)
        held = self.held(token.text[1:], keys)
        where = self.span(token.start, self.last)
        if held is not None and held.known and held.items is None:
            return PhpValue(held.value, where)
        return PhpValue(None, where, False)

    def name(self, token: Token, word: str) -> PhpValue:
        """A constant; the result of a call is not known."""
        where = self.span(token.start, token.end)
        if word in ("true", "false", "null"):
            return PhpValue({"true": True, "false": False}.get(word), where)
        constant = self.constants.get(token.text)
        if constant is not None and self.now.text != "(" and constant.items is None:
            return PhpValue(constant.value, where, constant.known)
        return PhpValue(None, where, False)

    def array(self, close: str, depth: int, start: int | None = None) -> PhpValue:
        start = self.step().start if start is None else (self.step(), start)[1]
        items: dict[str, PhpValue] = {}
        known, templated, count = True, False, 0
        while self.now.kind not in ("end", "open") and not (self.now.kind == "sign" and self.now.text in (close, ";")):
            if self.now.kind == "sign" and self.now.text in (",", ")", "]", "}", "=>"):
                self.step()
                continue
            if self.now.kind == "template":
                self.step()
                templated, known = True, False
                continue
            value = self.expression(depth + 1)
            key: str | None = str(count)
            where = value.where
            if self.now.text == "=>" and self.now.kind == "sign":
                key, where = value.text(), value.where
                self.step()
                value = self.expression(depth + 1)
            if key is None:
                known = False
                continue
            count = max(count, int(key) + 1) if key.isdecimal() and len(key) < 9 else count
            items[key] = PhpValue(None, where, False) if templated else value._replace(key=where)
            known = known and not (not value.known and value.items is None and value.where == where)
        if self.now.text == close:
            self.step()
        return PhpValue(None, self.span(start, self.last), known, items)
