"""Names of settings in their sections, older names, variables, and values that Dovecot refuses."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mailpolicy.readers.dovecot import names23, names24, networks
from mailpolicy.readers.dovecot.model import FILTERS, Block, Entry
from mailpolicy.readers.dovecot.parser import is_template
from mailpolicy.types import Span

_PREFIXED = frozenset(("service", "inet_listener", "unix_listener", "fifo_listener", "passdb", "userdb"))
_ROOT24 = frozenset(("protocol", "local", "remote", "local_name"))
_MODULE = re.compile(r"(?:mysql|pgsql|sqlite|cassandra|ldap|fts_solr|solr|sql|sieve|imapsieve|fts_flatcurve)_")
LONGEST = 4096
PROTOCOL_VERSIONS = ("SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2")


def is_list(kind: str, new: bool) -> bool:
    """Whether a section holds free keys."""
    if new:
        return (
            kind in names24.STRING_LISTS
            or kind in names24.BOOL_LISTS
            or (kind in names24.SETTINGS and kind not in names24.FILTERS)
        )
    return kind in ("plugin", "dict")


def setting23(entry: Entry) -> tuple[Entry, str]:
    """A setting of 2.3 under its full name, and why it is refused if it is."""
    inner = next((b for b in reversed(entry.path) if b.kind not in FILTERS), None)
    key = entry.key
    if inner is None:
        if key not in names23.ROOT:
            return entry, f"{key} is no setting of Dovecot 2.3"
        blocks = {b.kind for b in entry.path}
        if key.startswith("auth_") and blocks & {"local", "remote", "local_name"}:
            return entry, f"{key} does not work inside of local and remote"
        return entry, ""
    known = names23.INSIDE.get(inner.kind)
    if known is not None and key not in known:
        return entry, f"{key} is no setting of {inner.kind} in Dovecot 2.3"
    return entry._replace(key=f"{inner.kind}_{key}" if inner.kind in _PREFIXED else key), ""


def old_auth(entry: Entry) -> Entry:
    """A setting of the section ``auth`` of Dovecot 1.x: ``mechanisms`` is auth_mechanisms."""
    key = entry.key if entry.key.startswith("auth_") else f"auth_{entry.key}"
    return entry._replace(key=key, path=tuple(b for b in entry.path if b.kind != "auth"))


def section_known23(path: tuple[Block, ...], kind: str) -> bool:
    """Whether a section may stand there in 2.3. Below the old ``auth`` section anything may."""
    inner = [b.kind for b in path if b.kind not in FILTERS]
    if inner[:1] == ["auth"] or kind in ("protocol", "local", "remote", "local_name"):
        return True
    allowed = names23.SECTIONS.get(inner[-1] if inner else "")
    return kind in allowed if allowed is not None else inner[-1] not in names23.INSIDE


def section24(path: tuple[Block, ...], kind: str) -> str:
    """The full name of a section in 2.4: ``fields`` in ``passdb sql`` is ``passdb_fields``."""
    if path and path[-1].kind not in _ROOT24:
        outer = path[-1]
        for name in (f"{outer.kind}_{outer.name}_{kind}", f"{outer.kind}_{kind}"):
            if name in names24.STRING_LISTS or name in names24.SETTINGS or name in names24.ARRAYS:
                return name
    return kind


def section_fault24(kind: str, name: str, path: tuple[Block, ...]) -> str:
    """Why 2.4 refuses a section, or ""."""
    if kind in _ROOT24:
        return ""
    if kind in names24.FILTERS:
        return f"{kind} takes no section name" if name and kind not in names24.ARRAYS else ""
    if kind in names24.ARRAYS:
        return "" if name else f"{kind} needs a section name"
    known = kind in names24.STRING_LISTS or kind in names24.SETTINGS or bool(_MODULE.match(kind))
    return "" if known or is_list(path[-1].kind if path else "", True) else f"there is no section {kind}"


def nesting_fault(kind: str, name: str, path: tuple[Block, ...]) -> str:
    """Why a filter may not stand in another (config_filter_add_new_filter() of config-parser.c), or ""."""
    kinds = {b.kind for b in path}
    if kind == "protocol" and "protocol" in kinds:
        return "protocol may not stand in protocol"
    if kind != "protocol" and "protocol" in kinds:
        return f"{kind} may not stand in protocol; put protocol into {kind}"
    if kind in ("local", "local_name") and "remote" in kinds:
        return f"{kind} may not stand in remote; put remote into {kind}"
    if kind == "local" and "local_name" in kinds:
        return "local may not stand in local_name; put local_name into local"
    if kind in ("local", "remote"):
        outer = [b.name for b in path if b.kind == kind]
        if outer and networks.parse(name) and not networks.holds(outer[-1], name):
            return f"{kind} {name} is not inside of {kind} {outer[-1]}"
    return ""


def setting24(entry: Entry) -> tuple[Entry, str]:
    """A setting of 2.4 under its full name, and why it is refused if it is."""
    path, key = entry.path, entry.key
    inner = path[-1] if path else None
    if inner is None or inner.kind in _ROOT24 or inner.kind == "group":
        if key not in names24.SETTINGS and key not in names24.STRING_LISTS and not _MODULE.match(key):
            return entry, f"{key} is no setting of Dovecot 2.4"
        filtered = {b.kind for b in path} & {"local", "remote", "local_name"}
        if filtered and key.startswith("auth_") and key != "auth_allow_cleartext":
            return entry, f"{key} does not work inside of local and remote"
        return entry, ""
    if inner.kind not in names24.FILTERS and inner.kind not in names24.ARRAYS and is_list(inner.kind, True):
        return entry._replace(path=path[:-1], key=inner.kind, item=key), ""
    if inner.kind in names24.FILTERS and inner.kind not in names24.ARRAYS:
        full = key if key.startswith(inner.kind + "_") else f"{inner.kind}_{key}"
        if full in names24.SETTINGS or _MODULE.match(full):
            return entry._replace(path=path[:-1], key=full), ""
    for full in (f"{inner.kind}_{inner.name}_{key}", f"{inner.kind}_{key}"):
        if full in names24.SETTINGS:
            return entry._replace(key=full), ""
    if key in names24.SETTINGS or _MODULE.match(key) or _MODULE.match(f"{inner.kind}_"):
        return entry, ""
    return entry, f"{key} is no setting of {inner.kind} in Dovecot 2.4"


def value_fault(entry: Entry, booleans: frozenset[str], new: bool) -> str:
    """Why Dovecot refuses a value, or ""."""
    value, key = entry.value, entry.key
    if new and entry.file and entry.known and key.startswith("ssl_") and key.endswith("_file"):
        return f"{key} takes a path, without the '<' before it"
    if not entry.known or is_template(value) or entry.file or (new and ("%{" in value or "$ENV:" in value)):
        return "listen takes no variable" if new and key == "listen" and "%{" in value else ""
    if key == "ssl" and value not in ("yes", "no", "required"):
        return f"ssl is yes, no or required, not {value or 'empty'}"
    switch = key in booleans or key in ("inet_listener_ssl", "inet_listener_haproxy", "inet_listener_reuse_port")
    if switch and value.lower() not in ("yes", "y", "1", "no"):
        return f"{key.removeprefix('inet_listener_')} is yes or no, not {value or 'empty'}"
    if key == "inet_listener_port" and not (value.isascii() and value.isdigit() and int(value[:6]) < 65536):
        return f"{value or 'an empty port'} is no port number"
    if key == "ssl_options":
        allowed = {"compression", "no_ticket"} if new else {"compression", "no_compression", "no_ticket"}
        odd = [word for word in re.split(r"[ ,]+", value) if word and word.lower() not in allowed]
        if odd:
            return f"ssl_options has no flag {odd[0]}"
    return ""


def expanded(
    entry: Entry,
    before: Mapping[tuple[tuple[Block, ...], str], Entry],
    dialect: str,
    defaults: dict[str, str],
    hidden: bool,
) -> tuple[Entry, str]:
    """A value with ``$name`` (2.3) or ``$SET:name`` (2.4) replaced by what was set above; and why it is refused."""
    assert entry.text is not None
    out: list[str] = []
    words: list[tuple[str, Span]] = []
    known, why, file = entry.known, "", entry.file
    alone = len(entry.text.text.split()) == 1
    for word, span in entry.text.words(" \t"):
        mark = "$SET:" if dialect == "2.4" else "$"
        if word.startswith("$ENV:"):
            known = False
        elif not word.startswith(mark):
            out.append(word)
            words.append((word, span))
        else:
            name = word[len(mark) :]
            if dialect == "2.4" and name in names24.BOOL_LISTS:
                why = f"{name} is a list, which $SET: cannot copy"
            elif dialect != "2.4" and name and name not in names23.ROOT and not entry.path:
                why = f"there is no setting {name} for ${name}"
            found = _above(name, entry.path, before)
            if found is None and name not in defaults:
                known = known and not name
                continue
            value = found.value if found else defaults[name]
            known = known and (found.known if found else not hidden)
            file = file or (alone and found is not None and found.file)
            out.append(value)
            words += found.words or tuple(found.text.words(" \t")) if found and found.text else ()
    return entry._replace(value=" ".join(out).strip(), known=known, words=tuple(words), file=file), why


def _above(name: str, path: tuple[Block, ...], before: Mapping[tuple[tuple[Block, ...], str], Entry]) -> Entry | None:
    for depth in range(len(path), -1, -1):
        found = before.get((path[:depth], name))
        if found is not None:
            return found
    return None


def older(entry: Entry, dialect: str) -> list[tuple[Entry | None, str, str]]:
    """What a name or value of Dovecot 1.x and 2.2 means to 2.3 (old-set-parser.c).

    A list of (what it sets or None, state, what to write instead); empty when it is not an old one.
    """
    if any(b.kind not in FILTERS for b in entry.path):
        return []
    key, value = entry.key, entry.value
    if key == "protocols":
        return _old_protocols(entry)
    if key in ("ssl_cert_file", "ssl_key_file", "ssl_ca_file"):
        new = key.removesuffix("_file")
        return [(entry._replace(key=new, file=True) if value else None, "deprecated", f"{new} = <file")]
    if key == "ssl_disable":
        flipped = {"yes": "no", "no": "yes"}.get(value.lower(), value)
        return [(entry._replace(key="ssl", value=flipped), "deprecated", "ssl")]
    if key == "ssl_protocols" and dialect != "2.2":
        return _old_versions(entry)
    if key in ("ssl_parameters_regenerate", "ssl_dh_parameters_length"):
        return [(entry, "", "")] if dialect == "2.2" else [(None, "ignored", "")]
    if key == "listen" and (":" in value or any(b.kind == "protocol" for b in entry.path)):
        return _old_listen(entry)
    if key == "ssl_listen":
        return _old_listen(entry, "s") if value else [(None, "deprecated", "inet_listener { address }")]
    if key in ("auth_user", "auth_executable", "auth_chroot"):
        service = entry._replace(path=(Block("service", "auth"),), key=key.removeprefix("auth_"))
        return [(service, "deprecated", f"service auth {{ {service.key} }}")]
    if key in ("sieve", "sieve_storage"):
        return [(None, "deprecated", f"plugin {{ {key} = {value} }}")]
    if key in names23.OBSOLETE and key not in names23.ROOT:
        return [(None, "deprecated", "")]
    return []


def _old_versions(entry: Entry) -> list[tuple[Entry | None, str, str]]:
    on: set[str] = set()
    off: set[str] = set()
    for word in re.split(r"[ ,]+", entry.value.strip()):
        name = word.removeprefix("!")
        if name and name not in PROTOCOL_VERSIONS:
            return [(None, "ignored", "ssl_min_protocol")]
        if name:
            (off if word.startswith("!") else on).add(name)
    left = [v for v in PROTOCOL_VERSIONS if (v in on if on else v not in off)]
    if not left:
        return [(None, "ignored", "ssl_min_protocol")]
    return [(entry._replace(key="ssl_min_protocol", value=left[0]), "deprecated", f"ssl_min_protocol = {left[0]}")]


def _old_protocols(entry: Entry) -> list[tuple[Entry | None, str, str]]:
    words = entry.value.split(" ")
    old = [w for w in words if w in ("imaps", "pop3s", "managesieve")]
    if not old:
        return []
    found: list[tuple[Entry | None, str, str]] = []
    kept = [{"managesieve": "sieve"}.get(w, w) for w in words if w and w not in ("imaps", "pop3s")]
    for secure in ("imaps", "pop3s"):
        plain = secure[:-1]
        if secure in words and plain not in words:
            kept.append(plain)
            port = Entry(
                (Block("service", f"{plain}-login"), Block("inet_listener", plain)),
                "port",
                "",
                "0",
                entry.text,
                entry.where,
            )
            found.append((port, "", ""))
    spans = tuple(entry.text.words(" \t")) if entry.text else ()
    places = {{"imaps": "imap", "pop3s": "pop3", "managesieve": "sieve"}.get(w, w): s for w, s in spans}
    value = entry._replace(value=" ".join(kept), words=tuple((w, places.get(w, entry.where)) for w in kept))
    return [(value, "deprecated", f"protocols = {value.value}"), *found]


def _old_listen(entry: Entry, secure: str = "") -> list[tuple[Entry | None, str, str]]:
    value = entry.value
    plain = [w for w in re.split(r"[ ,]+", value) if w]
    with_port = any(":" in w and w not in ("::", "[::]") and networks.parse(w) is None for w in plain)
    filters = [b.name for b in entry.path if b.kind == "protocol"]
    if not with_port and not filters and not secure:
        return []
    address, _, port = value.rpartition(":") if with_port else (value, "", "")
    found: list[tuple[Entry | None, str, str]] = []
    for protocol, service, listener in (
        ("imap", "imap-login", "imap"), ("pop3", "pop3-login", "pop3"), ("sieve", "managesieve-login", "managesieve"),
    ):  # fmt: skip
        if filters and filters[-1] != protocol:
            continue
        if secure and protocol == "sieve":
            continue
        path = (Block("service", service), Block("inet_listener", listener + secure))
        if port and protocol != "sieve":
            found.append((entry._replace(path=path, key="port", value=port), "deprecated", "inet_listener { port }"))
        if filters or secure:
            found.append(
                (entry._replace(path=path, key="address", value=address), "deprecated", "inet_listener { address }")
            )
    if not filters and not secure:
        words = tuple((w, entry.where) for w in re.split(r"[ ,]+", address) if w)
        found.append((entry._replace(value=address, words=words), "", ""))
    return found or [(None, "deprecated", "inet_listener { address }")]
