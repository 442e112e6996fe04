"""The ``server`` fact."""

from __future__ import annotations

import re

from mailpolicy.addresses import network_scope
from mailpolicy.facts import Draft, begun
from mailpolicy.readers.exim.acl import Asked
from mailpolicy.readers.exim.listeners import Identity
from mailpolicy.readers.exim.lists import Client
from mailpolicy.readers.exim.session import Site
from mailpolicy.readers.exim.sockets import BUILT_IN
from mailpolicy.types import Fact


def facts(site: Site, identity: Identity, heard: list[Fact]) -> list[Fact]:
    """What holds for the whole instance."""
    options, hidden = site.model.options, site.model.hidden
    draft = begun("server", identity.declared, "exim", identity.version, identity.instance)
    name = options.get("primary_hostname")
    if name is not None:
        draft.maybe("host", name.value.text if name.known and "$" not in name.value.text else None, name.origins)
    if heard:
        mx = any(f.values.get("role") == "mx" and f.values.get("scope") != "loopback" for f in heard)
        draft.put("public_mx", mx)
        _trusted(draft, heard)
    _banner(site, draft)
    asked = Asked(site.model, site.lists, Client("198.51.100.20", False, False, 25))
    answers = [(asked.ask(stage, False), options.get(f"acl_smtp_{stage}")) for stage in ("vrfy", "expn")]
    worst = next((a for a in answers if a[0].accepts is True), None) or next(
        (a for a in answers if a[0].accepts is None), answers[0]
    )
    draft.maybe("vrfy", worst[0].accepts, worst[1].origins if worst[1] else BUILT_IN)
    sync = options.get("smtp_enforce_sync")
    known = sync.known if sync is not None else not hidden
    draft.maybe("pipelining_protection", (sync is None or sync.value.text == "true") if known else None,
                sync.origins if sync is not None else BUILT_IN)  # fmt: skip
    log = options.get("log_selector")
    if log is not None or not hidden:
        signs = re.findall(r"([-+])(?:tls_cipher|all)\b", log.value.text if log is not None else "")
        logged = signs[-1:] != ["-"]
        draft.maybe("tls_logged", logged if log is None or log.known else None, log.origins if log else BUILT_IN)
    version = tuple(int(part) for part in identity.version.split("."))
    draft.maybe("smuggling_protection", True if version >= (4, 98) or version >= (4, 97, 1) else None, BUILT_IN)
    return [draft.fact()]


def _trusted(draft: Draft, heard: list[Fact]) -> None:
    """Networks that any listener trusts."""
    networks: list[str] = []
    for fact in heard:
        found = fact.values.get("trusted_networks")
        if not isinstance(found, tuple):
            draft.unknown("trusted_networks", fact.origins.get("trusted_networks", ()))
            return
        networks += [str(text) for text in found if text not in networks]
    first = next((fact for fact in heard if fact.values.get("trusted_networks")), heard[0])
    draft.put("networks_listed", True)
    draft.put("trusted_networks", tuple(networks), first.origins["trusted_networks"])
    scope = network_scope(networks)
    if scope is not None:
        draft.put("trusted_scope", scope, first.origins.get("trusted_scope", ()))


def _banner(site: Site, draft: Draft) -> None:
    option = site.model.options.get("smtp_banner")
    if option is None:
        draft.maybe("banner_version", None if site.model.hidden else True, BUILT_IN)
        return
    found = re.search(r"\$\{?(?:version_number|exim_version)\b\}?|(?i:exim)\s+\d+\.\d+", option.value.text)
    at = option.at(option.value.cut(found.start(), found.end())) if found else option.origins
    draft.maybe("banner_version", found is not None if option.known or found else None, at)
