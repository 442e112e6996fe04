"""Facts that belong to no socket: the server's own settings, passwords in the file, older names."""

from __future__ import annotations

import re

from mailpolicy.facts import Draft
from mailpolicy.passwords import secret
from mailpolicy.readers.cyrus.cyrus_conf import PROGRAMS
from mailpolicy.readers.cyrus.imapd_conf import Entry, Parsed
from mailpolicy.readers.cyrus.options import DEPRECATED, KNOWN, NEWER
from mailpolicy.readers.cyrus.settings import Program, View, has_allowstarttls
from mailpolicy.types import Fact, Origin, Span

_SECRET = re.compile(r"(?:^|[_-])(?:password|passwd|pw)$|^srs_secrets$")
_LETTERS = {name.replace("_", ""): name for name in KNOWN if name not in DEPRECATED}
_FREE = re.compile(
    r"sasl_|(?:meta|archive|search|archivesearch)?partition-|xlist-|.*(?:searchpartition-|_mechs$|_password$)"
)
"""Names that the options do not list and that still count: Cyrus SASL's, partitions, folders, other servers."""


def facts(
    parsed: Parsed | None, program: Program, instance: str, first: Span, services: frozenset[str] | None
) -> list[Fact]:
    """What imapd.conf says for the whole server. ``services`` are the names in cyrus.conf; None without one."""
    if parsed is None:
        return []
    found = [_server(View(parsed, "", program), program, instance, first, services is None)]
    return found + entries(parsed, program, instance, services)


def entries(parsed: Parsed, program: Program, instance: str, services: frozenset[str] | None) -> list[Fact]:
    """What single lines are at fault for."""
    found: list[Fact] = []
    for entry in parsed.entries.values():
        found += _setting(entry, program, instance, services)
        if _SECRET.search(entry.key) and entry.known:
            fact = secret("cyrus", program.text, instance, entry.key, entry.value, entry.where)
            found += [fact] if fact is not None else []
    return found


def _draft(kind: str, where: Span, program: Program, instance: str) -> Draft:
    draft = Draft(kind, where)
    draft.put("software", "cyrus")
    draft.put("version", program.text, [Origin("implies", None, program.name)])
    draft.put("instance", instance)
    return draft


def _server(view: View, program: Program, instance: str, first: Span, alone: bool) -> Fact:
    draft = _draft("server", first, program, instance)
    host = view.get("servername")
    if host.known and host.value:
        draft.put("host", host.value, host.origins)
    shown, pause = view.get("serverinfo"), view.get("failedloginpause")
    draft.maybe("banner_version", shown.word == "on" if shown.known else None, shown.origins)
    waits = re.search(r"[1-9]", pause.value or "") is not None and not (pause.value or "").startswith("-")
    draft.maybe("login_throttle", waits if pause.known else None, pause.origins)
    if alone:
        clear = view.get("allowplaintext")
        if clear.entry is not None or not clear.known:
            draft.maybe("cleartext_auth", clear.yes, clear.origins)
        _per_service(view, draft)
    return draft.fact()


def _per_service(view: View, draft: Draft) -> None:
    """A service's own allowplaintext, which the file alone does not tie to a service of that name."""
    for key, entry in view.parsed.entries.items() if view.parsed else ():
        if (
            re.fullmatch(r"[a-z0-9]+_allowplaintext", key)
            and entry.known
            and entry.value.startswith(("1", "y", "t", "on"))
        ):
            draft.put("cleartext_auth", True, [Origin("sets", entry.where)])


def _setting(entry: Entry, program: Program, instance: str, services: frozenset[str] | None) -> list[Fact]:
    """An older name, or a misspelt one that has no effect."""
    name = entry.key
    prefix, _, rest = name.partition("_")
    if name not in KNOWN and rest in KNOWN and (services is None or prefix in services):
        name = rest
    state, instead = _state(name, program)
    if not state:
        return []
    draft = _draft("setting", entry.named, program, instance)
    draft.put("name", entry.key)
    draft.put("state", state)
    draft.put("instead", instead or "nothing: take the line out")
    if not _SECRET.search(name) and entry.known:
        draft.put("value", entry.value)
    return [draft.fact()]


def _state(name: str, program: Program) -> tuple[str, str]:
    """What becomes of an option, and what to write for it; nothing where it counts."""
    if name == "allowstarttls":
        return ("", "") if has_allowstarttls(program.numbers) else ("ignored", "")
    if name in DEPRECATED:
        instead = DEPRECATED[name]
        return ("", "") if _is_newer(instead, program) else ("deprecated" if instead else "ignored", instead)
    meant = _misspelt(name)
    return ("", "") if name in KNOWN or meant == name else ("ignored", meant)


def _is_newer(name: str, program: Program) -> bool:
    return name in NEWER and program.numbers < (3, 8)


def unknown(parsed: Parsed, program: Program, services: frozenset[str] | None) -> list[str]:
    """Options that Cyrus' own list does not have; it keeps them for Cyrus SASL and for programs of other names.

    ``services`` are the names in cyrus.conf; None where these are not known, and any may stand before an option.
    """
    prefixes = services | PROGRAMS if services is not None else None
    keys = [key for key in parsed.entries if key not in KNOWN and not _FREE.match(key)]
    strange = [key for key in keys if not _named_after(key, prefixes) and _misspelt(key) == key]
    return strange + [key for key in parsed.entries if _is_newer(key, program) and key != "allowstarttls"]


def _misspelt(key: str) -> str:
    """The option of the same letters, or the name itself."""
    return _LETTERS.get(key.replace("_", "").replace("-", ""), key)


def _named_after(key: str, prefixes: frozenset[str] | None) -> bool:
    """Whether a name is one that counts, with a service or a channel before it."""
    at = key.find("_")
    while at >= 0:
        known = key[at + 1 :] in KNOWN or _FREE.match(key[at + 1 :]) is not None
        channel = key.startswith("sync_", at + 1)
        if known and (prefixes is None or channel or key[:at] in prefixes):
            return True
        at = key.find("_", at + 1)
    return False
