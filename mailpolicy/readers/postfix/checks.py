"""Values at which Postfix programs die: wrong types, expressions that cannot be expanded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from mailpolicy.lean import NamedTuple
from mailpolicy.readers.postfix.lexer import is_template
from mailpolicy.readers.postfix.params import Resolved, View
from mailpolicy.readers.postfix.typed import EVERY, POSTSCREEN, SMTPD
from mailpolicy.types import Origin

Broken = tuple[str, tuple[Origin, ...]]
"""Why a program dies, and the positions that made it so, the blamed one last."""

_NUMBER = re.compile(r"[ \t\n\v\f\r]*([+-]?[0-9]+)")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


class Rule(NamedTuple):
    """Words that a parameter takes; Postfix is exact about case where ``exact`` says so."""

    words: frozenset[str]
    exact: bool = False
    many: bool = False


_OPTIONS = frozenset(("noplaintext", "noactive", "nodictionary", "noanonymous", "forward_secrecy", "mutual_auth"))
_WORDS = {
    "smtpd_sasl_security_options": Rule(_OPTIONS, False, True),
    "smtpd_sasl_tls_security_options": Rule(_OPTIONS, False, True),
    "notify_classes": Rule(
        frozenset(("bounce", "2bounce", "data", "delay", "policy", "protocol", "resource", "software")), False, True
    ),
    "smtpd_forbid_bare_newline": Rule(frozenset(("yes", "no", "normalize", "reject", "note"))),
    "receive_override_options": Rule(
        frozenset(("no_unknown_recipient_checks", "no_address_mappings", "no_header_body_checks", "no_milters")),
        True,
        True,
    ),
}
_ADDRESS_LISTS = (
    *("mynetworks", "smtpd_authorized_xclient_hosts", "smtpd_authorized_xforward_hosts", "debug_peer_list"),
    *("smtpd_client_event_limit_exceptions", "smtpd_sasl_exceptions_networks"),
)
_NUMERIC_TLS = ("smtpd_tls_loglevel",)


def parameter_fault(view: View, name: str) -> str | None:
    """Why a program that reads ``name`` dies of its value, or None."""
    found = view.get(name)
    if found.problem:
        return f"{name}: {found.problem}"
    if found.text is None:
        return None
    kind, least, most = EVERY.get(name) or SMTPD.get(name) or POSTSCREEN.get(name) or ("", 0, 0)
    if kind == "boolean" and found.text.lower() not in ("yes", "no"):
        return f'bad boolean configuration: {name} = "{found.text}"'
    if kind in ("integer", "time"):
        return _number(name, found.text, kind, least, most)
    if kind == "text" and len(found.text) < least:
        return f"bad string length {len(found.text)} < {least}: {name} ="
    if kind == "text" and most and len(found.text) > most:
        return f"bad string length {len(found.text)} > {most}: {name}"
    return None


def _number(name: str, text: str, kind: str, least: int, most: int) -> str | None:
    match = _NUMBER.match(text)
    rest = text[match.end() :] if match else text
    unit = 1
    if match and kind == "time" and rest:
        unit, rest = _UNITS.get(rest[0], 1), rest[1:] if rest[0] in _UNITS else rest
    if not match or rest:
        return f'bad {"time" if kind == "time" else "numerical"} configuration: {name} = "{text}"'
    number = int(match[1][:20]) * unit
    if least and number < least:
        return f'invalid {name} parameter value "{text}": at least {least} expected'
    if most and number > most:
        return f'invalid {name} parameter value "{text}": at most {most} expected'
    return None


def _words_fault(view: View, name: str) -> str | None:
    rule = _WORDS[name]
    text = view.get(name).text
    if text is None:
        return None
    for word in re.split(r"[, \t\r\n]+", text.strip(", \t\r\n")) if rule.many else [text]:
        if word and (word if rule.exact else word.lower()) not in rule.words:
            return f'unknown {name} value "{word}"'
    return None


def start_fault(view: View) -> Broken | None:
    """A value in main.cf at which master(8) and every other program dies: Postfix does not start."""
    fault = _first(view, EVERY)
    if fault is not None:
        return fault
    for name in _written(view):
        if view.default(name) is not None and view.get(name).problem:
            return f"{name}: {view.get(name).problem}", view.get(name).origins
    level = view.get("compatibility_level")
    if level.text is not None and not re.fullmatch(r"[0-9]+(\.[0-9]+){0,2}", level.text):
        return f'bad compatibility_level "{level.text}"', level.origins
    for name in ("myhostname", "mydomain"):
        text = view.get(name).text
        if view.is_set(name) and text is not None and not _hostname(text) and not is_template(view.get(name).raw):
            return f'bad {name} parameter "{text}"', view.get(name).origins
    style = view.get("mynetworks_style").text
    if style is not None and not view.is_set("mynetworks") and style.lower() not in ("host", "subnet", "class"):
        return f'unknown mynetworks_style value "{style}"', view.get("mynetworks_style").origins
    return None


def _hostname(text: str) -> bool:
    """valid_hostname() of Postfix: letters, digits, hyphens and underscores in labels of at most 63, not all digits."""
    if not text or len(text) > 255:
        return False
    labels = text.split(".")
    if not all(labels):
        return False
    for label in labels:
        if len(label) > 63 or label.startswith("-") or label.endswith("-"):
            return False
        if not all(char.isalnum() or char in "-_" for char in label):
            return False
    return not text.replace(".", "").isdigit()


def smtpd_fault(view: View) -> Broken | None:
    """A value at which smtpd(8) dies at each connection."""
    fault = _first(view, EVERY) or _first(view, SMTPD)
    if fault is not None:
        return fault
    for name in _WORDS:
        words = _words_fault(view, name) if view.is_set(name) else None
        if words and not (name.startswith("smtpd_sasl_") and view.flag("smtpd_sasl_auth_enable") is False):
            return words, view.get(name).origins
    for name in _written(view):
        if name.startswith("smtpd_") and view.get(name).problem and view.default(name) is not None:
            return f"{name}: {view.get(name).problem}", view.get(name).origins
    lists = _ADDRESS_LISTS if view.flag("smtpd_sasl_auth_enable") is not False else _ADDRESS_LISTS[:-1]
    return _nameless_table(view, lists)


def _nameless_table(view: View, names: Iterable[str]) -> Broken | None:
    """An IPv6 address without brackets that starts with a colon: a table without a type (match_list.c, dict_open.c)."""
    for name in names:
        for text, span in view.elements(name) if view.is_set(name) else ():
            if text.lstrip("!").startswith(":"):
                chain = (*view.get(name).origins, *((Origin("sets", span),) if span else ()))
                return f'{name}: "{text}" lacks brackets, so that Postfix takes it for a lookup table', chain
    return None


def postscreen_fault(view: View) -> Broken | None:
    """A value at which postscreen(8) dies."""
    fault = _first(view, EVERY) or _first(view, POSTSCREEN) or _nameless_table(view, ("mynetworks",))
    for name in ("greet", "dnsbl", "pipelining", "non_smtp_command", "bare_newline"):
        found = view.get(f"postscreen_{name}_action")
        if fault is None and found.text is not None and found.text.lower() not in ("ignore", "enforce", "drop"):
            return f'bad postscreen_{name}_action "{found.text}"', found.origins
    return fault


def _written(view: View) -> Iterable[str]:
    return sorted({*view.main, *view.overrides})


def _first(view: View, table: Mapping[str, tuple[str, int, int]]) -> Broken | None:
    """The first parameter of a table that is set to, or depends on, something that cannot be."""
    for name in _written(view):
        if (name in table and view.default(name) is not None) or name in ("myhostname", "mydomain", "mynetworks"):
            fault = parameter_fault(view, name) if name in table else None
            if fault is not None:
                return fault, view.get(name).origins
    return None


def blame(found: Resolved) -> tuple[Origin, ...]:
    """The chain of a parameter."""
    return found.origins
