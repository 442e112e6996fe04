"""What keeps Exim from starting: values of the wrong form, and what only the whole configuration tells."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mailpolicy.lean import TYPE_CHECKING
from mailpolicy.readers.exim import names

if TYPE_CHECKING:
    from mailpolicy.readers.exim.model import Driver, Model

_INTEGER = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]+|[0-9]+)[TGMKtgmk]?\s*$")
_TIME = re.compile(r"(?:[0-9]+[wdhms])+$")
_OTHER_BUILD = re.compile(
    r"(?:dmarc_|srs_|redis_|ibase_|oracle_|bmi_|gnutls_|xclient_|proxy_|dscp_|spf_|brightmail|dcc|gsasl|dkim|arc|atrn_)"
)
_OTHER_DRIVERS = frozenset(
    (("authenticators", "gsasl"), ("authenticators", "heimdal_gssapi"), ("transports", "queuefile"))
)
_NEEDS_TRANSPORT = ("accept", "dnslookup", "ipliteral")
_WITHOUT_TRANSPORT = ("iplookup", "redirect")
_SELF = re.compile(r"(?:freeze|defer|send|pass|fail)$|reroute:")


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


def finish(model: Model) -> None:
    """Refuses what only the whole can tell."""
    for section, drivers in model.drivers.items():
        for driver in drivers.values():
            _driver(model, section, driver)
    order = {name: number for number, name in enumerate(model.drivers["routers"])}
    for router in model.drivers["routers"].values():
        if not router.maybe and not model.hidden:
            _router(model, router, order)
    served: dict[str, Driver] = {}
    for driver in model.drivers["authenticators"].values():
        name = driver.text("public_name", driver.name).upper()
        if any(option.startswith("server_") for option in driver.options) and not driver.maybe:
            if name in served and driver.known("public_name") and served[name].known("public_name"):
                model.lexer.refuse(driver.where, f"two authenticators serve {name}")
            served[name] = driver
    if not model.hidden:
        _main(model)


def _main(model: Model) -> None:
    """What readconf_main() refuses when it has read all options."""
    retain, check = model.options.get("local_sender_retain"), model.options.get("local_from_check")
    checked = check is None or (check.known and check.value.text == "true")
    if retain is not None and retain.known and retain.value.text == "true" and checked:
        model.lexer.refuse(retain.where, "local_sender_retain needs local_from_check = false")
    most = model.options.get("smtp_accept_max")
    if most is not None and most.known and most.value.text.strip() == "0":
        for name in ("smtp_accept_queue", "smtp_accept_max_per_host"):
            option = model.options.get(name)
            if option is not None and option.known and option.value.text.strip() not in ("", "0"):
                model.lexer.refuse(option.where, f"{name} needs an smtp_accept_max that is not 0")


def _driver(model: Model, section: str, driver: Driver) -> None:
    option = driver.options.get("driver")
    if option is None:
        if not driver.maybe and not model.hidden:
            model.lexer.refuse(driver.where, f"{driver.name} has no driver")
        return
    known: Mapping[str, frozenset[str]] = names.DRIVERS[section]
    kind = option.value.text
    if not option.known:
        return
    if kind not in known or not kind:
        if (section, kind) in _OTHER_DRIVERS:
            model.elsewhere(option.value.span() or option.where, f"driver {kind}")
        else:
            model.lexer.refuse(option.value.span() or option.where, f"there is no driver {kind}")
        return
    for name, found in driver.options.items():
        if found.maybe or not found.value.known or name in known[""]:
            continue
        if name not in known[kind]:
            if other_build(name):
                model.elsewhere(found.where, name)
            else:
                model.lexer.refuse(found.where, f"the driver {kind} has no option {name}")
        elif name in driver.early:
            model.lexer.refuse(found.where, f"driver = {kind} must stand before {name}")


def _router(model: Model, router: Driver, order: Mapping[str, int]) -> None:
    """What route_init() and the routers' own init functions refuse."""
    kind, given = router.text("driver"), router.options
    if any(option.maybe or not option.value.known for option in given.values()):
        return
    if kind in _NEEDS_TRANSPORT and "transport" not in given and router.text("verify_only", "false") == "false":
        model.lexer.refuse(router.where, f"the router {router.name} needs a transport")
    if kind in _WITHOUT_TRANSPORT and "transport" in given:
        model.lexer.refuse(given["transport"].where, f"a {kind} router takes no transport")
    for kinds, pair in (("manualroute", ("route_list", "route_data")), ("redirect", ("file", "data"))):
        if kind == kinds and (pair[0] in given) == (pair[1] in given):
            model.lexer.refuse(router.where, f"a {kind} router takes one of {pair[0]} and {pair[1]}")
    if "self" in given and not _SELF.match(given["self"].value.text):
        model.lexer.refuse(given["self"].value.span(), f"{given['self'].value.text} is no value of self")
    for option in ("redirect_router", "pass_router"):
        if option not in given:
            continue
        value = given[option].value
        if value.text not in order:
            model.lexer.refuse(value.span(), f"there is no router {value.text}")
        elif option == "pass_router" and order[value.text] <= order[router.name]:
            model.lexer.refuse(value.span(), f"the router {value.text} does not come after {router.name}")


def switch(word: str) -> bool | None:
    """What a true-or-false option is set to; None for what Exim does not take."""
    return {"true": True, "yes": True, "false": False, "no": False}.get(word.strip().lower())
