"""What Roundcube connects to for its users.

``tls://`` asks for STARTTLS and goes on in clear where the server does not offer it: rcube_imap_generic
starts TLS only if the capability is there, and Net_SMTP and Net_Sieve do so too. 1.6.22 and 1.7.7 put an end to
that ("falling back to insecure IMAP/SMTP/Managesieve connection when TLS is configured but no capability reported").
"""

from __future__ import annotations

import re

from mailpolicy.applications.roundcube import IMPLICIT, starttls
from mailpolicy.lean import NamedTuple
from mailpolicy.passwords import secret
from mailpolicy.php_literals import PhpValue
from mailpolicy.php_streams import SWITCHES, verified
from mailpolicy.readers.roundcube.config import SOFTWARE, Config
from mailpolicy.sessions import Told, connection, maybe, unknown
from mailpolicy.settings import Settings
from mailpolicy.types import Fact, Origin, Span

_URI = re.compile(
    r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://)?(?P<host>\[[^\]]*\]|[^/:]*)(?::(?P<port>[0-9]{1,5}))?(?:/.*)?"
)
_FILLED = re.compile(r"\{\{|\{%|<%|\$\{|%[ntdhzs]|__\w+__|@[A-Z_0-9]+@|(?:^|(?<=//))[A-Z0-9]*_[A-Z0-9_]*(?=[:/]|$)")
_TEMPLATED = re.compile(r"(?:(?P<scheme>[A-Za-z]+)://)?(?P<host>.+?)(?::(?P<port>[0-9]{1,5}))?/?")
_KEPT_SECRET = frozenset({"CRAM-MD5", "CRAM_MD5", "DIGEST-MD5", "GSSAPI", "SCRAM-SHA-1", "SCRAM-SHA-256", "NTLM"})


class Target(NamedTuple):
    """A server as a setting names it; what is not known is None."""

    host: Told
    scheme: Told
    port: Told
    declared: Span


def imap(config: Config) -> list[Fact]:
    """One connection for each host that a user may log in to."""
    new = config.version >= (1, 6)
    name = "imap_host" if new else "default_host"
    value = config.get(name)
    if value is None:
        host = Told("localhost", config.default(name))
        targets = [Target(host, Told("", config.default(name)), Told(None, config.default(name)), config.start)]
    else:
        targets = [_target(one, config) for one in _hosts(value)]
    return [_imap(config, target, at, new) for at, target in enumerate(targets, 1)]


def _imap(config: Config, target: Target, at: int, new: bool) -> Fact:
    told = _transport(target, "imap", config)
    stated = target.port
    if stated.known and stated.value is None:
        port = config.get("default_port") if not new else None
        implicit = told["tls"].value == "implicit"
        number = _number(port) if port is not None else 143
        if port is not None and not (implicit and number in (0, 143)):
            told["port"], told["port_stated"] = maybe(number or None, port.origins()), Told(True)
        elif told["tls"].known:
            told["port"], told["port_stated"] = Told(993 if implicit else 143, target.scheme.by), Told(False)
        else:
            told["port"], told["port_stated"] = unknown(target.scheme.by), Told(False)
    told["protocol"], told["role"] = Told("imap"), Told("access")
    told["account"] = Told("imap" if at == 1 else f"imap {at}")
    told["authenticates"], told["credential"] = Told(True), Told("prompt")
    _mechanisms(told, config, "imap_auth_type")
    return _fact(config, target, told)


def smtp(config: Config) -> list[Fact]:
    """The submission; none where PHP's mail() is used, as up to 1.2 without a server."""
    new = config.version >= (1, 6)
    name = "smtp_host" if new else "smtp_server"
    value = config.get(name)
    mail = config.version < (1, 3)
    if value is not None and value.known and value.items is None and not value.value:
        if mail:
            return []
        value = PhpValue("localhost", value.where, key=value.key)
    if value is None and mail:
        return []
    if value is None:
        default = config.default(name)
        targets = [Target(Told("localhost", default), Told("", default), Told(None, default), config.start)]
    else:
        targets = [_target(one, config) for one in (value.items.values() if value.items else [value])]
    return [_smtp(config, target, at, new) for at, target in enumerate(targets, 1)]


