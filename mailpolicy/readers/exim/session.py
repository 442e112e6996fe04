"""What one client meets on one socket: TLS, logins, relaying."""

from __future__ import annotations

import re

from mailpolicy.lean import NamedTuple
from mailpolicy.readers.exim import ciphers, names
from mailpolicy.readers.exim.acl import Answer, Asked
from mailpolicy.readers.exim.expand import Failed
from mailpolicy.readers.exim.lists import Client, Lists
from mailpolicy.readers.exim.marked import elements, unplaced
from mailpolicy.readers.exim.model import UNSEEN, Driver, Model
from mailpolicy.readers.exim.sockets import BUILT_IN, Origins
from mailpolicy.tree import Tree, lost, place
from mailpolicy.types import Origin, Unreadable

READABLE = frozenset(("PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER"))
_SERVER = {
    "plaintext": ("server_condition",), "cram_md5": ("server_secret",), "spa": ("server_password",),
    "dovecot": ("server_socket",), "external": ("server_condition",), "tls": ("server_param", "server_param1"),
    "cyrus_sasl": ("driver",), "gsasl": ("server_password", "server_condition", "server_mech", "server_scram_iter"),
    "heimdal_gssapi": ("driver",),
}  # fmt: skip
"""Driver -> options of which one makes it serve; otherwise it is for clients only."""


_SECURITY = r"tls_|authenticated|received_protocol|acl_[cm]|\$\{acl|perl|dlfunc|run"


class Meeting(NamedTuple):
    """What a client meets. None: unknown."""

    tls: str | None
    tls_from: Origins
    auth: str | None
    auth_from: Origins
    mechanisms: tuple[str, ...] | None
    relay: bool | None
    """Whether a client without a login may relay."""
    relay_from: Origins
    login_relays: bool | None
    login_from: Origins
    closed: bool | None
    closed_from: Origins
    versions: frozenset[str] | None
    versions_from: Origins
    broken: str
    broken_from: Origins


class Site(NamedTuple):
    """A configuration and the files around it."""

    model: Model
    lists: Lists
    tree: Tree
    home: str
    folder: str
    gnutls: bool


def meeting(site: Site, client: Client, implicit: bool) -> Meeting:
    """Everything about one client on one port."""
    clear, secure = Asked(site.model, site.lists, client), Asked(site.model, site.lists, client._replace(tls=True))
    fault, fault_from = certificate_fault(site, secure)
    versions, versions_from = _versions(site, secure)
    tls, tls_from = ("implicit", ()) if implicit else _offered(site, clear)
    start = clear.ask("starttls", True)
    if tls == "offered" and start.accepts is False:
        fault, fault_from = "acl_smtp_starttls refuses what is offered", _blame(site, "acl_smtp_starttls", start)
    broken, broken_from = _refused(site, clear)
    if not broken and fault and tls != "none":
        broken, broken_from = fault, fault_from
    open_mechanisms = [] if implicit else _mechanisms(site, clear)
    tls_mechanisms = [] if tls == "none" else _mechanisms(site, secure)
    auth, auth_from = _logins(site, open_mechanisms, tls_mechanisms, tls)
    if tls == "offered":
        tls, tls_from = _needed(site, client, bool(open_mechanisms), tls_from)
    secured = tls in ("implicit", "optional", "required", None)
    stages = ([] if implicit else [client]) + ([client._replace(tls=True)] if secured else [])
    relay, relay_from = _relay(site, stages, ())
    logins = [c for c, m in ((client, open_mechanisms), (client._replace(tls=True), tls_mechanisms)) if m]
    named = tuple(sorted({name for name, _, _ in (*open_mechanisms, *tls_mechanisms)}))
    login, login_from = _relay(site, [c._replace(login=True) for c in logins], named)
    closed, closed_from = _closed(site, stages)
    certain = all(sure for _, sure, _ in (*open_mechanisms, *tls_mechanisms))
    return Meeting(tls, tls_from, auth, auth_from, named if certain else None, relay, relay_from, login, login_from,
                   closed, closed_from, versions, versions_from, broken, broken_from)  # fmt: skip


def _refused(site: Site, asked: Asked) -> tuple[str, Origins]:
    """Why a client is sent away as soon as it connects."""
    rejected = site.model.options.get("host_reject_connection")
    if rejected is not None and asked.among(rejected, False) is True:
        return "host_reject_connection refuses clients outside of the named networks", rejected.origins
    answer = asked.ask("connect", True)
    if answer.accepts is False:
        return "acl_smtp_connect refuses clients outside of the named networks", _blame(
            site, "acl_smtp_connect", answer
        )
    return "", ()


