"""What keeps Exim from starting and only the whole configuration tells (readconf.c, route.c)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mailpolicy.readers.exim import names, values
from mailpolicy.readers.exim.model import Driver, Model

_OTHER_DRIVERS = frozenset(
    (("authenticators", "gsasl"), ("authenticators", "heimdal_gssapi"), ("transports", "queuefile"))
)
_NEEDS_TRANSPORT = ("accept", "dnslookup", "ipliteral")
_WITHOUT_TRANSPORT = ("iplookup", "redirect")
_SELF = re.compile(r"(?:freeze|defer|send|pass|fail)$|reroute:")


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
            if values.other_build(name):
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