def _smtp(config: Config, target: Target, at: int, new: bool) -> Fact:
    told = _transport(target, "smtp", config)
    if target.port.known and target.port.value is None:
        port = None if new else config.get("smtp_port")
        if port is not None:
            number = _number(port)
            told["port"], told["port_stated"] = maybe(25 if number == 0 else number, port.origins()), Told(True)
        elif new:
            by = target.scheme.by
            scheme = str(target.scheme.value or "")
            secure = (scheme not in ("", "tls") and scheme.endswith("s")) or scheme == "ssl"
            told["port"] = Told(465 if secure else 587, by) if target.scheme.known else unknown(by)
            told["port_stated"] = Told(False)
        else:
            told["port"] = Told(587 if config.version >= (1, 4) else 25, config.default("smtp_port"))
            told["port_stated"] = Told(False)
    told["protocol"], told["role"] = Told("smtp"), Told("submission")
    told["account"] = Told("smtp" if at == 1 else f"smtp {at}")
    _login(told, config)
    if not new and told["tls"].value == "opportunistic" and told["authenticates"].value is False:
        told["tls"] = Told("none", (*told["tls"].by, *told["authenticates"].by))  # Net_SMTP starts TLS in its login
        del told["verify"]
    return _fact(config, target, told)


def _login(told: dict[str, Told], config: Config) -> None:
    """Whether and as whom it logs in: with the user's own name and password since 1.4."""
    own = config.version >= (1, 4)
    user, password = config.get("smtp_user"), config.get("smtp_pass")
    texts = []
    by: tuple[Origin, ...] = ()
    for name, value, default in (("smtp_user", user, "%u"), ("smtp_pass", password, "%p")):
        texts.append((default if own else "") if value is None else value.text())
        by += config.default(name) if value is None else value.origins()
    if "" in texts:
        told["authenticates"] = Told(False, by)
        return
    told["authenticates"] = maybe(None if None in texts else True, by)
    _mechanisms(told, config, "smtp_auth_type")
    if texts[1] == "%p":
        told["credential"] = Told("prompt", by)
    elif texts[1] is not None:
        told["credential"] = Told("literal", by)
    else:
        told["credential"] = unknown(by)


def managesieve(config: Config) -> list[Fact]:
    """The server of the managesieve plugin."""
    value = config.get("managesieve_host")
    if value is None:
        default = config.default("managesieve_host")
        target = Target(Told("localhost", default), Told("", default), Told(None, default), config.start)
    else:
        target = _target(value, config)
    told = _transport(target, "managesieve", config)
    flag = config.get("managesieve_usetls") if config.version < (1, 6) else None
    if flag is not None and told["tls"].value == "none" and flag.truth() is not False:
        told["tls"] = maybe(starttls(config.version) if flag.truth() else None, flag.origins())
        told["verify"] = _verify(config, "managesieve_conn_options", target)
    if target.port.known and target.port.value is None:
        port = config.get("managesieve_port") if config.version < (1, 6) else None
        number = _number(port) if port is not None else 4190
        told["port"] = maybe(4190 if number == 0 else number, port.origins() if port else config.default("its port"))
        told["port_stated"] = Told(bool(port and number))
    told["protocol"], told["role"], told["account"] = Told("managesieve"), Told("access"), Told("managesieve")
    told["authenticates"], told["credential"] = Told(True), Told("prompt")
    _mechanisms(told, config, "managesieve_auth_type")
    return [_fact(config, target, told)]


def _fact(config: Config, target: Target, told: dict[str, Told]) -> Fact:
    settings = Settings(SOFTWARE, config.label, config.path, config.start, {})
    return connection(settings.begun("connection", target.declared), told)


def _hosts(value: PhpValue) -> list[PhpValue]:
    """The hosts of a setting: one, or a list, or a table whose keys are hosts."""
    if value.items is None:
        return [value]
    found = []
    for key, item in value.items.items():
        numbered = key.isdecimal()
        found.append(item if numbered else PhpValue(key, item.key or item.where, key=item.key))
    return found


def _target(value: PhpValue, config: Config) -> Target:
    declared = value.key or value.where
    by = value.origins()
    raw = value.value if isinstance(value.value, str) else None
    if value.known and value.items is None and not value.value:
        return Target(unknown(by), unknown(by), unknown(by), declared)  # the user types the host
    if raw is None or value.items is not None:
        return Target(unknown(by), unknown(by), unknown(by), declared)
    filled = _FILLED.search(raw) is not None
    found = (_TEMPLATED if filled else _URI).fullmatch(raw)
    if found is None or (filled and found["scheme"] is None and _FILLED.match(raw)):
        return Target(unknown(by), unknown(by), unknown(by), declared)
    scheme = (found["scheme"] or "").lower()
    host = found["host"].strip("[]").lower()
    if scheme == "unix":
        host = raw
    return Target(
        unknown(by) if filled else Told(host, _piece(value, found, "host")),
        Told(scheme, _piece(value, found, "scheme")),
        Told(int(found["port"]) if found["port"] else None, _piece(value, found, "port")),
        declared,
    )