def _offered(site: Site, asked: Asked) -> tuple[str | None, Origins]:
    """none, or offered, before it is known whether it is needed."""
    option = site.model.options.get("tls_advertise_hosts")
    origins = option.origins if option is not None else BUILT_IN
    said = asked.among(option, None if site.model.hidden else True)
    helo, start = asked.ask("helo", True), asked.ask("starttls", True)
    if helo.accepts is False:
        return "none", _blame(site, "acl_smtp_helo", helo)
    if said is None or start.accepts is None:
        return None, origins
    return ("offered" if said else "none"), origins


def _needed(site: Site, client: Client, clear_login: bool, origins: Origins) -> tuple[str | None, Origins]:
    """Whether mail gets in without the TLS that is offered."""
    asked = Asked(site.model, site.lists, client)
    asked.ask("connect", True)
    asked.ask("helo", True)
    mail = asked.ask("mail", True)
    if clear_login:
        return "optional", origins
    if mail.accepts is None and not _looks_at_tls(site.model, "acl_smtp_mail"):
        return "optional", origins  # whatever it decides, it decides the same with TLS and without
    if mail.accepts is None:
        return None, _blame(site, "acl_smtp_mail", mail)
    return ("optional", origins) if mail.accepts else ("required", _blame(site, "acl_smtp_mail", mail))


def _looks_at_tls(model: Model, name: str) -> bool:
    """Whether an access list, or one that it asks, may depend on TLS or a login."""
    option = model.options.get(name)
    wanted, seen = [option.value.text.strip() if option is not None else ""], set()
    while wanted:
        word = wanted.pop()
        if word in seen:
            continue
        seen.add(word)
        statements = model.acls.get(word)
        if statements is None or model.hidden:
            return True
        for statement in statements:
            for condition in statement.conditions if statement.verb != "warn" else ():
                text = condition.value.text
                if condition.name in names.MODIFIERS:
                    continue
                if condition.name in ("encrypted", "authenticated", "unknown") or re.search(_SECURITY, text):
                    return True
                if condition.name == "acl":
                    wanted.append(text.split()[0] if text.split() else "")
    return False


def _mechanisms(site: Site, asked: Asked) -> list[tuple[str, bool, Driver]]:
    """Name, whether it is certain, and the authenticator, of what may be offered."""
    said = asked.among(site.model.options.get("auth_advertise_hosts"), True)
    answer = asked.ask("auth", True)
    helo = asked.ask("helo", True)
    if said is False or answer.accepts is False or helo.accepts is False:
        return []
    found = []
    for driver in site.model.drivers["authenticators"].values():
        kind = driver.text("driver")
        if not any(name in driver.options for name in _SERVER.get(kind, ("server_condition",))):
            continue
        offered = asked.truth(driver.options.get("server_advertise_condition"), "true")
        if offered is not False:
            sure = (
                offered is True
                and said is True
                and answer.accepts is True
                and not driver.maybe
                and UNSEEN not in driver.options
            )
            found.append((driver.text("public_name", driver.name).upper(), sure, driver))
    return found


def _logins(site: Site, clear: list[tuple[str, bool, Driver]], secure: list[tuple[str, bool, Driver]],
            tls: str | None) -> tuple[str | None, Origins]:  # fmt: skip
    for wanted, word in ((READABLE, "cleartext"), (None, "challenge")):
        for name, sure, driver in clear:
            if wanted is None or name in wanted:
                return (word if sure else None), _why(site, driver)
    for _, sure, driver in sorted(secure, key=lambda entry: not entry[1]):
        return ("tls-only" if sure and tls is not None else None), _why(site, driver)
    option = site.model.options.get("auth_advertise_hosts")
    if site.model.hidden:
        return None, ()
    return "none", (option.origins if option is not None else ())


def _why(site: Site, driver: Driver) -> Origins:
    """The authenticator, and what decides when it is offered."""
    chain: list[Origin] = [Origin("declares", driver.where)] if driver.where else []
    option = driver.options.get("server_advertise_condition") or site.model.options.get("auth_advertise_hosts")
    name = driver.options.get("public_name") or driver.options.get("driver")
    if name is not None:
        chain += name.origins
    if option is not None:
        chain += option.origins
    return tuple(chain)


def _blame(site: Site, option: str, answer: Answer) -> Origins:
    """The option, and the statement or condition that gave the answer."""
    found = site.model.options.get(option)
    chain = list(found.origins) if found is not None else []
    if answer.where is not None:
        chain.append(Origin("sets", answer.where))
    span = answer.value.span() if answer.value is not None else None
    if span is not None:
        chain.append(Origin("sets", span))
    if answer.accepts and answer.value is not None and answer.value.text.startswith("+"):
        chain += _world(site, answer.value.text[1:].strip())
    return tuple(chain)


