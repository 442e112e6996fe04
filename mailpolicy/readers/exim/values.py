"""The form that values need (readconf_handle_option of readconf.c)."""

from __future__ import annotations

import re

from mailpolicy.readers.exim import names

_INTEGER = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]+|[0-9]+)[TGMKtgmk]?\s*$")
_TIME = re.compile(r"(?:[0-9]+[wdhms])+$")
_OTHER_BUILD = re.compile(
    r"(?:dmarc_|srs_|redis_|ibase_|oracle_|bmi_|gnutls_|xclient_|proxy_|dscp_|spf_|brightmail|dcc|gsasl|dkim|arc|atrn_)"
)


def value_fault(name: str, text: str) -> str:
    """Why a value does not have the form that its option needs; "" when it has."""
    comment = " (# begins a comment at the start of a line only)" if "#" in text else ""
    if name in names.INTEGERS and not _INTEGER.match(text):
        return f'{name} is a whole number, not "{text}"{comment}'
    if name in names.TIMES and not _TIME.match(text):
        return f'{name} is a time such as 1h30m, not "{text}"{comment}'
    return _selector_fault(text) if name == "log_selector" else ""


def _selector_fault(text: str) -> str:
    """What decode_bits() of Exim refuses in a log_selector."""
    found = re.fullmatch(r"\s*(?:[-+]\w+\s*)*(.*)", text, re.DOTALL)
    if found and found[1]:
        return f'log_selector takes names with + or - before them, not "{found[1]}"'
    unknown = [
        word for word in re.findall(r"\w+", text) if word != word.lower() or f"_LOG_{word.upper()}" not in names.BUILTIN
    ]
    return f"log_selector knows no {unknown[0]}" if unknown else ""


def other_build(name: str) -> bool:
    """Whether a name that Debian's Exim does not know belongs to another build or an old version."""
    return name in names.MAIN_NEW or _OTHER_BUILD.match(name) is not None


def switch(word: str) -> bool | None:
    """What a true-or-false option is set to; None for what Exim does not take."""
    return {"true": True, "yes": True, "false": False, "no": False}.get(word.strip().lower())
