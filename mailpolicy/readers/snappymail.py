"""SnappyMail and RainLoop, webmails: the files of mail domains in ``_data_/_default_/domains``.

After RainLoop/Model/Domain.php, MailSo/Net and MailSo/{Imap,Smtp,Sieve} of SnappyMail 2.38 and RainLoop 1.17. A
``.json`` stands before an ``.ini`` of the same domain; ``configs/application.ini`` of the same data has what a domain
does not say of certificates: SnappyMail checks them if nothing is said, RainLoop does not.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence

from mailpolicy.lean import TYPE_CHECKING, NamedTuple
from mailpolicy.php_streams import SWITCHES, verified
from mailpolicy.sessions import Told, connection, maybe, unknown
from mailpolicy.settings import Settings
from mailpolicy.text import Source
from mailpolicy.tree import Tree
from mailpolicy.types import Fact, Inventory, Origin, Span, Unread, Unreadable, Version, unreadable

if TYPE_CHECKING:
    from mailpolicy.strict_yaml import Node

SOFTWARE = "snappymail"
FILES = "domains/*.json, domains/*.ini, with configs/application.ini beside; RainLoop's too"
PROVEN = "SnappyMail 2.38 and RainLoop 1.17: read in source"
LIMITS = "plugins that change a login are not known"

_NEWEST = "2.38"
_RAINLOOP = "RainLoop 1.17"
_SNIFFED = 20_000
_INI = re.compile(r"^\s*(?P<key>\w+)\s*=\s*(?:\"(?P<quoted>[^\"]*)\"|(?P<bare>[^;\n\"]*))", re.MULTILINE)
_SECTION = re.compile(r"^\s*\[(?P<name>\w+)\]", re.MULTILINE)
_PIECE = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\Z)|\{\{[^{}\n]*\}\}|\$\{\w+\}|<[A-Z_]+>|\{%[^%\n]*%\}|@[A-Z_]+@')
_FILLED = re.compile(r"\{\{|\$\{|\{%|@[A-Z_]+@|(?:IMAP|SMTP|SIEVE)_(?:HOST|PORT)|<[A-Z_]+>|\A@+\Z")
_READABLE = frozenset({"PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER"})
_SERVICES = {"imap": ("imap", "access"), "smtp": ("smtp", "submission"), "sieve": ("managesieve", "access")}
_PORTS = {"imap": 143, "smtp": 25, "sieve": 4190}


class Given(NamedTuple):
    """A value of a file; ``value`` is None where a template fills it in."""

    value: object
    where: Span

    @property
    def by(self) -> tuple[Origin, ...]:
        """Who set it."""
        return (Origin("sets", self.where),)


class Service(NamedTuple):
    """What a domain says of one service, by the names of the JSON form."""

    given: Mapping[str, Given]
    declared: Span
    default: tuple[Origin, ...]

    def told(self, name: str, otherwise: object = None) -> tuple[object, tuple[Origin, ...], bool]:
        """Value, origins, and whether it is known."""
        found = self.given.get(name)
        if found is None:
            return otherwise, self.default, True
        return found.value, found.by, found.value is not None


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Each domain by itself; its ``.ini`` is left over from before where a ``.json`` is there."""
    there = set(paths)
    found: list[tuple[str, ...]] = []
    for path in paths:
        base, ending = posixpath.splitext(path)
        if ending == ".json" and f"{base}.ini" in there:
            found.append((path, f"{base}.ini"))
        elif ending != ".ini" or f"{base}.json" not in there:
            found.append((path,))
    return found


def sniff(text: str) -> bool:
    """Whether a text is a domain in one of its two forms."""
    head = text[:_SNIFFED]
    if head.lstrip().startswith("{"):
        return all(re.search(rf'"{name}"\s*:', head) for name in ("IMAP", "SMTP", "host"))
    keys = {found["key"] for found in _INI.finditer(head)}
    return {"imap_host", "smtp_host"} <= keys


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """The mailbox, submission and filter server of a domain's users."""
    path = paths[0]
    try:
        source = tree.source(path)
        rainloop = "rainloop" in path.lower() and not source.text.lstrip().startswith("{")
        label = _RAINLOOP if rainloop else str(version or _NEWEST)
        services, unread = _services(source, rainloop)
    except Unreadable as problem:
        where = getattr(problem, "where", Span(path, 1, 1, 2))
        return unreadable(paths, str(problem), where)
    checks, more = _application(tree, path, rainloop)
    facts = []
    for name, service in services.items():
        fact = _fact(name, service, path, label, checks)
        facts += [fact] if fact is not None else []
    return Inventory(tuple(facts), tuple(unread), (*paths, *more))