def _world(site: Site, name: str) -> Origins:
    """The element of a named list that means everybody."""
    option = site.model.lists.get(("hostlist", name)) or site.model.lists.get(("domainlist", name))
    for element in elements(option.value) if option is not None else ():
        if option is not None and element.text in ("*", "0.0.0.0/0", "::/0", "::0/0"):
            return option.at(element)
    return ()


def _rcpt(site: Site, client: Client, offered: tuple[str, ...]) -> tuple[bool | None, Origins]:
    """Whether a recipient is taken, up to the end of DATA."""
    asked = Asked(site.model, site.lists, client, offered)
    for stage in ("connect", "helo", "auth", "mail"):
        if stage == "auth" and not client.login:
            continue
        answer = asked.ask(stage, True)
        if answer.accepts is False:
            return False, _blame(site, f"acl_smtp_{stage}", answer)
    mail = answer.accepts
    rcpt = asked.ask("rcpt", False)
    origins = _blame(site, "acl_smtp_rcpt", rcpt)
    if rcpt.accepts is not True:
        return rcpt.accepts, origins
    for stage in ("predata", "data"):
        later = asked.ask(stage, True)
        if later.accepts is False:
            return False, _blame(site, f"acl_smtp_{stage}", later)
    return (True if mail is True else None), origins


def _relay(site: Site, clients: list[Client], offered: tuple[str, ...]) -> tuple[bool | None, Origins]:
    """The best that any of these gets."""
    best: tuple[bool | None, Origins] = (False, ())
    for client in clients:
        got = _rcpt(site, client, offered)
        if got[0] is True:
            return got
        if got[0] is None or not best[1]:
            best = got if got[0] is None or best[0] is False else best
    return best


def relays_without_login(site: Site, client: Client) -> bool | None:
    """Whether a client of a network may relay, with TLS or without."""
    return _relay(site, [client, client._replace(tls=True)], ())[0]


def _closed(site: Site, clients: list[Client]) -> tuple[bool | None, Origins]:
    """Whether nobody outside gets mail in, even for a domain of ours."""
    domain = _own_domain(site.model)
    if domain is None:
        return None, ()
    got, origins = _relay(site, [client._replace(domain=domain) for client in clients], ())
    return (None if got is None else not got), origins


def _own_domain(model: Model) -> str | None:
    for kind, name in model.lists:
        option = model.lists[kind, name]
        if kind == "domainlist" and "local" in name and option.known:
            for element in elements(option.value):
                if element.text[:1].isalnum() and "." in element.text and ";" not in element.text:
                    return element.text.lower()
    return None


def certificate_fault(site: Site, asked: Asked) -> tuple[str, Origins]:
    """Why TLS fails although it is announced."""
    option = site.model.options.get("tls_certificate")
    if option is None or not option.known:
        return "", ()
    for name in ("tls_certificate", "tls_privatekey"):
        given = site.model.options.get(name)
        if given is None or not given.known:
            continue
        for path in _paths(asked, given.value.text):
            here = place(path, site.home, site.folder)
            if path.startswith("/") and here is not None and lost(site.tree, here):
                return f"{name} {path} does not exist", given.origins
    if "tls_privatekey" not in site.model.options and not site.model.hidden:
        for path in _paths(asked, option.value.text):
            here = place(path, site.home, site.folder)
            try:
                text = site.tree.source(here).text if here is not None else "PRIVATE KEY"
            except Unreadable:
                continue
            if "PRIVATE KEY" not in text:
                return f"tls_privatekey is not set and {path} holds no key", option.origins
    return "", ()


def _paths(asked: Asked, text: str) -> list[str]:
    try:
        made = asked.expander.expand(text)
    except Failed:
        return []
    return [element.text for element in elements(unplaced(made))] if made and "\ue000" not in made else []


def _versions(site: Site, asked: Asked) -> tuple[frozenset[str] | None, Origins]:
    """Protocol versions, by tls_require_ciphers (GnuTLS) or openssl_options."""
    options = site.model.options
    if not site.gnutls:
        option = options.get("openssl_options")
        if option is None:
            return (None if site.model.hidden else ciphers.openssl("")), BUILT_IN
        return (ciphers.openssl(option.value.text) if option.known else None), option.origins
    option = options.get("tls_require_ciphers")
    if option is None:
        return (None if site.model.hidden else ciphers.gnutls("NORMAL")), BUILT_IN
    try:
        text = asked.expander.expand(option.value.text) if option.known else None
        versions = None if text is None else ciphers.gnutls(text or "NORMAL")
    except (Failed, KeyError):
        versions = None
    return versions, option.origins
