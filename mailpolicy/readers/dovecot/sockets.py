"""Which sockets Dovecot opens: services, their listeners, addresses and ports."""

from __future__ import annotations

import posixpath

from mailpolicy.lean import NamedTuple
from mailpolicy.readers.dovecot import networks
from mailpolicy.readers.dovecot.dialect import Service, services
from mailpolicy.readers.dovecot.model import Block, Looked, Model, Place, span_of
from mailpolicy.types import Origin, Span, Unread

PROTOCOLS = ("imap", "pop3", "lmtp", "sieve", "submission")
PACKAGES = {"imap": "imap", "pop3": "pop3", "lmtp": "lmtp", "managesieve": "sieve", "submission": "submission"}
"""Debian's conf.d/20-<name>.conf to the protocol that its package switches on."""

_EXECUTABLES = {
    "imap-login": "imap",
    "pop3-login": "pop3",
    "managesieve-login": "sieve",
    "submission-login": "submission",
}


_WILD = ("0.0.0.0", "::")


class Listener(NamedTuple):
    """One inet_listener with all that its sections say."""

    service: str
    name: str
    protocol: str
    """imap, pop3, sieve, submission, lmtp, or "" for an internal service."""
    declared: Span
    port: int | None
    port_from: tuple[Origin, ...]
    ssl: bool | None
    ssl_from: tuple[Origin, ...]
    haproxy: bool
    haproxy_from: tuple[Origin, ...]
    addresses: tuple[tuple[str, Origin], ...]
    """What it listens on, in the words of the file; empty when that is not known."""
    protocol_from: tuple[Origin, ...]


class Enabled(NamedTuple):
    """Protocols that are switched on, with who did, and whether there may be more."""

    names: dict[str, Origin]
    complete: bool
    origins: tuple[Origin, ...]


def enabled(model: Model, files: list[str]) -> Enabled:
    """The ``protocols`` setting. Where an include outside of the tree sets it, Debian's conf.d shows the packages."""
    words, known, origins = model.words("protocols", " ")
    found = {word: origin for word, origin in words if word != "none" or len(words) > 1}
    if not known:
        for include in (model.protocols_outside + model.outside)[:1]:
            for path in files:
                name = posixpath.basename(path)
                if name.startswith("20-") and name.endswith(".conf") and name[3:-5] in PACKAGES:
                    note = f"{name} shows that this protocol's package is installed"
                    found.setdefault(PACKAGES[name[3:-5]], Origin("implies", include.where, note))
    return Enabled(found, known, origins)


def protocol_faults(model: Model, on: Enabled) -> list[Unread]:
    """Protocols that no service has: Dovecot does not start."""
    own = {e.value for e in model.keyed("service_protocol")}
    return [
        Unread(origin.where, f"there is no protocol {word}: Dovecot {model.dialect} does not start")
        for word, origin in on.names.items()
        if word not in PROTOCOLS and word not in own and origin.where is not None and on.complete
    ]


def listeners(model: Model, on: Enabled, root: Span) -> list[Listener]:
    """Every listener of every service that is switched on, without port 0 and those that ``ssl = no`` drops."""
    built_in = services(model.dialect)
    names = list(built_in) + [b.name for b in model.blocks("service") if b.name not in built_in]
    found = []
    for name in names:
        service = built_in.get(name) or Service("", {})
        needed = _service(model, name, "service_protocol", service.protocol)
        protocol = needed.value
        if protocol and protocol not in on.names:
            continue
        since = on.names.get(protocol)
        block = Block("service", name)
        mine = [b.name for b in model.blocks("inet_listener", (block,))]
        for listener in [*service.listeners, *(n for n in mine if n not in service.listeners)]:
            one = _listener(model, name, listener, service, since, root)
            if one is not None:
                found.append(one)
    return found


def _service(model: Model, name: str, key: str, default: str) -> Looked:
    chain = [e for e in model.exactly(Block("service", name)) if e.key == key]
    return model.looked(chain, default, True)


