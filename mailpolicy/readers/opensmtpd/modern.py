"""The statements since 6.4: ``action`` says where mail goes, ``match`` which mail (parse.y of 6.8 and 7.6)."""

from __future__ import annotations

import re
from collections.abc import Callable

from mailpolicy.readers.opensmtpd.common import delay, limits, macro, pki, size
from mailpolicy.readers.opensmtpd.cursor import Cursor
from mailpolicy.readers.opensmtpd.lexer import Token
from mailpolicy.readers.opensmtpd.listen import filter_chain, listen, take_filters
from mailpolicy.readers.opensmtpd.model import Action, Condition, Refused, Rule, Table

_WORDS_TEXT = (
    "action admd alias any auth auth-optional backup bounce bypass ca cert chain chroot ciphers commit "
    "compression connect data data-line dhe disconnect domain ehlo encryption expand-only fcrdns filter for "
    "forward-only from group helo helo-src host hostname hostnames include inet4 inet6 junk key limit listen "
    "lmtp local mail-from maildir mask-src masquerade match max-deferred max-message-size mbox mda mta mx no-"
    "dsn no-verify noop on phase pki port proc proc-exec proxy-v2 queue quit rcpt-to rdns received-auth "
    "recipient regex reject relay report rewrite rset scheduler senders smtp smtp-in smtp-out smtps socket src "
    "srs sub-addr-delim table tag tagged tls tls-require ttl user userbase verify virtual warn-interval "
    "wrapper "
)
WORDS = frozenset(_WORDS_TEXT.split())
_MDA = ("max-session", "max-session-per-user", "task-lowat", "task-hiwat", "task-release")
_SCHEDULER = ("max-inflight", "max-evp-batch-size", "max-msg-batch-size", "max-schedule")
_PHASES = ("connect", "helo", "ehlo", "auth", "mail-from", "rcpt-to", "data", "commit")


def words(numbers: tuple[int, ...]) -> frozenset[str]:
    """The keywords of a version."""
    return WORDS | {"protocols"} if numbers >= (7,) else WORDS


def _bounce(cursor: Cursor) -> None:
    cursor.want("warn-interval")
    delay(cursor)
    while cursor.accept(","):
        delay(cursor)


def _admd(cursor: Cursor) -> None:
    cursor.string()


def _ca(cursor: Cursor) -> None:
    pki(cursor, cursor.config.cas, ("cert",))


def _pki(cursor: Cursor) -> None:
    pki(cursor, cursor.config.pkis, ("cert", "key", "dhe"))


def _mda(cursor: Cursor) -> None:
    if cursor.accept("limit"):
        limits(cursor, _MDA)
        return
    cursor.want("wrapper")
    name = cursor.string()
    cursor.string()
    if name.text in cursor.config.wrappers:
        raise Refused(name.where, f"{name.text} stands here for the second time")
    cursor.config.wrappers.add(name.text)


def _mta(cursor: Cursor) -> None:
    if cursor.accept("max-deferred"):
        cursor.number()
        return
    cursor.want("limit")
    if cursor.accept("for"):
        cursor.want("domain")
        cursor.string()
    limits(cursor, None)


def _proc(cursor: Cursor) -> None:
    name = cursor.string()
    cursor.string()
    if name.text in cursor.config.programs:
        raise Refused(name.where, f"{name.text} stands here for the second time")
    cursor.config.programs.add(name.text)
    _program(cursor)


def _program(cursor: Cursor) -> None:
    seen: set[str] = set()
    while word := cursor.accept("user", "group", "chroot"):
        cursor.string()
        if word.text in seen:
            raise Refused(word.where, f"{word.text} is set twice")
        seen.add(word.text)


def _queue(cursor: Cursor) -> None:
    word = cursor.want("compression", "encryption", "ttl")
    if word.text == "ttl":
        delay(cursor)
    elif word.text == "encryption" and cursor.peek().kind == "string":
        cursor.config.keys.append(("queue encryption", cursor.take()))


def _scheduler(cursor: Cursor) -> None:
    cursor.want("limit")
    limits(cursor, _SCHEDULER)


def _smtp(cursor: Cursor) -> None:
    word = cursor.want("limit", "ciphers", "max-message-size", "sub-addr-delim")
    if word.text == "limit":
        limits(cursor, ("max-rcpt", "max-mails"))
    elif word.text == "max-message-size":
        size(cursor)
    else:
        value = cursor.string()
        if word.text == "sub-addr-delim" and value.known and not re.fullmatch(r"[!-?A-~]", value.text):
            raise Refused(value.where, "a delimiter is one character, and not @")
        if word.text == "ciphers":
            cursor.config.macros[" ciphers"] = value


