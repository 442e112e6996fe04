"""Relay hosts of Stalwart, the passwords in its files, and what holds for the server as a whole."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailpolicy.addresses import host_scope, network_scope
from mailpolicy.facts import Draft
from mailpolicy.passwords import is_placeholder, secret
from mailpolicy.readers.stalwart.model import SOFTWARE, Config
from mailpolicy.types import Fact, Origin

_ROUTES = (re.compile(r"(queue\.route\.(.+))\.type"), re.compile(r"(remote\.(.+))\.address"))
_SECRET = re.compile(r"(?:.*\.)?(?:secret|password|secret-key)(?:\.\d{4})?")
_NO_SECRET = re.compile(r"\.(?:attributes|columns|query|macros)\.")
_HASH = re.compile(r"\$[\w-]+\$|\{[A-Za-z0-9_.-]+\}")
_URL = re.compile(r"[a-z+]+://[^:@/\s]*:([^@/\s]+)@")
_TLS = {"require": "required", "required": "required", "optional": "opportunistic", "disable": "none"}


def connections(config: Config) -> Iterator[Fact]:
    """A session to each relay host: ``queue.route`` since 0.13, ``remote`` before."""
    for key, stated in config.settings.items():
        match = next((found for pattern in _ROUTES if (found := pattern.fullmatch(key))), None)
        if match is None or (key.endswith(".type") and stated.value.lower() != "relay"):
            continue
        yield _connection(config, match[1], match[2])


def _connection(config: Config, prefix: str, name: str) -> Fact:
    address, port = config.get(f"{prefix}.address"), config.get(f"{prefix}.port")
    first = address or config.get(f"{prefix}.type")
    assert first is not None
    draft = config.draft("connection", first.where)
    draft.put("account", name)
    protocol = config.get(f"{prefix}.protocol")
    spoken = protocol.value.lower() if protocol else "smtp"
    told = protocol.origins if protocol else (config.by(),)
    draft.maybe("protocol", spoken if spoken in ("smtp", "lmtp") else None, told)
    host = address.value if address and address.known else None
    draft.maybe("host", host, first.origins)
    draft.maybe("scope", host_scope(host) if host else None, first.origins)
    stated = int(port.value[:6]) if port and port.value.isdecimal() else None if port else 25
    draft.maybe("port", stated if stated and stated < 65536 else None, port.origins if port else (config.by(),))
    draft.put("port_stated", port is not None)
    draft.put("broken", None if address else "the relay has no address", first.origins)
    mode, by = _mode(config, prefix)
    draft.maybe("tls", mode, by)
    _put_verify(draft, config, prefix, mode)
    signs_in = _put_login(draft, config, prefix)
    draft.put("role", "submission" if signs_in else "relay")
    draft.maybe("cleartext_credentials", None if mode is None else signs_in and mode in ("none", "opportunistic"), by)
    return draft.fact()


def _put_verify(draft: Draft, config: Config, prefix: str, mode: str | None) -> None:
    invalid = config.get(f"{prefix}.tls.allow-invalid-certs")
    if mode == "none" or (invalid is not None and invalid.yes):
        draft.put("verify", "none", invalid.origins if invalid else ())
    else:
        known = invalid is None or invalid.yes is False
        draft.maybe("verify", "ca" if known else None, invalid.origins if invalid else (config.by(),))


def _put_login(draft: Draft, config: Config, prefix: str) -> bool:
    """A login takes a name and a password; returns whether there is one."""
    user, password = config.get(f"{prefix}.auth.username"), config.get(f"{prefix}.auth.secret")
    if user is None or password is None:
        draft.put("authenticates", False)
        draft.put("credential", "none")
        return False
    draft.put("authenticates", True, user.origins)
    kept = "file" if "%{file:" in password.value else "environment" if "%{env:" in password.value else None
    draft.maybe("credential", "literal" if password.known else kept, password.origins)
    return True


def _mode(config: Config, prefix: str) -> tuple[str | None, tuple[Origin, ...]]:
    """Implicit TLS unless ``tls.implicit`` is false; then what the strategy for STARTTLS says."""
    implicit = config.get(f"{prefix}.tls.implicit")
    if implicit is None:
        return "implicit", (config.by(),)
    if implicit.yes is not False:
        return ("implicit" if implicit.yes else None), implicit.origins
    starttls = config.get("queue.outbound.tls.starttls", "queue.tls.default.starttls")
    if starttls is not None:
        return _TLS.get(starttls.value.lower()), (*implicit.origins, *starttls.origins)
    old = config.version < (0, 13) and config.whole
    blocked = "queue.outbound.tls.starttls.0000.if" in config.settings
    return ("required" if old and not blocked else None), (*implicit.origins, config.by())


def secrets(config: Config) -> Iterator[Fact]:
    """Passwords that stand in the files: not hashes, macros or names of attributes."""
    version = ".".join(map(str, config.version))
    for key, setting in config.settings.items():
        where, text = setting.where, setting.value
        url = _URL.match(text)
        if url and where.end_column - where.column == len(text):
            where, text = (
                where._replace(column=where.column + url.start(1), end_column=where.column + url.end(1)),
                url[1],
            )
        elif _SECRET.fullmatch(key) is None or _NO_SECRET.search(key) or _HASH.match(text):
            continue
        name = re.sub(r"\.\d{4}$", "", key)
        fact = secret(SOFTWARE, version, config.path, name, text, where) if setting.known else None
        if fact is not None and not is_placeholder(text):
            yield fact


def server(config: Config) -> Fact:
    """The server: its name, VRFY and EXPN, its greeting, and who may tell it other addresses."""
    draft = config.draft("server", config.start)
    host = config.get("server.hostname", "lookup.default.hostname")
    draft.maybe("host", host.value if host and host.known else None, host.origins if host else ())
    asked = [config.decide(f"session.extensions.{name}", {"authenticated_as": ""}, False) for name in ("vrfy", "expn")]
    told = next((result for result in asked if result.value is True), asked[0])
    known = all(isinstance(result.value, bool) for result in asked)
    draft.maybe("vrfy", any(result.value for result in asked) if known or told.value is True else None, told.origins)
    if not any(key.startswith("session.connect.greeting") for key in config.settings):
        draft.put("banner_version", False, (config.by(),))
    else:
        draft.unknown("banner_version")
    _put_forged(draft, config)
    return draft.fact()


def _put_forged(draft: Draft, config: Config) -> None:
    """Networks that may use the PROXY protocol: a list, or up to 0.15 a set, whose keys they are."""
    key = re.compile(r"server\.(?:listener\..+\.)?proxy\.trusted-networks\.(.+)")
    found = []
    for name, setting in config.settings.items():
        match = key.fullmatch(name)
        if match and setting.known:
            found.append((setting.value if match[1].isdecimal() else match[1], setting.where))
    if found:
        scope = network_scope(text for text, _ in found)
        by = tuple(Origin("sets", where) for text, where in found if network_scope((text,)) == scope)
        draft.put("forged_client_networks", tuple(dict.fromkeys(text for text, _ in found)), by)
        draft.maybe("forged_client_scope", scope, by)
