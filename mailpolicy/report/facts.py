"""What ``inspect`` shows: the facts as tables for people, and as JSON (``schemas/inspect.schema.json``)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from mailpolicy.lean import TYPE_CHECKING
from mailpolicy.report.wording import one_line, printable, step
from mailpolicy.types import Fact, Unread, Value

if TYPE_CHECKING:
    from mailpolicy.report.json import Json

_TITLES = {"listener": "Listeners", "connection": "Connections", "server": "Servers", "secret": "Secrets"}
_COLUMNS: dict[str, tuple[tuple[str, str], ...]] = {
    "listener": (
        ("address:port", "{address}:{port}"),
        ("service", "{service}"),
        ("role", "{protocol} {role}"),
        ("tls", "{tls}"),
        ("auth", "{auth}"),
        ("relay", "{relay}"),
        ("tls min", "{tls_min}"),
    ),
    "connection": (
        ("host:port", "{host}:{port}"),
        ("account", "{account}"),
        ("role", "{protocol} {role}"),
        ("tls", "{tls}"),
        ("verify", "{verify}"),
        ("sent in clear", "{cleartext_credentials}"),
        ("password from", "{credential}"),
    ),
}
_GROUP = ("software", "version", "instance")


def as_json(facts: Iterable[Fact], unread: Iterable[Unread]) -> str:
    """One fact a line. Fields that could not be worked out are absent, but stand in ``origins``."""
    from mailpolicy.report.json import dumps, origin_record

    records: list[Json] = [
        {
            "kind": fact.kind,
            **{field: list(value) if isinstance(value, tuple) else value for field, value in fact.values.items()},
            "origins": {field: [origin_record(o) for o in chain] for field, chain in fact.origins.items()},
        }
        for fact in facts
    ]
    problems: list[Json] = [
        {
            "file": where.file,
            "line": where.line,
            "column": where.column,
            "end_column": where.end_column,
            "why": why,
            "fatal": fatal,
        }
        for where, why, fatal in unread
    ]
    return dumps({"version": 1, "facts": records, "unread": problems}, expand=2)


def table(facts: Sequence[Fact], unread: Sequence[Unread], color: bool = False) -> str:
    """A section for each kind, and in it a part for each instance of a program. ``?`` is a value that is unknown."""
    kinds = sorted({fact.kind for fact in facts}, key=lambda kind: (_rank(kind), kind))
    sections = [_section(kind, [fact for fact in facts if fact.kind == kind], color) for kind in kinds]
    if unread:
        lines = [f"  {printable(str(problem.where))}: {one_line(problem.why)}" for problem in unread]
        sections.append([_heading("Not read", len(unread), color), *lines])
    if not sections:
        return "Nothing found.\n"
    return "\n".join("".join(f"{line}\n" for line in section) for section in sections)


def _rank(kind: str) -> int:
    return list(_TITLES).index(kind) if kind in _TITLES else len(_TITLES)


def _heading(title: str, number: int, color: bool) -> str:
    return f"\x1b[1m{title}\x1b[0m ({number})" if color else f"{title} ({number})"


def _section(kind: str, facts: Sequence[Fact], color: bool) -> list[str]:
    out = [_heading(_TITLES.get(kind, f"{kind.capitalize()} facts"), len(facts), color)]
    for group, members in groupby(facts, key=_group):
        part = list(members)
        if group:
            out.append(f"  {group}")
        rows = _settings(part) if kind == "server" else _rows(kind, part)
        out += [f"    {line}" for line in _aligned(rows, color and kind != "server")]
        out += [f"    broken: {_place(fact)}{one_line(why)}" for fact, why in _broken(part)]
    return out


def _group(fact: Fact) -> str:
    """``postfix 3.7 in etc/postfix``"""
    software, version, instance = (printable(str(fact.values.get(field, ""))) for field in _GROUP)
    return " ".join(filter(None, (software, version, f"in {instance}" if instance else "")))


def _broken(facts: Iterable[Fact]) -> list[tuple[Fact, str]]:
    return [(fact, str(fact.values["broken"])) for fact in facts if fact.values.get("broken")]


def _place(fact: Fact) -> str:
    form = _COLUMNS[fact.kind][0][1] if fact.kind in _COLUMNS else ""
    return f"{_cell(fact, form)}: " if form else ""


def _rows(kind: str, facts: Sequence[Fact]) -> list[list[str]]:
    columns = _COLUMNS.get(kind) or _generic(facts)
    last = "tls set by" if kind in _COLUMNS else "at"
    rows = [[*(title for title, _ in columns), last]]
    field = "tls" if kind in _COLUMNS else ""
    rows += [[*(_cell(fact, form) for _, form in columns), _origin(fact, field)] for fact in facts]
    told = [at for at in range(len(rows[0])) if any(row[at] != "-" for row in rows[1:])]
    return [[row[at] for at in told] for row in rows]


def _generic(facts: Sequence[Fact]) -> tuple[tuple[str, str], ...]:
    """For kinds without columns of their own: every field that any fact has, in the order of the first one."""
    fields = {field: None for fact in facts for field in (*fact.values, *fact.origins) if field not in _GROUP}
    return tuple((field.replace("_", " "), f"{{{field}}}") for field in fields)


def _settings(facts: Sequence[Fact]) -> list[list[str]]:
    """A server's fields under one another."""
    return [
        [field.replace("_", " "), _shown(fact, field), _origin(fact, field)]
        for fact in facts
        for field in dict.fromkeys((*fact.values, *fact.origins))
        if field not in _GROUP
    ]


def _cell(fact: Fact, form: str) -> str:
    names = [part.split("}")[0] for part in form.split("{")[1:]]
    shown = {name: _shown(fact, name) for name in names}
    return "-" if set(shown.values()) == {"-"} else form.format_map(shown)


def _shown(fact: Fact, field: str) -> str:
    """``?``: unknown; ``-``: does not apply or is null."""
    if field not in fact.values:
        return "?" if field in fact.origins else "-"
    return _words(fact.values[field], field)


def _words(value: Value, field: str) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return printable(" ".join(map(str, value))) or "(none)"
    text = one_line(str(value))
    return f"[{text}]" if field in ("address", "host") and ":" in text else text


def _origin(fact: Fact, field: str) -> str:
    """Who had the last word on a field, its path below the instance; without a field: where the fact is declared."""
    chain = fact.origins.get(field) or next(iter(fact.origins.values()), ())
    if not chain:
        return ""
    last = chain[-1] if field else chain[0]
    if last.where is None:
        return step(last)
    home = str(fact.values.get("instance", "")).rstrip("/")
    file = last.where.file.removeprefix(f"{home}/") if home else last.where.file
    return printable(f"{file}:{last.where.line}")


def _aligned(rows: list[list[str]], headed: bool) -> list[str]:
    """Columns of equal width, the last one ragged; a long value pushes its line out, not the whole table."""
    if not rows:
        return []
    widths = [min(max(len(row[at]) for row in rows), 40) for at in range(len(rows[0]))]
    lines = ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    if headed:
        lines[0] = f"\x1b[2m{lines[0]}\x1b[0m"
    return lines