def _srs(cursor: Cursor) -> None:
    if cursor.accept("ttl"):
        delay(cursor)
        return
    cursor.want("key")
    setting = "srs key backup" if cursor.accept("backup") else "srs key"
    cursor.config.keys.append((setting, cursor.string()))
    cursor.config.srs = cursor.config.srs or setting == "srs key"


def _filter(cursor: Cursor) -> None:
    name = cursor.string()
    if name.text in cursor.config.filters:
        raise Refused(name.where, f"a filter of the name {name.text} stands here for the second time")
    kind = cursor.want("proc", "proc-exec", "phase", "chain").text
    if kind == "proc":
        program = cursor.string()
        if program.text not in cursor.config.programs:
            raise Refused(program.where, f"no proc of the name {program.text}")
    elif kind == "proc-exec":
        cursor.string()
        _program(cursor)
    elif kind == "phase":
        cursor.config.guards[name.text] = _phase(cursor)
    else:
        cursor.config.guards[name.text] = filter_chain(cursor)
    cursor.config.filters[name.text] = kind


def _phase(cursor: Cursor) -> tuple[Condition, ...]:
    """A filter of smtpd's own; gives the condition on which it refuses a client."""
    phase = cursor.want(*_PHASES).text
    cursor.want("match")
    negated = cursor.accept("!") is not None
    allowed = ["fcrdns", "rdns", "src"]
    if phase != "connect":
        allowed.append("helo")
    if phase not in ("connect", "helo", "ehlo"):
        allowed.append("auth")
    if phase in ("mail-from", "rcpt-to", "data", "commit"):
        allowed.append("mail-from")
    if phase == "rcpt-to":
        allowed.append("rcpt-to")
    word = cursor.want(*allowed)
    what = word.text
    bare = what in ("rdns", "auth") and not (cursor.at("regex", "<", "{") or cursor.peek().kind == "string")
    condition = Condition(what, word.where, negated)
    if what != "fcrdns" and not bare:
        regex = cursor.accept("regex") is not None
        table = cursor.table("list", "hash")
        condition = Condition(what, table.where, negated, table, regex)
    done = cursor.want("reject", "disconnect", "rewrite", "report", *(() if phase == "commit" else ("junk", "bypass")))
    if done.text not in ("junk", "bypass"):
        cursor.string()
    return (condition,) if done.text in ("reject", "disconnect") else ()


_LOCAL = ("mbox", "maildir", "lmtp", "mda", "forward-only", "expand-only")
_REMOTE_STRINGS = ("helo", "pki", "ca", "mail-from")
_REMOTE_TABLES = {
    "helo-src": ("hash",), "src": ("list",), "host": ("list",), "domain": ("hash",), "auth": ("hash",),
}  # fmt: skip


def _action(cursor: Cursor) -> None:
    name = cursor.string()
    if name.text in cursor.config.actions:
        raise Refused(name.where, f"an action of the name {name.text} stands here for the second time")
    kind = cursor.want("relay", *_LOCAL)
    action = Action(name.text, kind.text if kind.text in ("relay", "lmtp") else "local", kind.where, {}, {})
    if kind.text == "relay":
        while _remote(cursor, action):
            pass
    else:
        if kind.text in ("lmtp", "mda"):
            action.options["to"] = (cursor.string(),)
        if kind.text == "lmtp":
            cursor.accept("rcpt-to")
        if kind.text == "maildir":
            if cursor.peek().kind == "string":
                cursor.take()
            cursor.accept("junk")
        while _local(cursor, kind, action):
            pass
    while cursor.accept("ttl"):
        delay(cursor)
    cursor.config.actions[name.text] = action


def _local(cursor: Cursor, kind: Token, action: Action) -> bool:
    word = cursor.accept("user", "alias", "virtual", "userbase", "wrapper")
    if word is None:
        return False
    name = "alias" if word.text == "virtual" else word.text
    if word.text == "user":
        cursor.string()
        if kind.text in ("mbox", "forward-only", "expand-only"):
            raise Refused(word.where, f"user cannot be set with {kind.text}")
    elif word.text == "wrapper":
        wrapper = cursor.string()
        if wrapper.text not in cursor.config.wrappers:
            raise Refused(wrapper.where, f"no mda wrapper of the name {wrapper.text}")
        name = ""
    else:
        action.tables[name] = cursor.table("hash")
    if name and name in action.options:
        raise Refused(word.where, f"{word.text} is set twice, or beside alias or virtual")
    action.options[name or "wrapper"] = (word,)
    return True


