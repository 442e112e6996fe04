"""The accounts of an accounts.conf, as the version of aerc that reads it takes them."""

from __future__ import annotations

from mailpolicy.lean import NamedTuple
from mailpolicy.placeholders import PLACEHOLDER
from mailpolicy.readers.aerc.syntax import Key, Parsed, Section, expanded
from mailpolicy.text import Source
from mailpolicy.types import Origin, Span

SOFTWARE = "aerc"
NEWEST = (0, 21)
EQUALS_ONLY = (0, 15)
"""A colon no longer parts a name from its value, and %(name)s is replaced in URLs."""
SHARES_DEFAULTS = (0, 18)
"""What stands above the first section holds for all accounts, and one faulty account leaves the others alone."""


class Account(NamedTuple):
    """One section with what it inherits."""

    name: str
    where: Span
    keys: dict[str, Key]
    broken: tuple[str, tuple[Origin, ...]] | None
    """Why aerc does not load it."""


def delimiters(version: tuple[int, ...]) -> str:
    """Characters that part a name from its value."""
    return "=" if version >= EQUALS_ONLY else "=:"


def accounts(parsed: Parsed, source: Source, version: tuple[int, ...]) -> list[Account]:
    """All accounts in order; each is broken where the file or, in old versions, another account is."""
    file_fault = _file_fault(parsed, source)
    found = []
    for section in parsed.sections.values():
        if section.name != "DEFAULT":
            where = source.span(section.start, section.end)
            keys = _keys(section, parsed, version)
            found.append(Account(section.name, where, keys, file_fault or _fault(keys, where, parsed.templated)))
    if version < SHARES_DEFAULTS:
        first = next((account for account in found if account.broken), None)
        if first is not None and first.broken is not None and not file_fault:
            why = f"aerc does not start: account {first.name}: {first.broken[0]}"
            found = [account._replace(broken=account.broken or (why, first.broken[1])) for account in found]
    return found


def _file_fault(parsed: Parsed, source: Source) -> tuple[str, tuple[Origin, ...]] | None:
    if parsed.refused is None:
        return None
    start, end, why = parsed.refused
    return f"aerc does not load the file: {why}", (Origin("sets", source.span(start, end)),)


def _keys(section: Section, parsed: Parsed, version: tuple[int, ...]) -> dict[str, Key]:
    """The settings of an account, own and inherited, with variables replaced."""
    sections = parsed.sections
    if version < SHARES_DEFAULTS:
        keys = dict(section.keys)
    else:
        keys = dict(sections["DEFAULT"].keys)
        parts = section.name.split(".")[:-1]
        names = [".".join(parts[: count + 1]) for count in range(min(len(parts), 20))]
        for parent in [sections[name] for name in names if name in sections]:
            keys.update(parent.keys)
        keys.update(section.keys)
    if version < EQUALS_ONLY:
        return keys
    return {name: expanded(key, section, sections) for name, key in keys.items()}


def _fault(keys: dict[str, Key], where: Span, templated: bool) -> tuple[str, tuple[Origin, ...]] | None:
    if templated:
        return None
    for name in ("source", "from"):
        key = keys.get(name)
        if key is None or (key.value == "" and not PLACEHOLDER.search(key.name)):
            return f"aerc does not load an account without {name}", (Origin("declares", where),)
    return None
