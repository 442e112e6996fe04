"""The statements before 6.4: ``accept`` and ``reject`` say which mail and where it goes (parse.y of 5.9 and 6.0)."""

from __future__ import annotations

import re
from collections.abc import Callable

from mailpolicy.readers.opensmtpd.common import delay, limits, macro, pki, size
from mailpolicy.readers.opensmtpd.cursor import Cursor
from mailpolicy.readers.opensmtpd.lexer import Token
from mailpolicy.readers.opensmtpd.listen import listen
from mailpolicy.readers.opensmtpd.model import Action, Condition, Refused, Rule

_WORDS_TEXT = (
    "accept alias any as auth auth-optional authenticated backup bounce-warn ca certificate ciphers "
    "compression deliver dhe domain encryption expire filter for forward-only from hostname hostnames include "
    "inet4 inet6 key limit listen lmtp local maildir mask-source masquerade max-message-size max-mta-deferred "
    "mbox mda mta no-dsn on pki port queue rcpt-to received-auth recipient reject relay scheduler secure "
    "sender senders session smtps socket source subaddressing-delimiter table tag tagged tls tls-require to "
    "userbase verify via virtual "
)
WORDS = frozenset(_WORDS_TEXT.split())
_SESSION = ("max-rcpt", "max-mails")
_MDA = ("max-session", "max-session-per-user", "task-lowat", "task-hiwat", "task-release")
_SCHEDULER = ("max-inflight", "max-evp-batch-size", "max-msg-batch-size", "max-schedule")


def _bounce(cursor: Cursor) -> None:
    while cursor.peek().kind not in ("newline", "end"):
        delay(cursor)
        cursor.accept(",")


def _delimiter(cursor: Cursor) -> None:
    cursor.string()


def _queue(cursor: Cursor) -> None:
    word = cursor.want("compression", "encryption")
    if word.text == "encryption" and cursor.accept("key"):
        cursor.config.keys.append(("queue encryption key", cursor.string()))


def _number(cursor: Cursor) -> None:
    cursor.number()


def _ciphers(cursor: Cursor) -> None:
    cursor.config.macros[" ciphers"] = cursor.string()


def _limit(cursor: Cursor) -> None:
    word = cursor.want("session", "mda", "mta", "scheduler").text
    if word == "mta" and cursor.accept("for"):
        cursor.want("domain")
        cursor.string()
    limits(cursor, {"session": _SESSION, "mda": _MDA, "scheduler": _SCHEDULER}.get(word))


def _ca(cursor: Cursor) -> None:
    pki(cursor, cursor.config.cas, ("certificate",))


def _pki(cursor: Cursor) -> None:
    pki(cursor, cursor.config.pkis, ("certificate", "key", "dhe"))


def _filter(cursor: Cursor) -> None:
    """``filter`` of 5.9; its lines say nothing that facts are about."""
    while cursor.peek().kind not in ("newline", "end"):
        cursor.take()


def _rule(cursor: Cursor, start: Token) -> None:
    conditions: dict[str, Condition] = {}
    while cursor.at("from", "for", "sender", "recipient", "tagged", "authenticated", "!"):
        name, condition = _condition(cursor)
        if name in conditions and name not in ("tag", "auth"):
            raise Refused(condition.where, f"{name} is set twice")
        conditions[name] = condition
    action = None
    if start.text == "accept":
        lookups = _lookups(cursor)
        action = _action(cursor, start)
        if action.kind == "relay" and lookups:
            raise Refused(lookups[0].where, f"{lookups[0].text} cannot be set with relay")
        while word := cursor.accept("expire", "forward-only"):
            if word.text == "expire":
                delay(cursor)
    cursor.config.rules.append(Rule(start.where, conditions, action))


