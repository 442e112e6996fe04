"""What a PHP configuration assigns: ``$config['a'] = 'b';``, ``$CONFIG = array(...)``, ``define()``, ``return [...]``.

Values that only a run of PHP would tell (calls, the environment, conditions) are kept as not known.
Literals, their concatenation, constants and variables that stand above are worked out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from mailpolicy.lean import NamedTuple
from mailpolicy.php_expressions import Expressions
from mailpolicy.php_literals import PhpValue, joined
from mailpolicy.text import Source
from mailpolicy.types import Unread

_CONDITIONS = frozenset(
    {"if", "elseif", "else", "for", "foreach", "while", "switch", "do", "try", "catch", "finally", "case", "match"}
)
_ENDS = frozenset({"endif", "endfor", "endforeach", "endwhile", "endswitch"})
_STOPS = frozenset({"return", "exit", "die"})


class Php(NamedTuple):
    """What a file assigns."""

    variables: Mapping[str, PhpValue]
    """By name without the dollar sign, as they are at the end."""
    constants: Mapping[str, PhpValue]
    returned: PhpValue | None
    """What the file returns to the one that includes it."""
    includes: tuple[PhpValue, ...]
    """Files that it includes; what stands in them may come between."""
    unread: tuple[Unread, ...]


class _Reader(Expressions):
    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.returned: PhpValue | None = None
        self.includes: list[PhpValue] = []
        self.unread: list[Unread] = []
        self.blocks: list[bool] = []
        self.doubt = 0
        self.stopped = False

    def read(self) -> Php:
        while self.now.kind != "end" and not self.stopped:
            self.statement(single=False)
        return Php(self.variables, self.constants, self.returned, tuple(self.includes), tuple(self.unread))

    def statement(self, single: bool) -> None:
        """One statement; ``single`` when it hangs on a condition without braces."""
        token = self.now
        word = token.text.lower() if token.kind == "name" else ""
        if token.kind == "template":
            self.template(self.step().text)
        elif token.text == "{" and token.kind == "sign":
            self.block(doubtful=single)
        elif token.text == "}" and token.kind == "sign":
            self.step()
            if self.blocks:
                self.doubt -= self.blocks.pop()
        elif word in _CONDITIONS:
            self.condition(single)
        elif word in _ENDS:
            self.step()
            self.doubt = max(0, self.doubt - 1)
        elif word in ("function", "class", "interface", "trait"):
            self.step()
            self.skip_to("{", ";")
            if self.now.text == "{":
                self.skip_group()
        else:
            self.simple(word)

    def block(self, doubtful: bool) -> None:
        self.step()
        self.blocks.append(doubtful)
        self.doubt += doubtful

    def template(self, text: str) -> None:
        """A line of a template language: what stands between if and endif may be missing."""
        if re.match(r"\{%[-+]?\s*(?:if|for)\b", text):
            self.doubt += 1
        elif re.match(r"\{%[-+]?\s*end(?:if|for)\b", text):
            self.doubt = max(0, self.doubt - 1)

    def condition(self, single: bool) -> None:
        word = self.step().text.lower()
        if self.now.text == "(":
            self.skip_group()
        elif word == "case":
            self.skip_to(":", ";")
        if self.now.text == "{":
            self.block(doubtful=True)
        elif self.now.text == ":":
            self.step()
            self.doubt += word not in ("else", "elseif", "case")
        elif word != "case" and self.now.kind != "end" and len(self.blocks) < 10_000:
            self.doubt += 1
            if self.now.kind == "name" and self.now.text.lower() in _CONDITIONS:
                self.blocks.append(True)
                self.chain()
                self.blocks.pop()
            else:
                self.statement(single=True)
            self.doubt -= 1

    def chain(self) -> None:
        """``else if (...) if (...)``: conditions after one another, without depth."""
        while self.now.kind == "name" and self.now.text.lower() in _CONDITIONS:
            self.step()
            if self.now.text == "(":
                self.skip_group()
        if self.now.kind != "end":
            self.statement(single=True)

    def simple(self, word: str) -> None:
        """An assignment, ``define``, ``return`` or anything else, up to its semicolon."""
        if word in ("include", "include_once", "require", "require_once"):
            self.step()
            self.includes.append(self.expression())
        elif word in _STOPS:
            self.step()
            value = self.expression() if word == "return" and self.now.text != ";" else None
            self.stopped = not self.doubt and not self.blocks
            if self.stopped:
                self.returned = value
        elif word in ("define", "const"):
            self.constant(self.step().text.lower())
        elif word == "unset":
            self.unset()
        elif self.now.kind == "variable":
            self.assignment()
        elif self.now.kind == "open":
            self.unread.append(Unread(self.span(self.now.start, self.now.start + 1), "a quote is not closed"))
            self.step()
        elif word:
            self.step()
        self.finish()

    def unset(self) -> None:
        self.step()
        if self.now.text == "(":
            self.step()
            while self.now.kind == "variable":
                token = self.step()
                keys, where = self.keys(self.span(token.start, token.end))
                self.assign(token.text[1:], keys, self.sure(PhpValue(None, where)))
                if self.now.text == ",":
                    self.step()

    def finish(self) -> None:
        """To the end of the statement; a variable at the start of a line begins another one in a piece of a program."""
        while self.now.kind != "end" and not (self.now.kind == "sign" and self.now.text in (";", "}", "{")):
            if self.now.kind == "sign" and self.now.text in "([":
                self.skip_group()
            elif self.now.kind == "open" or self.begins():
                break
            else:
                self.step()
        if self.now.kind == "sign" and self.now.text == ";":
            self.step()
        elif self.now.kind == "open":
            self.unread.append(Unread(self.span(self.now.start, self.now.start + 1), "a quote is not closed"))
            self.step()

    def begins(self) -> bool:
        """Whether a variable stands at the start of a line."""
        return self.now.kind == "variable" and self.source.text[self.now.start - 1 : self.now.start] == "\n"

    def constant(self, word: str) -> None:
        if word == "const":
            name = self.step().text
            if self.now.text == "=":
                self.step()
                self.constants.setdefault(name, self.sure(self.expression()))
            return
        if self.now.text == "(":
            self.step()
            name_value = self.expression()
            if self.now.text == "," and isinstance(name_value.value, str):
                self.step()
                self.constants.setdefault(name_value.value, self.sure(self.expression())._replace(key=name_value.where))

    def sure(self, value: PhpValue) -> PhpValue:
        """The value, or what is left of it where a condition decides whether it is assigned."""
        return PhpValue(None, value.where, False) if self.doubt else value

    def assignment(self) -> None:
        name = self.now.text[1:]
        where = self.span(self.now.start, self.now.end)
        self.step()
        keys, where = self.keys(where)
        sign = self.now.text if self.now.kind == "sign" else ""
        if sign == "=":
            self.step()
            self.assign(name, keys, self.sure(self.expression())._replace(key=where))
        elif sign in (".=", "??=") or (len(sign) == 2 and sign[1] == "=" and sign != "=="):
            self.step()
            value = self.expression()
            old = self.held(name, keys)
            if sign == ".=" and old is not None:
                value = joined(old, value)
            elif sign == "??=" and old is not None and old.known and (old.value is not None or old.items is not None):
                return
            elif sign != "??=":
                value = PhpValue(None, value.where, False)
            self.assign(name, keys, self.sure(value)._replace(key=where))


def parse(source: Source) -> Php:
    """What a file assigns, in the order of its statements. Never raises for anything in it."""
    return _Reader(source).read()