def _services(source: Source, rainloop: bool) -> tuple[dict[str, Service], list[Unread]]:
    """What the file says of each service. Raises Unreadable when it is no domain."""
    if not source.text.strip():
        raise Unreadable("is empty")
    if source.text.lstrip().startswith("{"):
        return _of_json(source), []
    return _of_ini(source, rainloop)


def _of_json(source: Source) -> dict[str, Service]:
    from mailpolicy import strict_yaml  # JSON is YAML, but for tabs

    text = _PIECE.sub(lambda found: found[0] if found[0][0] == '"' else f'"{"@" * (len(found[0]) - 2)}"', source.text)
    top = strict_yaml.load(Source(source.path, text.replace("\t", " ")))
    services: dict[str, Service] = {}
    for name, key in (("imap", "IMAP"), ("smtp", "SMTP"), ("sieve", "Sieve")):
        node = (top.items or {}).get(key)
        if node is not None and node.items is not None:
            given = {inner: _given(source, one) for inner, one in node.items.items() if _is_set(one)}
            ssl = node.items.get("ssl")
            for inner, one in ((ssl.items if ssl else None) or {}).items():
                if _is_set(one):
                    given[f"ssl.{inner}"] = _given(source, one)
            services[name] = Service(given, node.key or node.where, _default(_NEWEST, key))
    if "imap" not in services:
        raise Unreadable('is no domain of SnappyMail: it has no "IMAP"')
    return services


def _is_set(node: Node) -> bool:
    """As isset() of PHP has it: null is not set."""
    return node.items is None and (node.scalar is not None or node.entries is not None)


def _given(source: Source, node: Node) -> Given:
    where = node.where
    quoted = source.line(where.line)[where.column - 1 : where.column] == '"'
    if quoted and where.end_column - where.column > 2:
        where = where._replace(column=where.column + 1, end_column=where.end_column - 1)
    if node.entries is not None:
        return Given(tuple(str(entry.scalar) for entry in node.entries), where)
    filled = isinstance(node.scalar, str) and _FILLED.search(node.scalar) is not None
    return Given(None if filled else node.scalar, where)


def _of_ini(source: Source, rainloop: bool) -> tuple[dict[str, Service], list[Unread]]:
    entries: dict[str, Given] = {}
    unread = []
    for number in range(1, len(source.starts) + 1):
        line = source.line(number)
        found = _INI.match(line)
        if found is not None:
            group = "quoted" if found["quoted"] is not None else "bare"
            text = found[group].strip()
            start = source.starts[number - 1] + found.start(group)
            start += len(found[group]) - len(found[group].lstrip())
            where = source.span(start, start + len(text)) if text else source.line_span(number)
            entries[found["key"]] = Given(None if _FILLED.search(text) else text, where)
        elif line.strip() and line.strip()[0] not in ";[#":
            unread.append(Unread(source.line_span(number), "is no setting (name = value)"))
    if "imap_host" not in entries:
        raise Unreadable("is no domain of RainLoop or SnappyMail: it has no imap_host")
    label = _RAINLOOP if rainloop else f"SnappyMail {_NEWEST}"
    return {
        name: Service(_renamed(entries, name, rainloop), entries[f"{name}_host"].where, _default(label, name))
        for name in _SERVICES
        if f"{name}_host" in entries
    }, unread


def _renamed(entries: Mapping[str, Given], service: str, rainloop: bool) -> dict[str, Given]:
    """The settings of one service by the names of the JSON form."""
    given: dict[str, Given] = {}
    for key, name in (
        ("host", "host"),
        ("port", "port"),
        ("use", "enabled"),
        ("auth", "useAuth"),
        ("php_mail", "usePhpMail"),
    ):
        found = entries.get(f"{service}_{key}")
        if found is not None:
            given[name] = found
    secure = entries.get(f"{service}_secure")
    host = entries[f"{service}_host"]
    if secure is None:
        given["type"] = Given(0, host.where)
    else:
        word = None if secure.value is None else {"SSL": 1, "TLS": 2}.get(str(secure.value).upper(), 0)
        given["type"] = Given(word, secure.where)
    if rainloop and service == "smtp" and "useAuth" not in given:
        given["useAuth"] = Given(True, host.where)
    given["ini"] = Given(True, host.where)
    return given


def _default(label: str, name: str) -> tuple[Origin, ...]:
    return (Origin("default", None, f"{label}, of {name}"),)


