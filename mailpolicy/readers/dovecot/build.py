"""Statements to a model: sections, older names, variables, and what Dovecot refuses."""

from __future__ import annotations

from mailpolicy.lean import NamedTuple
from mailpolicy.readers.dovecot import names23, names24, networks, resolve
from mailpolicy.readers.dovecot.dialect import DEFAULTS, ONLY_23, ONLY_24
from mailpolicy.readers.dovecot.model import Block, Entry, Model
from mailpolicy.readers.dovecot.parser import Statement, is_template
from mailpolicy.types import Origin, Span, Unread

_BUILT_IN_GROUP = ("mailbox_defaults", "english")
DEEPEST = 30
"""How deep sections may stand in one another; real ones stand four deep."""


class Oddity(NamedTuple):
    """A setting that is itself at fault: its state (deprecated, refused, ignored) and what to write instead."""

    name: str
    state: str
    instead: str
    where: Span
    value: str


class Builder:
    """Applies statements one by one, as Dovecot's parser does."""

    def __init__(self, dialect: str, fragment: bool) -> None:
        self.dialect = dialect
        self.new = dialect == "2.4"
        self.fragment = fragment
        self.stack: list[tuple[Block, Statement]] = []
        self.entries: list[Entry] = []
        self.refused: list[Unread] = []
        self.oddities: list[Oddity] = []
        self.templates: list[Span] = []
        self.sections: list[tuple[tuple[Block, ...], Span]] = []
        """Every section that is opened, empty ones too."""
        self.version: str | None = None
        self._groups: dict[tuple[str, str], list[Entry]] = {}
        self._uses: list[tuple[tuple[Block, ...], str, str, Statement]] = []
        self._counter = 0
        self._deeper = 0
        self._last: dict[tuple[tuple[Block, ...], str], Entry] = {}
        self.hidden = False
        """An include above lies outside of the tree."""

    @property
    def path(self) -> tuple[Block, ...]:
        """The sections that are open."""
        return tuple(block for block, _ in self.stack)

    def refuse(self, where: Span, why: str, statement: Statement | None = None) -> None:
        """Notes what keeps Dovecot from starting; not for what a template may leave out."""
        if statement is None or not statement.maybe:
            self.refused.append(Unread(where, f"{why}: Dovecot {self.dialect} does not start"))

    def apply(self, statement: Statement) -> None:
        """One statement; what an include holds follows it."""
        if statement.kind == "template":
            self.templates.append(statement.where)
            return
        if self.new and self.version is None:
            self._first(statement)
        if statement.kind in ("include", "include_try"):
            return
        if statement.kind == "error":
            self.refuse(statement.value.span(), statement.why, statement)
        elif statement.kind in ("open", "group"):
            self._open(statement)
        elif statement.kind == "close":
            self._close(statement)
        else:
            self._set(statement)

    def _first(self, statement: Statement) -> None:
        if statement.key == "dovecot_config_version":
            self.version = statement.value.text
            if not is_template(self.version) and not self.version.startswith(("2.4.", "3.")):
                self.refuse(
                    statement.value.span(), f"dovecot_config_version {self.version} is not supported", statement
                )
            return
        self.version = ""
        if not self.fragment:
            self.refuse(statement.where, "the first setting must be dovecot_config_version", statement)

    def _open(self, statement: Statement) -> None:
        if len(self.stack) >= DEEPEST:
            self._deeper += 1
            if self._deeper == 1:
                self.refuse(statement.where, f"sections stand more than {DEEPEST} deep", statement)
            return
        kind, name = statement.key, statement.value.text
        if statement.kind == "group":
            kind = "group"
        elif not self.new and kind == "protocol" and name == "managesieve":
            name = "sieve"
        elif not self.new and kind == "auth" and not self.path:
            self.oddities.append(Oddity("auth", "deprecated", "auth_ settings at the top", statement.where, name))
        elif self.new:
            kind = resolve.section24(self.path, kind)
            why = resolve.section_fault24(kind, name or ('""' if statement.quoted else ""), self.path)
            if why:
                self.refuse(statement.where, why, statement)
        elif not resolve.section_known23(self.path, kind):
            self.refuse(statement.where, f"there is no section {kind} here", statement)
        if not name and not (self.new and kind in names24.FILTERS):
            name = str(self._counter)
            self._counter += 1
        if kind in ("local", "remote", "local_name", "protocol"):
            why = resolve.nesting_fault(kind, name, self.path)
            if why:
                self.refuse(statement.where, why, statement)
        if kind in ("passdb", "userdb") and any(b.kind in ("local", "remote", "local_name") for b in self.path):
            self.refuse(statement.where, f"{kind} does not work inside of local and remote", statement)
        in_old_auth = any(b.kind == "auth" for b in self.path)
        if in_old_auth and kind in ("passdb", "userdb") and not self.new:
            driver, name = name, f"old {self._counter}"
            self._counter += 1
            place = (Block(kind, name),)
            self.entries.append(Entry(place, f"{kind}_driver", "", driver, statement.value, statement.where))
        self.stack.append((Block(kind, name), statement))
        self.sections.append((self.path, statement.where))

    def _close(self, statement: Statement) -> None:
        if self._deeper:
            self._deeper -= 1
        elif self.stack:
            self.stack.pop()
        else:
            self.refuse(statement.where, "there is a '}' too much", statement)

    def _set(self, statement: Statement) -> None:
        path, key = self.path, statement.key
        if not self.new:  # an empty prefix is no filter to 2.3: what stands in it is global
            path = tuple(b for b in path if b.kind not in ("local", "remote") or networks.bits(b.name) > 0)
        while "/" in key and not (path and resolve.is_list(path[-1].kind, self.new)):
            kind, _, rest = key.partition("/")
            named = kind in ("service", "inet_listener", "passdb", "userdb", "namespace", "unix_listener", "mailbox")
            name, _, rest = rest.partition("/") if named else ("", "", rest)
            path, key = (*path, Block(kind, name)), rest
        if not self.new and path and path[0].kind == "auth":
            if len(path) > 1 and path[1].kind == "socket":
                return  # a socket file of the authentication service: no mail client reaches it
            path = path[1:] if len(path) > 1 else path
        if self.new and key == "dovecot_config_version" and statement.value.text != self.version:
            self.refuse(statement.value.span(), "dovecot_config_version may be set only once", statement)
        if self.new and key.startswith("@"):
            self._uses.append((path, key[1:], statement.value.text, statement))
            return
        entry = self._entry(statement, path, key)
        if not self.new and [b.kind for b in path] == ["auth"]:
            entry = resolve.old_auth(entry)
        older = [] if self.new else resolve.older(entry, self.dialect)
        for implied, state, instead in older:
            if state:
                self.oddities.append(Oddity(key, state, instead, statement.where, entry.value))
            if implied is not None:
                self._keep(implied, statement)
        if not older:
            self._keep(entry, statement)

    def _entry(self, statement: Statement, path: tuple[Block, ...], key: str) -> Entry:
        text = statement.value
        entry = Entry(path, key, "", text.text, text, statement.where, statement.kind == "file", not statement.maybe)
        if statement.kind == "set" and not statement.quoted and "$" in text.text and not is_template(text.text):
            entry, why = resolve.expanded(entry, self._last, self.dialect, DEFAULTS[self.dialect], self.hidden)
            if why:
                self.refuse(text.span(), why, statement)
        return entry

    def _keep(self, entry: Entry, statement: Statement) -> None:
        if self.new:
            kept, why = resolve.setting24(entry)
        else:
            kept, why = resolve.setting23(entry)
        if why:
            self._unknown(entry, why, statement)
        else:
            why = resolve.value_fault(kept, names24.BOOLEANS if self.new else names23.BOOLEANS, self.new)
            if why:
                self.refuse(entry.text.span() if entry.text and entry.text.text else entry.where, why, statement)
        group = next((b for b in kept.path if b.kind == "group"), None)
        if group is None:
            self.entries.append(kept)
            self._last[kept.path, kept.key] = kept
        else:
            label, _, name = group.name.partition(" ")
            rest = tuple(b for b in kept.path if b is not group)
            self._groups.setdefault((label.lstrip("@"), name), []).append(kept._replace(path=rest))

    def _unknown(self, entry: Entry, why: str, statement: Statement) -> None:
        other = ONLY_23 if self.new else ONLY_24
        if entry.key in other and not statement.maybe:
            shown = "" if "password" in entry.key else entry.value
            self.oddities.append(Oddity(entry.key, "refused", other[entry.key], entry.where, shown))
        elif self.new and entry.key in names23.OBSOLETE and not statement.maybe:
            self.oddities.append(Oddity(entry.key, "refused", ONLY_23.get(entry.key, ""), entry.where, entry.value))
        self.refuse(entry.where, why, statement)

    def _use_groups(self, model: Model, hidden: bool) -> None:
        there = {(label.lstrip("@"), rest[0]) for label, *rest in map(str.split, self._named_groups()) if rest}
        for path, label, name, statement in self._uses:
            for entry in self._groups.get((label, name), []):
                model.add(entry._replace(path=(*path, *entry.path)))
            if (label, name) not in there | {_BUILT_IN_GROUP} and not hidden and not is_template(name):
                self.refuse(statement.where, f"there is no group @{label} {name}", statement)

    def _named_groups(self) -> list[str]:
        return [block.name for path, _ in self.sections for block in path[-1:] if block.kind == "group"]

    def finish(self, program: str, outside: list[Statement]) -> Model:
        """The model; what is wrong with the whole is added to ``refused``."""
        for block, statement in self.stack[-1:]:
            self.refuse(statement.where, f"the section {block.kind} is not closed", statement)
        model = Model(self.dialect, DEFAULTS[self.dialect], program)
        self._use_groups(model, bool(outside) or self.fragment)
        for path, where in self.sections:
            if not any(b.kind == "group" for b in path):
                model.open(path, where)
        for entry in self.entries:
            model.add(entry)
        for statement in outside:
            origin = Origin("implies", statement.value.span(), "a file that is not here")
            only = "protocols.d" in statement.value.text
            (model.protocols_outside if only else model.outside).append(origin)
        return model