def _speaks(model: Model, service: str) -> str:
    """The mail protocol that a service speaks to its clients."""
    if service == "lmtp":
        return "lmtp"
    program = _service(model, service, "service_executable", service).value.split(" ")[0]
    return _EXECUTABLES.get(posixpath.basename(program), "lmtp" if posixpath.basename(program) == "lmtp" else "")


def _listener(
    model: Model, service: str, name: str, built_in: Service, since: Origin | None, root: Span
) -> Listener | None:
    block = (Block("service", service), Block("inet_listener", name))
    entries = list(model.exactly(*block))
    defaults = built_in.listeners.get(name)

    def own(key: str, default: str) -> Looked:
        chain = [e for e in entries if e.key == f"inet_listener_{key}"]
        return model.looked(chain, default, defaults is not None)._replace(
            known=True if not chain else model.looked(chain, default, True).known
        )

    port = own("port", defaults[0] if defaults else "0")
    ssl = own("ssl", defaults[1] if defaults else "no")
    haproxy = own("haproxy", "no")
    number = int(port.value) if port.known and port.value.isdigit() else None
    if number == 0:
        return None
    if ssl.yes and _ssl_off(model):
        return None
    declared = model.where(*block) or (since.where if since and since.where else None) or model.where(block[0]) or root
    return Listener(
        service, name, _speaks(model, service), declared, number, port.origins, ssl.yes if ssl.known else None,
        ssl.origins, haproxy.yes, haproxy.origins, _addresses(model, service, name), (since,) if since else (),
    )  # fmt: skip


def _ssl_off(model: Model) -> bool:
    looked = model.get("ssl")
    return looked.known and looked.value == "no"


def _addresses(model: Model, service: str, name: str) -> tuple[tuple[str, Origin], ...]:
    """``address`` of the listener (2.3), else ``listen``, which 2.4 takes in the listener and its service too."""
    if model.dialect != "2.4":
        chain = [
            e
            for e in model.exactly(Block("service", service), Block("inet_listener", name))
            if e.key == "inet_listener_address"
        ]
        if chain and chain[-1].value:
            last = chain[-1]
            if not model.looked(chain, "", False).known:
                return ()
            words = list(last.text.words(" ,")) if last.text else []
            return tuple((w, Origin("sets", s)) for w, s in words) or ((last.value, Origin("sets", span_of(last))),)
        words_, known, _ = model.words("listen", " ,")
    else:
        words_, known, _ = model.words("listen", " ,", Place(service=service, listener=name))
    if not known and not any(e for e in model.keyed("listen")):
        known = True  # an include that is not here seldom sets it; the default is the honest guess of the two
    return tuple(words_) if known else ()


def resolved(addresses: tuple[tuple[str, Origin], ...]) -> list[tuple[str, int, Origin]]:
    """Addresses with their IP version. A name other than localhost cannot be resolved here: version 0."""
    found = []
    for text, origin in addresses:
        bare = text.strip("[]") if text.startswith("[") else text
        if bare in ("*", "0.0.0.0"):
            found.append(("0.0.0.0", 4, origin))
        elif bare == "::":
            found.append(("::", 6, origin))
        elif bare == "localhost":
            found += [("127.0.0.1", 4, origin), ("::1", 6, origin)]
        else:
            found.append((bare, networks.family(bare) or 0, origin))
    return found


def clashes(model: Model, opened: list[Listener]) -> list[Unread]:
    """Sockets that cannot be bound beside an earlier one: Dovecot does not start at all."""
    seen: dict[tuple[int, int], dict[str, Listener]] = {}
    found = []
    for listener in opened:
        for address, version, origin in resolved(listener.addresses) if listener.port is not None else ():
            before = seen.setdefault((listener.port or 0, version), {})
            wild = next((before[a] for a in ("0.0.0.0", "::") if a in before), None)
            other = before.get(address) or wild or (next(iter(before.values()), None) if address in _WILD else None)
            if version and other is not None:
                ports = (*other.port_from, *listener.port_from)
                where = next((o.where for o in reversed(ports) if o.where), None) or origin.where
                why = f"port {listener.port} is taken twice on {address}: Dovecot {model.dialect} does not start"
                found.append(Unread(where or listener.declared, why))
            before[address] = listener
    return found
