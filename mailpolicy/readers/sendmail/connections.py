"""Connection facts: the smart host, the hub, the fallbacks, every MX; and the passwords of authinfo."""

from __future__ import annotations

import re

from mailpolicy.addresses import host_scope
from mailpolicy.facts import Draft, begun
from mailpolicy.lean import NamedTuple
from mailpolicy.passwords import secret
from mailpolicy.ports import port_number
from mailpolicy.readers.sendmail.model import SOFTWARE, Config, Entry, Table, Text, sets
from mailpolicy.readers.sendmail.relaying import access
from mailpolicy.readers.sendmail.session import READABLE, mechanisms
from mailpolicy.readers.sendmail.tables import table
from mailpolicy.types import Fact, Origin, Span, Unread

_MAILERS = frozenset(("relay", "esmtp", "smtp", "smtp8", "dsmtp"))
_HOST = re.compile(
    r"(?:(?P<mailer>[A-Za-z0-9_-]+):)?(?:\[(?:IPv6:)?(?P<bracketed>[^\]\s]+)\]|(?P<name>[^][:\s]+))(?P<rest>.*)",
    re.DOTALL,
)
_TEMPLATE = re.compile(r"\{\{|\{%|<%|\$\{?[A-Za-z]|__\w+__|@[A-Z_]+@|[<>]")
_PART = re.compile(r"\"?([A-Za-z])([:=])([^\"]*)\"?")


class Hop(NamedTuple):
    """Where mail is handed to. ``name``: the setting."""

    name: str
    host: str | None
    port: int | None
    bare: bool
    """The MX of the host are looked up."""
    where: Span | None
    port_where: Span | None = None


def facts(config: Config, start: Span) -> list[Fact]:
    """The facts of all hops, and that of every MX where nothing else takes the mail."""
    return [_one(config, hop, start) for hop in _hops(config)]


def _hops(config: Config) -> list[Hop]:
    msp = config.features.get("msp")
    if msp is not None:
        return [_msp(config, msp.args, msp.where)]
    if config.submits:
        text = config.macros.get("MTAHost")
        return [_hop(config, "MTAHost", text)] if text is not None else []
    found = [
        _hop(config, name, config.macros[letter])
        for name, letter in (("SMART_HOST", "S"), ("MAIL_HUB", "H"), ("LOCAL_RELAY", "R"))
        if letter in config.macros and config.macros[letter].text.strip() and config.macros[letter].text.strip() != ":"
    ]
    for name in ("FallbackMXhost", "FallbackSmartHost"):
        setting = config.settings.get(name)
        if setting is not None and setting.value is not None and setting.value.text.strip():
            found.append(_hop(config, name, setting.value))
    if "S" not in config.macros or not config.macros["S"].text.strip():
        found.append(Hop("", "*", 25, True, None))
    unique: dict[tuple[str | None, int | None], Hop] = {}
    for hop in found:
        unique.setdefault((hop.host, hop.port), hop)
    return list(unique.values())


def _msp(config: Config, args: tuple[Text, ...], where: Span | None) -> Hop:
    """FEATURE(msp, host, MSA): the host is [localhost] unless it is named; of the ports only MSA counts."""
    named = args[0] if args and args[0].text.strip() else None
    msa = len(args) > 1 and args[1].text.strip() == "MSA"
    port, port_where = (587, args[1].whole()) if msa else _port_of(config, "relay")
    hop = _hop(config, "msp", named) if named else Hop("msp", "localhost", port, False, where)
    return hop._replace(port=port, port_where=port_where)


def _hop(config: Config, name: str, text: Text) -> Hop:
    found = _HOST.match(text.text.strip())
    lead = len(text.text) - len(text.text.lstrip())
    if found is None or _TEMPLATE.search(text.text):
        return Hop(name, None, None, False, text.whole())
    mailer = (found["mailer"] or "").lower()
    if mailer and mailer not in _MAILERS:
        return Hop(name, None, None, False, text.whole())
    kind = "name" if found["name"] else "bracketed"
    where = text.span(lead + found.start(kind), lead + found.end(kind))
    number = re.match(r":(\d+)", found["rest"])
    start = lead + found.start("rest")
    wrong = text.span(start + 1, start + number.end()) if number else None
    port, port_where = _port_of(config, mailer or "relay")
    if wrong is not None:
        why = f"Sendmail takes this for another host, and goes to port {port}: RELAY_MAILER_ARGS, TCP $h 587, sets one"
        config.unread.append(Unread(wrong, why))
    return Hop(name, found[kind], port, kind == "name", where, port_where)


def _port_of(config: Config, mailer: str) -> tuple[int | None, Span | None]:
    """The port in a mailer's arguments: ``TCP $h 587``."""
    text = config.macros.get(f"{{{mailer}}}")
    found = re.match(r"\s*(?:TCP|IPC)\s+\$h\s+(\S+)", text.text) if text is not None else None
    if found is None or text is None:
        return 25, None
    return port_number(found[1]), text.span(found.start(1), found.end(1))


