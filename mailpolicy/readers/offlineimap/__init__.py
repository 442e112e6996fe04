"""OfflineIMAP: ``~/.offlineimaprc``, ``offlineimap/config``.

After offlineimap.conf of 7.3.4 and 8.0.1, their sources and what 8.0 was seen to do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mailpolicy import python_config
from mailpolicy.facts import begun
from mailpolicy.passwords import secret
from mailpolicy.python_config import Config, Got
from mailpolicy.readers.offlineimap.repositories import NEWEST, SOFTWARE, Repository
from mailpolicy.readers.offlineimap.sessions import fields
from mailpolicy.sessions import Told, connection
from mailpolicy.tree import Tree
from mailpolicy.types import Fact, Inventory, Origin, Span, Unread, Unreadable, Version, unreadable

__all__ = ["FILES", "LIMITS", "PROVEN", "SOFTWARE", "groups", "read", "sniff"]

FILES = ".offlineimaprc, offlineimap/config, offlineimap.conf"
PROVEN = "OfflineIMAP 8.0, run with the same files; 6.6 to 7.3.4 and 8.0.1 from their sources"
LIMITS = "what Python expressions and the pythonfile return; .netrc and key rings"

_PYTHON_3 = (8,)
_SECRETS = ("remotepass", "oauth2_refresh_token", "oauth2_access_token", "oauth2_client_secret")


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Each file by itself."""
    return [(path,) for path in paths]


def sniff(text: str) -> bool:
    """Whether there are accounts with their repositories."""
    return "\n[Repository " in text[:200_000] and "remoterepository" in text[:200_000]


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """The sessions of the accounts that are synchronised, and the passwords of the file."""
    path = paths[0]
    try:
        source = tree.source(path)
    except Unreadable as problem:
        return unreadable((path,), str(problem))
    numbers = _version(version)
    config = python_config.parse(source, 3 if numbers >= _PYTHON_3 else 2)
    unread = [Unread(wrong.where, f"{wrong.why}; Python refuses the whole file") for wrong in config.wrong[:1]]
    unread += [Unread(wrong.where, wrong.why) for wrong in config.wrong[1:100] if not wrong.twice]
    if not any(name.startswith(("Account ", "Repository ")) for name in config.sections):
        why = "holds no account" if source.text.strip() else "is empty"
        return Inventory(unread=(*unread, Unread(source.start(), why, fatal=True)), files=(path,))
    reading = _Reading(config, path, numbers)
    facts = reading.facts(source.start())
    return Inventory((*facts, *reading.secrets()), (*unread, *reading.unread), (path,), tuple(reading.notes))


def _version(version: Version | None) -> tuple[int, ...]:
    """Debian's packages of OfflineIMAP 3 have 0.0~git and a date for a version."""
    return version.numbers if version and version.numbers >= (1,) else NEWEST


def _piece(listed: Got, name: str) -> Span:
    """Where one name stands in a list."""
    at = (listed.text or "").find(name)
    column = listed.where.column + at
    if at < 0 or not name or column + len(name) > listed.where.end_column:
        return listed.where
    return listed.where._replace(column=column, end_column=column + len(name))


class _Reading:
    def __init__(self, config: Config, path: str, version: tuple[int, ...]) -> None:
        self.config, self.path, self.version = config, path, version
        self.unread: list[Unread] = []
        self.notes: list[str] = []

    @property
    def numbers(self) -> str:
        return ".".join(map(str, self.version))

    def facts(self, start: Span) -> list[Fact]:
        return [fact for name in self.accounts(start) for fact in self.account(name)]

    def accounts(self, start: Span) -> Iterator[str]:
        """Names in ``[general] accounts``; all accounts where that is unknown."""
        there = {name[8:].lstrip(): name for name in self.config.sections if name.startswith("Account ")}
        listed = self.config.get("general", "accounts")
        if listed is not None and listed.fault:
            self.unread.append(Unread(listed.where, f"accounts: {listed.fault}"))
        elif listed is not None and listed.text is not None:
            names = [name.lstrip() for name in listed.text.split(",")]
            for name in names:
                if name not in there:
                    self.unread.append(Unread(_piece(listed, name), "names an account that the file does not have"))
            self.notes += [
                f"{self.path}:{self.config.headers[section].line}: account {name} is not in accounts: "
                "only offlineimap -a synchronises it"
                for name, section in there.items()
                if name not in names
            ]
            there = {name: there[name] for name in names if name in there}  # each once
        elif listed is None:
            self.unread.append(Unread(start, "[general] has no accounts: OfflineIMAP does not start"))
        yield from there

    def account(self, name: str) -> Iterator[Fact]:
        """The sessions of one account: its remote repository, and a local one that is IMAP, too."""
        section = f"Account {name}"
        if section not in self.config.sections:
            return
        for which, kinds in (("remoterepository", ("IMAP", "Gmail")), ("localrepository", ("IMAP",))):
            found = self.config.get(section, which)
            where = found.where if found else self.config.headers[section]
            if found is None or found.text is None:
                why = "the account has no " + which if found is None else found.fault or f"a template decides {which}"
                self.unread.append(Unread(where, why))
                continue
            repository = f"Repository {found.text}"
            if repository not in self.config.sections:
                self.unread.append(Unread(where, "names a repository that the file does not have"))
                continue
            kind = self.config.get(repository, "type")
            if kind is None or (kind.text is not None and kind.text.strip() not in (*kinds, "Maildir", "GmailMaildir")):
                at = kind.where if kind else self.config.headers[repository]
                self.unread.append(Unread(at, f"is no type of a {which} of OfflineIMAP"))
            elif kind.text is None or kind.text.strip() in kinds:
                yield self.session(name, repository)
            elif which == "remoterepository":
                self.unread.append(Unread(kind.where, "is no type of a remoterepository of OfflineIMAP"))

    def session(self, account: str, section: str) -> Fact:
        repository = Repository(self.config, section, self.version)
        told, user = fields(repository)
        if self.config.wrong:
            wrong = self.config.wrong[0]
            why = f"Python refuses the file: line {wrong.where.line} {wrong.why}"
            told["broken"] = Told(why, (Origin("sets", wrong.where),))
        elif repository.faults:
            told["broken"] = Told(*repository.faults[0])
        where = self.config.headers[f"Account {account}"]
        draft = begun("connection", where, SOFTWARE, self.numbers, self.path)
        draft.put("account", account)
        return connection(draft, told, user)

    def secrets(self) -> Iterator[Fact]:
        """Passwords and tokens of all repositories, used or not."""
        for options in (self.config.defaults, *self.config.sections.values()):
            for name in _SECRETS:
                option = options.get(name)
                text, where = (option.text, option.where) if option else (None, None)
                if text and where:
                    yield from self.secret(name, text, where)
                option = options.get(f"{name.removesuffix('word')}eval" if name == "remotepass" else f"{name}_eval")
                text = option.text.strip() if option and option.text else ""
                if option and len(text) > 2 and text[0] in "'\"" and text[-1] == text[0] and text.count(text[0]) == 2:
                    at = option.where
                    yield from self.secret(
                        option.name, text[1:-1], at._replace(column=at.column + 1, end_column=at.end_column - 1)
                    )

    def secret(self, name: str, text: str, where: Span) -> Iterator[Fact]:
        fact = secret(SOFTWARE, self.numbers, self.path, name, text, where)
        if fact is not None:
            yield fact