def _condition(cursor: Cursor) -> tuple[str, Condition]:
    if cursor.accept("!"):
        word = cursor.want("authenticated")
        return "auth", Condition("auth", word.where, True)
    word = cursor.take()
    if word.text == "authenticated":
        return "auth", Condition("auth", word.where)
    negated = cursor.accept("!") is not None
    if word.text == "tagged":
        return "tag", Condition("tag", cursor.peek().where, negated, cursor.table("list"))
    if word.text in ("sender", "recipient"):
        table = cursor.table("list")
        name = {"sender": "mail-from", "recipient": "rcpt-to"}[word.text]
        return name, Condition(name, table.where, negated, table)
    kind = cursor.want("any", "local", "source" if word.text == "from" else "domain")
    if kind.text in ("any", "local"):
        return word.text, Condition(kind.text, kind.where, negated)
    table = cursor.table("list")
    return word.text, Condition({"source": "src"}.get(kind.text, kind.text), table.where, negated, table)


def _lookups(cursor: Cursor) -> list[Token]:
    found = []
    while word := cursor.accept("alias", "virtual", "userbase"):
        cursor.table("hash")
        found.append(word)
    return found


def _action(cursor: Cursor, start: Token) -> Action:
    word = cursor.accept("deliver", "relay")
    if word is None:
        return Action("", "local", start.where, {}, {})
    if word.text == "relay":
        action = Action("", "relay", word.where, {}, {})
        via = cursor.accept("via")
        if via:
            action.options["via"] = (via, _url(cursor))
        while _relay(cursor, action):
            pass
        login = bool(via) and re.match(r"(?i)[a-z+]*\+auth://", action.options["via"][1].text)
        if login and "auth" not in action.tables:
            raise Refused(action.options["via"][1].where, "a login needs a table: auth <secrets>")
        return action
    cursor.want("to")
    kind = cursor.want("maildir", "mbox", "lmtp", "mda")
    action = Action("", "lmtp" if kind.text == "lmtp" else "local", kind.where, {}, {})
    if kind.text in ("lmtp", "mda") or (kind.text == "maildir" and cursor.peek().kind == "string"):
        action.options["to"] = (cursor.string(),)
    if kind.text == "lmtp":
        cursor.accept("rcpt-to")
    if kind.text in ("lmtp", "mda") and cursor.accept("as"):
        cursor.string()
    return action


SCHEMES = ("smtp", "lmtp", "smtp+tls", "smtps", "tls", "smtps+auth", "tls+auth", "secure", "secure+auth", "backup",
           "tls+backup")  # fmt: skip


def _url(cursor: Cursor) -> Token:
    url = cursor.string()
    scheme, colon, _ = url.text.partition("://")
    if url.known and colon and scheme.lower() not in SCHEMES:
        raise Refused(url.where, f"{scheme} is no scheme of a relay host")
    return url


def _relay(cursor: Cursor, action: Action) -> bool:
    """One option of ``relay``; False when there is none left."""
    own = ("auth", "verify") if "via" in action.options else ("backup", "tls")
    word = cursor.accept("as", "source", "hostname", "hostnames", "pki", "ca", *own)
    if word is None:
        return False
    value: tuple[Token, ...] = (word,)
    if word.text in ("source", "hostnames", "auth"):
        action.tables[word.text] = cursor.table(*(("list",) if word.text == "source" else ("hash",)))
    elif word.text == "backup":
        if cursor.peek().kind == "string":
            cursor.take()
    elif word.text == "tls":
        verify = cursor.accept("verify")
        value = (word, verify) if verify else (word,)
    elif word.text != "verify":
        value = (word, cursor.string())
    action.options[word.text] = value
    return True


_STATEMENTS: dict[str, Callable[[Cursor], None]] = {
    "bounce-warn": _bounce, "subaddressing-delimiter": _delimiter, "queue": _queue, "expire": delay,
    "max-message-size": size, "max-mta-deferred": _number, "limit": _limit, "listen": listen, "pki": _pki, "ca": _ca,
    "ciphers": _ciphers, "filter": _filter, "table": Cursor.declare_table,
}  # fmt: skip


def statement(cursor: Cursor) -> None:
    """One statement, but include. Raises Refused."""
    if cursor.peek().kind == "string":
        macro(cursor)
    elif cursor.at("accept", "reject"):
        _rule(cursor, cursor.take())
    elif cursor.at(*_STATEMENTS):
        _STATEMENTS[cursor.take().text](cursor)
    elif cursor.peek().kind == "word":
        raise Refused(cursor.peek().where, f"no statement begins with {cursor.peek().text}")
    else:
        raise cursor.unexpected()