def _piece(value: PhpValue, found: re.Match[str], group: str) -> tuple[Origin, ...]:
    """The chain of a value, its last position on the part of the text that a group covers."""
    where = value.where
    *earlier, last = value.origins()
    if found[group] is None or where.end_column - where.column != len(found.string):
        return (*earlier, last)
    start = where.column + found.start(group)
    span = where._replace(column=start, end_column=start + len(found[group]))
    return (*earlier, last._replace(where=span))


def _transport(target: Target, protocol: str, config: Config) -> dict[str, Told]:
    told = {"host": target.host, "port": target.port, "port_stated": Told(target.port.value is not None)}
    if target.scheme.known:
        told["tls"] = Told(_mode(str(target.scheme.value), protocol, config), target.scheme.by)
    else:
        told["tls"] = unknown(target.scheme.by)
    if told["tls"].value != "none":
        told["verify"] = _verify(config, f"{protocol}_conn_options", target)
    return told


def _mode(scheme: str, protocol: str, config: Config) -> str:
    if scheme == "tls":
        return starttls(config.version)
    return "implicit" if scheme in IMPLICIT.get(protocol, IMPLICIT["smtp"]) else "none"


def _verify(config: Config, name: str, target: Target) -> Told:
    """What PHP checks by the ``ssl`` options, which may stand in a table of hosts."""
    options = config.get(name)
    if options is None:
        return Told("ca", config.default(name))
    if options.items is None:
        return unknown(options.origins()) if not options.known else Told("ca", options.origins())
    own = options.items.get(str(target.host.value))
    ssl = (own if own is not None and own.items is not None else options).get("ssl")
    if ssl is None:
        return Told("ca", config.default(f"{name} without ssl"))
    if ssl.items is None:
        return unknown(ssl.origins()) if not ssl.known else Told("ca", ssl.origins())
    switches = {name: _truth(found) for name in SWITCHES if (found := ssl.get(name)) is not None}
    return verified(switches, ssl.origins())


def _truth(value: PhpValue) -> Told:
    return maybe(value.truth(), value.origins())


def _mechanisms(told: dict[str, Told], config: Config, name: str) -> None:
    """The login methods that are set, and whether a password crosses the net in clear."""
    value = config.get(name)
    by = config.default(name) if value is None else value.origins()
    word = "" if value is None else value.text()
    method = "" if word is None or word.upper() in ("CHECK", "IMAP", "NONE") else word.upper()
    told["mechanisms"] = unknown(by) if word is None else Told((method.replace("_", "-"),) if method else (), by)
    tls = told["tls"]
    if method in _KEPT_SECRET or tls.value in ("required", "implicit"):
        told["cleartext_credentials"] = Told(False, by if method in _KEPT_SECRET else tls.by)
    elif tls.known and word is not None:
        told["cleartext_credentials"] = Told(True, tls.by)
    else:
        told["cleartext_credentials"] = unknown(tls.by)


def _number(value: PhpValue | None) -> int | None:
    """A port; 0 where it is empty, None where it is not known or none."""
    text = None if value is None else value.text()
    if text is None or not text.strip().isdecimal():
        return 0 if text is not None and not text.strip() else None
    number = int(text) if len(text) < 8 else 0
    return number if number < 65536 else None


def secrets(config: Config) -> list[Fact]:
    """Passwords and keys that stand in the file; the key encrypts the passwords of users in their sessions."""
    found = []
    for name in ("smtp_pass", "des_key", "imap_auth_pw", "smtp_auth_pw", "managesieve_auth_pw"):
        value = config.values.get(name)
        text = value.text() if value is not None else None
        if value is not None and text:
            found.append(secret(SOFTWARE, config.label, config.path, name, text, value.where))
    dsn = config.values.get("db_dsnw")
    parts = re.match(r"[a-z0-9]+(?:\(\w+\))?://[^:@/]*:([^@]*)@", dsn.text() or "") if dsn is not None else None
    if dsn is not None and parts is not None:
        where = dsn.where
        if where.end_column - where.column == len(parts.string):
            where = where._replace(column=where.column + parts.start(1), end_column=where.column + parts.end(1))
        found.append(secret(SOFTWARE, config.label, config.path, "db_dsnw", parts[1], where))
    return [fact for fact in found if fact is not None]
