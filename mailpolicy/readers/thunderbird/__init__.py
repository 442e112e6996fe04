"""Thunderbird and SeaMonkey: ``prefs.js`` and ``user.js`` of a profile, and ``.cfg`` files of AutoConfig.

After nsMsgIncomingServer.cpp, nsMsgAccountManager.cpp, mailnews.js, SmtpServer, SmtpClient, ImapClient and Pop3Client
of Thunderbird 78 to 140.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from mailpolicy.passwords import secret
from mailpolicy.readers.thunderbird.prefs import Pref, Prefs, parse
from mailpolicy.readers.thunderbird.servers import SOFTWARE, Profile, incoming, outgoing
from mailpolicy.text import Source
from mailpolicy.tree import Tree
from mailpolicy.types import Fact, Inventory, Span, Unread, Unreadable, Version

__all__ = ["FILES", "LIMITS", "PROVEN", "SOFTWARE", "groups", "read", "sniff"]

FILES = "prefs.js, user.js, mozilla.cfg, thunderbird.cfg"
PROVEN = "78 to 140: read in source"
LIMITS = "certificates that a user excepted (cert_override.txt), policies.json and code in .cfg files are not read"

_NEWEST = "140"
_SNIFFED = 2_000_000
_MINE = re.compile(r"\b(?:\w*_pref|pref|\w+Pref)\s*\(\s*[\"'](?:mail|mailnews)\.")
_ACCOUNT = re.compile(r"mail\.account\.([^.]+)\.server")
_SERVER = re.compile(r"mail\.server\.([^.]+)\.(?:type|hostname)")
_SMTP = re.compile(r"mail\.smtpserver\.([^.]+)\.hostname")
_PASSWORD = re.compile(r"mail\.(?:server|smtpserver)\.[^.]+\.password")


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """The files of one profile together: what ``user.js`` sets holds over ``prefs.js``."""
    folders: dict[str, list[str]] = {}
    found: list[tuple[str, ...]] = []
    for path in paths:
        if re.search(r"(?:prefs|user)\.js[^/]*$", path):
            folders.setdefault(posixpath.dirname(path), []).append(path)
        else:
            found.append((path,))
    return [*(tuple(sorted(some, key=_order)) for some in folders.values()), *found]


def _order(path: str) -> tuple[bool, str]:
    return "user" in posixpath.basename(path), path


def sniff(text: str) -> bool:
    """Whether a preference of mail is set: a browser has none."""
    return _MINE.search(text[:_SNIFFED]) is not None


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """The servers of all accounts, and those that hand in mail for them."""
    sources: list[Source] = []
    unread: list[Unread] = []
    for path in paths:
        try:
            sources.append(tree.source(path))
        except Unreadable as problem:
            unread.append(Unread(Span(path, 1, 1, 2), str(problem), fatal=True))
    prefs = parse(sources)
    if sources and not any(sniff(source.text) for source in sources):
        why = "sets no preference of mail"
        unread += [Unread(Span(source.path, 1, 1, 2), why, fatal=True) for source in sources]
        return Inventory(unread=tuple(unread), files=paths)
    profile = Profile(prefs, str(version or _NEWEST), posixpath.dirname(paths[0]) or ".", _logins(tree, paths[0]))
    facts = _facts(profile)
    notes = () if facts else (f"{paths[0]}: holds no account",)
    return Inventory((*facts, *_secrets(profile)), (*unread, *prefs.unread), paths, notes)


def _logins(tree: Tree, path: str) -> str:
    """The passwords that the program keeps, encrypted but with the names of hosts; empty where there are none."""
    try:
        return tree.source(posixpath.join(posixpath.dirname(path), "logins.json")).text
    except Unreadable:
        return ""


def _facts(profile: Profile) -> list[Fact]:
    prefs = profile.prefs
    facts = []
    servers, smtp = _used(prefs)
    for key, declared in servers.items():
        fact = incoming(profile, key, declared)
        facts += [fact] if fact is not None else []
    for key, declared in smtp.items():
        fact = outgoing(profile, key, declared)
        facts += [fact] if fact is not None else []
    return facts


def _used(prefs: Prefs) -> tuple[dict[str, Span], dict[str, Span]]:
    """Servers and SMTP servers that accounts refer to; all that there are where the files list no accounts."""
    accounts = prefs.text("mail.accountmanager.accounts")
    listed = prefs.text("mail.smtpservers")
    if accounts is None or not accounts.known:
        return _all(prefs, _SERVER), _all(prefs, _SMTP)
    servers: dict[str, Span] = {}
    smtp: dict[str, Span] = {}
    for account in dict.fromkeys(_split(accounts)):
        server = prefs.text(f"mail.account.{account}.server")
        if server is not None and server.known:
            servers.setdefault(str(server.value), _declared(prefs, f"mail.server.{server.value}", server))
        identities = prefs.text(f"mail.account.{account}.identities")
        for identity in _split(identities):
            used = prefs.text(f"mail.identity.{identity}.smtpServer", "mail.smtp.defaultserver")
            key = str(used.value) if used is not None and used.known else next(iter(_split(listed)), "")
            if key and prefs.get(f"mail.smtpserver.{key}.hostname") is not None:
                smtp.setdefault(key, _declared(prefs, f"mail.smtpserver.{key}", used or listed or accounts))
    return servers, smtp


def _split(pref: Pref | None) -> list[str]:
    return [part.strip() for part in str(pref.value).split(",") if part.strip()] if pref and pref.known else []


def _all(prefs: Prefs, pattern: re.Pattern[str]) -> dict[str, Span]:
    found: dict[str, Span] = {}
    for name, pref in prefs.held.items():
        match = pattern.fullmatch(name)
        if match is not None and match[1] != "default":
            found.setdefault(match[1], pref.name_at)
    return found


def _declared(prefs: Prefs, branch: str, otherwise: Pref) -> Span:
    pref = prefs.get(f"{branch}.hostname", f"{branch}.type") or otherwise
    return pref.name_at


def _secrets(profile: Profile) -> list[Fact]:
    found = []
    for name, pref in profile.prefs.held.items():
        if _PASSWORD.fullmatch(name) and pref.known and isinstance(pref.value, str):
            found.append(secret(SOFTWARE, profile.version, profile.folder, name, pref.value, pref.where))
    return [fact for fact in found if fact is not None]