def _application(tree: Tree, path: str, rainloop: bool) -> tuple[dict[str, Told], tuple[str, ...]]:
    """What the application says of certificates to all domains, and the file that does."""
    label = _RAINLOOP if rainloop else f"SnappyMail {_NEWEST}"
    by = (Origin("default", None, f"{label}, by application.ini"),)
    checked, own = Told(not rainloop, by), Told(rainloop, by)
    file = posixpath.normpath(posixpath.join(posixpath.dirname(path), "../configs/application.ini"))
    try:
        source = tree.source(file)
    except Unreadable:
        return _checks(checked, own), ()
    section = ""
    for number in range(1, len(source.starts) + 1):
        line = source.line(number)
        head, found = _SECTION.match(line), _INI.match(line)
        section = head["name"] if head else section
        if section == "ssl" and found is not None and found["key"] in ("verify_certificate", "allow_self_signed"):
            group = "quoted" if found["quoted"] is not None else "bare"
            text = found[group].strip()
            start = source.starts[number - 1] + found.start(group)
            where = source.span(start, start + max(1, len(found[group].rstrip())))
            told = maybe(None if _FILLED.search(text) else _on(text), (Origin("sets", where),))
            if found["key"] == "verify_certificate":
                checked = told
            else:
                own = told
    return _checks(checked, own), (file,)


def _checks(checked: Told, own: Told) -> dict[str, Told]:
    return {"verify_peer": checked, "verify_peer_name": checked, "allow_self_signed": own}


def _on(value: object) -> bool:
    """A value of JSON, or of an ini file as PHP reads it, as a truth value."""
    if isinstance(value, str):
        return value.lower() not in ("", "0", "off", "no", "false", "none", "null")
    return bool(value)


def _fact(name: str, service: Service, path: str, label: str, checks: Mapping[str, Told]) -> Fact | None:
    """The connection of a service; None where it is off."""
    protocol, role = _SERVICES[name]
    used, _, known = service.told("enabled", False)
    mail, _, _ = service.told("usePhpMail", False)
    host, by, host_known = service.told("host", "")
    if (name == "sieve" and known and not _on(used)) or (name == "smtp" and _on(mail)) or (host_known and not host):
        return None
    told = {"host": Told(str(host).strip().lower(), by) if host_known else unknown(by)}
    told["protocol"], told["role"] = Told(protocol), Told(role)
    domain = re.sub(r"\.(?:json|ini)(?:\..*)?$", "", posixpath.basename(path))
    told["account"] = Told(f"{domain} {protocol}")
    told["port"], told["port_stated"] = _port(name, service)
    told["tls"], broken = _mode(service, told["port"])
    if broken is not None:
        told["broken"] = broken
    if told["tls"].value != "none":
        told["verify"] = _verify(service, checks)
    _login(told, name, service)
    settings = Settings(SOFTWARE, label, path, service.declared, {})
    return connection(settings.begun("connection", service.declared), told)


def _port(name: str, service: Service) -> tuple[Told, Told]:
    value, by, known = service.told("port", _PORTS[name])
    text = str(value)
    number = int(text) if text.isdecimal() and len(text) < 8 else 0
    stated = Told("port" in service.given)
    if not known or not 0 < number < 65536:
        return unknown(by), stated
    return Told(number, by), stated


def _mode(service: Service, port: Told) -> tuple[Told, Told | None]:
    """The kind of TLS, and why there is none where PHP refuses the value."""
    key = "type" if service.given.get("type") is not None else "secure"
    value, by, known = service.told(key)
    if not known:
        return unknown(by), None
    text = str(value)
    if not (text.isdecimal() and len(text) < 4):
        by = by if key in service.given else (Origin("implies", service.declared),)
        return unknown(by), Told("the type of encryption is no number: 0, 1, 2 or 9", by)
    number = int(text)
    if number == 9:
        if not port.known:
            return unknown((*by, *port.by)), None
        return Told("implicit" if port.value in (993, 995, 465) else "opportunistic", by), None
    return Told({1: "implicit", 2: "required"}.get(number, "none"), by), None


def _verify(service: Service, checks: Mapping[str, Told]) -> Told:
    """The application's switches, and the domain's own over them."""
    switches = dict(checks)
    for name in SWITCHES:
        found = service.given.get(f"ssl.{name}")
        if found is not None:
            switches[name] = maybe(None if found.value is None else _on(found.value), found.by)
    return verified(switches, checks["verify_peer"].by)


def _login(told: dict[str, Told], name: str, service: Service) -> None:
    """The user types the password; which mechanisms may carry it."""
    value, by, known = service.told("useAuth", False) if name == "smtp" else (True, service.default, True)
    told["authenticates"] = maybe(_on(value) if known else None, by)
    if told["authenticates"].value is False:
        return
    told["credential"] = Told("prompt")
    sasl, sasl_by, sasl_known = service.told("sasl", ())
    words = tuple(str(word).upper() for word in sasl) if isinstance(sasl, tuple) else ()
    told["mechanisms"] = Told(words, sasl_by) if sasl_known else unknown(sasl_by)
    tls = told["tls"]
    if not tls.known or not sasl_known:
        told["cleartext_credentials"] = unknown(tls.by)
    else:
        readable = not words or bool(_READABLE.intersection(words))
        told["cleartext_credentials"] = Told(readable and tls.value in ("none", "opportunistic"), tls.by)