def _remote(cursor: Cursor, action: Action) -> bool:
    """One option of ``relay``; False when there is none left."""
    more = ("ciphers", "protocols") if cursor.config.libtls else ()
    word = cursor.accept(*_REMOTE_STRINGS, *_REMOTE_TABLES, *more, "backup", "tls", "filter", "srs")
    if word is None:
        return False
    name = {"domain": "host"}.get(word.text, word.text)
    if name in action.options or (name, "backup" in action.options) == ("host", True):
        raise Refused(word.where, f"{word.text} is set twice, or beside backup")
    value: tuple[Token, ...] = (word,)
    if word.text in _REMOTE_TABLES:
        if word.text == "auth" and "host" not in action.options:
            raise Refused(word.where, "auth must stand behind the host that it is for")
        kinds = _REMOTE_TABLES[word.text]
        both = word.text == "src" and cursor.config.libtls
        action.tables[name] = cursor.table(*kinds, *(("hash",) if both else ()))
    elif word.text == "backup":
        if "host" in action.options:
            raise Refused(word.where, "backup and host exclude one another")
        if cursor.accept("mx"):
            cursor.string()
    elif word.text == "tls":
        unchecked = cursor.accept("no-verify")
        value = (word, unchecked) if unchecked else (word,)
    elif word.text == "filter":
        take_filters(cursor)
    elif word.text == "srs":
        if not cursor.config.srs:
            raise Refused(word.where, "srs needs an srs key above")
    else:
        value = (word, cursor.string())
    action.options[name] = value
    return True


_FROM = ("socket", "local", "any", "src", "rdns", "auth", "mail-from")
_FOR = ("local", "any", "domain", "rcpt-to")


def _match(cursor: Cursor, start: Token) -> None:
    conditions: dict[str, Condition] = {}
    while not cursor.at("reject", "action"):
        negated = cursor.accept("!") is not None
        word = cursor.want("tag", "helo", "tls", "auth", "mail-from", "rcpt-to", "from", "for")
        for kind, condition in _condition(cursor, word, negated):
            if kind in conditions:
                raise Refused(word.where, f"{kind} is set twice")
            conditions[kind] = condition
    action = None
    if cursor.take().text == "action":
        name = cursor.string()
        action = cursor.config.actions.get(name.text)
        if action is None:
            raise Refused(name.where, f"no action of the name {name.text} stands above")
    cursor.config.rules.append(Rule(start.where, conditions, action))


def _condition(cursor: Cursor, word: Token, negated: bool) -> list[tuple[str, Condition]]:
    """One condition; ``from auth``, ``from mail-from`` and ``for rcpt-to`` stand for two."""
    if word.text not in ("from", "for"):
        return [(word.text, _of(cursor, word, negated, optional=word.text in ("tls", "auth")))]
    kind = cursor.want(*(_FROM if word.text == "from" else _FOR))
    if kind.text in ("auth", "mail-from", "rcpt-to"):
        anybody = Condition("any", kind.where)
        return [(word.text, anybody), (kind.text, _of(cursor, kind, negated, optional=kind.text == "auth"))]
    if kind.text in ("src", "domain", "rdns"):
        return [(word.text, _of(cursor, kind, negated, optional=kind.text == "rdns"))]
    return [(word.text, Condition(kind.text, kind.where, negated))]


def _of(cursor: Cursor, word: Token, negated: bool, optional: bool) -> Condition:
    """A condition with its table."""
    if word.text == "tls":
        return Condition("tls", word.where, negated)
    regex = cursor.accept("regex") is not None
    table: Table | None = None
    if regex or not optional or cursor.at("<", "{") or cursor.peek().kind == "string":
        pairs = word.text in ("auth", "mail-from", "rcpt-to") and not regex and cursor.config.libtls
        table = cursor.table("list", *(("hash",) if pairs else ()))
    return Condition(word.text, table.where if table else word.where, negated, table, regex)


_STATEMENTS: dict[str, Callable[[Cursor], None]] = {
    "bounce": _bounce, "admd": _admd, "ca": _ca, "pki": _pki, "mda": _mda, "mta": _mta, "proc": _proc,
    "queue": _queue, "scheduler": _scheduler, "smtp": _smtp, "srs": _srs, "listen": listen, "filter": _filter,
    "action": _action, "table": Cursor.declare_table,
}  # fmt: skip


def statement(cursor: Cursor) -> None:
    """One statement, but include. Raises Refused."""
    token = cursor.peek()
    if token.kind == "string" and token.text == "accept":
        raise Refused(token.where, "match took the place of accept in OpenSMTPD 6.4")
    if token.kind == "string":
        macro(cursor)
    elif cursor.at("match"):
        _match(cursor, cursor.take())
    elif cursor.at(*_STATEMENTS):
        _STATEMENTS[cursor.take().text](cursor)
    elif token.kind == "word":
        raise Refused(token.where, f"no statement begins with {token.text}")
    else:
        raise cursor.unexpected()