def _one(config: Config, hop: Hop, start: Span) -> Fact:
    draft = begun("connection", hop.where or start, SOFTWARE, config.version, config.path)
    said = sets(hop.where) or config.builtin()
    if hop.name:
        draft.put("account", hop.name)
    draft.put("protocol", "smtp")
    draft.maybe("host", hop.host, said)
    draft.maybe("scope", "any" if hop.host == "*" else host_scope(hop.host) if hop.host else None, said)
    draft.maybe("port", hop.port, sets(hop.port_where) or said)
    draft.put("port_stated", hop.port_where is not None, sets(hop.port_where) or said)
    draft.put("mx_lookup", hop.bare, said)
    tls = _put_tls(draft, config, hop, said)
    _put_login(draft, config, hop, tls, said)
    wrong = "Sendmail speaks no TLS from the first byte, which port 465 wants" if hop.port == 465 else None
    draft.put("broken", wrong, sets(hop.port_where) if wrong else ())
    return draft.fact()


def _put_tls(draft: Draft, config: Config, hop: Hop, said: tuple[Origin, ...]) -> str:
    """STARTTLS where it is offered, unless CLIENT_OPTIONS or access say more."""
    rules, builtin = access(config), config.builtin()
    demand, refusal = _entry(rules, "tls_srv", hop.host), _entry(rules, "try_tls", hop.host)
    tls, verify, origins = "opportunistic", "none", (*said, *builtin)
    found = re.match(r"(?i)(?:(?:PERM|TEMP)\+)?(VERIFY|ENCR)\b(.*)", demand.value) if demand else None
    quiet = _without_tls(config)
    if quiet:
        tls, origins = "none", (*said, *quiet)
    elif refusal is not None and refusal.value.upper() == "NO":
        tls, origins = "none", (*said, Origin("sets", refusal.value_where))
    elif demand is not None and found is not None:
        tls, origins = "required", (*said, Origin("sets", demand.value_where))
        if found[1].upper() == "VERIFY":
            verify = "ca" if re.search(r"\+CN\b", found[2]) else "ca-noname"
    draft.put("tls", tls, origins)
    draft.put("verify", verify, origins)
    return tls


def _without_tls(config: Config) -> tuple[Origin, ...]:
    """Modifier S of CLIENT_OPTIONS: no STARTTLS."""
    text = config.macros.get("{client}")
    found = re.search(r"(?:^|,)\s*[Mm][^=,]*=[^,]*?(S)", text.text) if text is not None else None
    return sets(text.span(found.start(1), found.end(1))) if found and text is not None else ()


def _entry(rules: Table | None, tag: str, host: str | None) -> Entry | None:
    """The line of a table that a host gets: its own, that of a domain above it, the general one."""
    if rules is None or host is None:
        return None
    known = rules.keyed
    names = host.lower().split(".")
    for number in range(min(len(names), 32)):
        found = known.get(f"{tag}:{'.'.join(names[number:])}")
        if found is not None:
            return found
    return known.get(f"{tag}:[{host.lower()}]") or known.get(f"{tag}:")


def _put_login(draft: Draft, config: Config, hop: Hop, tls: str, said: tuple[Origin, ...]) -> None:
    tables = [found for found in (_authinfo(config), access(config)) if found is not None]
    own = next((e for t in tables if (e := _entry(t, "authinfo", hop.host)) is not None), None)
    hidden = [found for found in tables if found.entries is None]
    if own is None and (hop.host is None or (hidden and hop.host != "*")):
        for field in ("authenticates", "cleartext_credentials", "credential", "role"):
            draft.unknown(field, said)
        return
    role = "submission" if own is not None or hop.name in ("msp", "MTAHost") else "relay"
    draft.put("role", role, said)
    draft.put("authenticates", own is not None, sets(own.where) if own else said)
    if own is None:
        draft.put("credential", "none", said)
        draft.put("cleartext_credentials", False, said)
        return
    draft.put("credential", "file", sets(own.where))
    parts = {m[1].upper(): m[3] for m in _PART.finditer(own.value)}
    offered = mechanisms(config)
    names = tuple(parts["M"].upper().split()) if "M" in parts else offered.value
    if isinstance(names, tuple):
        draft.put("mechanisms", names, sets(own.value_where))
        clear = bool(READABLE & set(names)) and tls in ("opportunistic", "none")
        draft.put("cleartext_credentials", clear, (*said, *sets(own.value_where)))
    else:
        draft.unknown("cleartext_credentials", said)


def _authinfo(config: Config) -> Table | None:
    return table(config, "authinfo", "hash /etc/mail/authinfo")


def secrets(config: Config) -> list[Fact]:
    """Passwords in authinfo, access and the file of DefaultAuthInfo."""
    found = []
    for rules in (_authinfo(config), access(config)):
        for entry in (rules.entries or ()) if rules else ():
            if entry.key.startswith("authinfo:"):
                found += of_entry(config, entry)
    return found


def of_entry(config: Config, entry: Entry) -> list[Fact]:
    """The password of one line of authinfo: ``"P:secret"``, or in base64 ``"P=c2VjcmV0"``."""
    found = []
    for part in _PART.finditer(entry.value):
        if part[1].upper() == "P":
            start = entry.value_where.column + part.start(3)
            where = entry.value_where._replace(column=start, end_column=start + len(part[3]))
            fact = secret(SOFTWARE, config.version, config.path, "AuthInfo", part[3], where)
            found += [fact] if fact is not None else []
    return found
