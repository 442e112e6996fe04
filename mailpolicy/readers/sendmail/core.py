"""The macros that m4 itself has (GNU m4 1.4.19), as far as files of Sendmail use them."""

from __future__ import annotations

import re

from mailpolicy.readers.sendmail.m4 import Builtin, Call, Machine, joined, plain
from mailpolicy.readers.sendmail.model import Run, Text

_COMPARISON = re.compile(r"\s*(-?\d{1,18})\s*(?:(<=|>=|==|!=|<|>|\+|-)\s*(\d{1,18})\s*)?")


def _define(machine: Machine, call: Call) -> None:
    machine.define(call.arg(1).text, call.arg(2), call.arg(2).whole() or call.arg(1).whole() or call.where)


def _undefine(machine: Machine, call: Call) -> None:
    for arg in call.args:
        machine.macros.pop(arg.text, None)
        machine.hidden.add(arg.text)


def _defn(machine: Machine, call: Call) -> Text | None:
    macro = machine.value(call.arg(1).text)
    left, right = machine.quotes
    return Text([Run(left, None), *macro.body.runs, Run(right, None)]) if macro else None


def _pushdef(machine: Machine, call: Call) -> None:
    name = call.arg(1).text
    if machine.macros.get(name):
        machine.macros[name].append(machine.macros[name][-1])
    _define(machine, call)


def _popdef(machine: Machine, call: Call) -> None:
    for arg in call.args:
        if machine.macros.get(arg.text):
            machine.macros[arg.text].pop()


def _ifdef(machine: Machine, call: Call) -> Text:
    name = call.arg(1).text
    known = machine.value(name) is not None or (name in machine.builtins and name not in machine.hidden)
    return call.arg(2 if known else 3)


def _ifelse(machine: Machine, call: Call) -> Text | None:
    args = call.args
    while len(args) >= 3:
        if args[0].text == args[1].text:
            return args[2]
        if len(args) < 6:
            return args[3] if len(args) > 3 else None
        args = args[3:]
    return None


def _dnl(machine: Machine, call: Call) -> None:
    while (frame := machine.top()) is not None:
        end = frame.run.text.find("\n", frame.at)
        frame.at = end + 1 if end >= 0 else len(frame.run.text)
        if end >= 0:
            return


def _divert(machine: Machine, call: Call) -> None:
    number = call.arg(1).text.strip() or "0"
    if re.fullmatch(r"-?\d{1,9}", number):
        machine.diversion = int(number)


def _divnum(machine: Machine, call: Call) -> Text:
    return plain(str(machine.diversion))


def _changequote(machine: Machine, call: Call) -> None:
    machine.quote(call.arg(1).text if call.args else "`", call.arg(2).text if call.args else "'")


def _changecom(machine: Machine, call: Call) -> None:
    machine.comments = call.arg(1).text == "#"


def _shift(machine: Machine, call: Call) -> Text:
    return Text(joined(call.args[1:], True))


def _len(machine: Machine, call: Call) -> Text:
    return plain(str(len(call.arg(1).text)))


def _index(machine: Machine, call: Call) -> Text:
    return plain(str(call.arg(1).text.find(call.arg(2).text)))


def _substr(machine: Machine, call: Call) -> Text | None:
    start, length = call.arg(2).text.strip(), call.arg(3).text.strip()
    if not re.fullmatch(r"\d{1,9}", start):
        return None
    total = len(call.arg(1).text)
    end = int(start) + int(length) if re.fullmatch(r"\d{1,9}", length) else total
    return call.arg(1).part(int(start), min(end, total))


def _translit(machine: Machine, call: Call) -> Text:
    """Without ranges such as a-z, which no file of Sendmail's own uses."""
    table = {ord(a): call.arg(3).text[n : n + 1] for n, a in enumerate(call.arg(2).text)}
    return plain(call.arg(1).text.translate(table))


def _eval(machine: Machine, call: Call) -> Text:
    """One comparison, sum or difference; 0 for anything else."""
    found = _COMPARISON.fullmatch(call.arg(1).text)
    if found is None:
        return plain("0")
    one, other = int(found[1]), int(found[3] or 0)
    answers = {"<": one < other, "<=": one <= other, ">": one > other, ">=": one >= other, "==": one == other,
               "!=": one != other, "+": one + other, "-": one - other, None: one}  # fmt: skip
    return plain(str(int(answers[found[2]])))


def _nothing(machine: Machine, call: Call) -> None:
    """A macro that says nothing about the configuration."""


def _unknown(machine: Machine, call: Call) -> Text:
    """A macro whose text only the machine that runs m4 knows, or whose work is not done here."""
    return plain(f"{{{{ {call.name} }}}}")


BUILTINS: dict[str, tuple[Builtin, bool]] = {
    "define": (_define, False), "undefine": (_undefine, False), "defn": (_defn, False), "pushdef": (_pushdef, False),
    "popdef": (_popdef, False), "ifdef": (_ifdef, False), "ifelse": (_ifelse, False), "dnl": (_dnl, True),
    "divert": (_divert, True), "divnum": (_divnum, True), "undivert": (_nothing, True), "shift": (_shift, True),
    "changequote": (_changequote, True), "changecom": (_changecom, True), "len": (_len, False),
    "index": (_index, False), "substr": (_substr, False), "translit": (_translit, False), "eval": (_eval, False),
    "errprint": (_nothing, True), "m4wrap": (_nothing, False), "syscmd": (_nothing, False),
    "esyscmd": (_unknown, False), "maketemp": (_nothing, False), "traceon": (_nothing, True),
    "traceoff": (_nothing, True), "incr": (_unknown, False), "decr": (_unknown, False), "regexp": (_unknown, False),
    "patsubst": (_unknown, False),
}  # fmt: skip
"""Name -> what it does, and whether it counts without parentheses too."""
