"""What is wrong with a configuration as a whole, and settings that are themselves at fault."""

from __future__ import annotations

from mailpolicy.facts import Draft
from mailpolicy.readers.dovecot.access import named
from mailpolicy.readers.dovecot.build import Builder, Oddity
from mailpolicy.readers.dovecot.loader import Loader
from mailpolicy.readers.dovecot.model import Entry, Model, span_of
from mailpolicy.tree import lost
from mailpolicy.types import Fact, Origin, Span, Unread

_KEYS_23 = ("ssl_cert", "ssl_key", "ssl_alt_cert", "ssl_alt_key", "ssl_dh", "ssl_ca")
_KEYS_24 = ("ssl_server_cert_file", "ssl_server_key_file", "ssl_server_dh_file", "ssl_server_ca_file")


def whole(model: Model, builder: Builder, first: Span) -> list[Unread]:
    """Contradictions that keep Dovecot from starting, though each line is right."""
    found = []

    def refuse(where: Span, why: str) -> None:
        found.append(Unread(where, f"{why}: Dovecot {model.dialect} does not start"))

    if model.dialect == "2.4" and not model.keyed("dovecot_storage_version") and not model.outside:
        refuse(first, "dovecot_storage_version is not set")
    listen = model.get("listen")
    if listen.entry is not None and listen.known and not listen.value and not listen.entry.item:
        refuse(listen.entry.where, "listen may not be empty")
    found += _sections(model)
    words = named(model.dialect)
    ssl, ask = model.get("ssl"), model.get(words["ask"])
    if ssl.known and ssl.value != "no" and ask.known and ask.yes and ask.entry and not model.get(words["ca"]).value:
        refuse(span_of(ask.entry), f"{words['ask']} needs {words['ca']}")
    clear = model.get("auth_allow_cleartext")
    if model.dialect == "2.4" and ssl.known and ssl.value == "required" and clear.known and clear.yes and clear.entry:
        refuse(span_of(clear.entry), "auth_allow_cleartext = yes contradicts ssl = required")
    return found


def _sections(model: Model) -> list[Unread]:
    """passdb and userdb sections of 2.3 without a driver."""
    if model.dialect == "2.4":
        return []
    found = []
    for kind in ("passdb", "userdb"):
        for block in model.blocks(kind):
            where = model.where(block)
            if where is not None and not any(e.key == f"{kind}_driver" for e in model.inside(block)):
                found.append(Unread(where, f"{kind} without a driver: Dovecot {model.dialect} does not start"))
    return found


def with_missing_files(tree: object, loader: Loader, model: Model, facts: list[Fact]) -> list[Fact]:
    """Listeners are broken when a certificate is missing from a folder of the tree that holds others."""
    missing = next(iter(_missing(loader, model)), None)
    if missing is None:
        return facts
    entry, name = missing
    why = f"{name} does not exist; Dovecot does not start without it"
    out = []
    for fact in facts:
        origins = {**fact.origins, "broken": (*fact.origins["broken"][:1], Origin("sets", span_of(entry)))}
        out.append(fact._replace(values={**fact.values, "broken": why}, origins=origins))
    return out


def _missing(loader: Loader, model: Model) -> list[tuple[Entry, str]]:
    found = []
    for key in _KEYS_24 if model.dialect == "2.4" else _KEYS_23:
        for entry in model.keyed(key):
            if not entry.value or not entry.known or "%" in entry.value or not (entry.file or model.dialect == "2.4"):
                continue
            path = loader.where(entry.value, entry.where.file)
            if path is not None and lost(loader.tree, path):
                found.append((entry, entry.value))
    return found


def settings(model: Model, builder: Builder, instance: str) -> list[Fact]:
    """Facts of kind ``setting``: older and foreign names, and settings that a later, weaker one shadows."""
    found = [_odd(model, odd, instance) for odd in builder.oddities]
    for key in ("ssl", "disable_plaintext_auth", "auth_allow_cleartext", "ssl_min_protocol"):
        by_path: dict[object, list[Entry]] = {}
        for entry in model.keyed(key):
            if entry.known:
                by_path.setdefault(entry.path, []).append(entry)
        for entries in by_path.values():
            found += _shadowed(model, key, entries, instance)
    return found


def _draft(model: Model, name: str, where: Span, instance: str) -> Draft:
    draft = Draft("setting", where)
    draft.put("software", "dovecot")
    draft.put("version", model.dialect, [Origin("implies", None, model.program)])
    draft.put("instance", instance)
    draft.put("name", name)
    return draft


def _odd(model: Model, odd: Oddity, instance: str) -> Fact:
    draft = _draft(model, odd.name, odd.where, instance)
    draft.put("state", odd.state)
    draft.put("instead", odd.instead or "nothing: take the line away")
    draft.put("value", odd.value)
    return draft.fact()


def _strength(key: str, value: str) -> int:
    if key == "ssl":
        return {"no": 0, "yes": 1, "required": 2}.get(value, 0)
    if key == "ssl_min_protocol":
        order = ("any", "sslv3", "tlsv1", "tlsv1.1", "tlsv1.2", "tlsv1.3", "latest")
        return order.index(value.lower()) if value.lower() in order else 0
    yes = value.lower() in ("yes", "y", "1")
    return int(yes if key == "disable_plaintext_auth" else not yes)


def _shadowed(model: Model, key: str, entries: list[Entry], instance: str) -> list[Fact]:
    last = entries[-1]
    stronger = [e for e in entries[:-1] if _strength(key, e.value) > _strength(key, last.value)]
    if not stronger:
        return []
    draft = _draft(model, key, span_of(stronger[-1]), instance)
    draft.put("state", "shadowed", [Origin("overrides", span_of(last))])
    draft.put("value", last.value, [Origin("overrides", span_of(last))])
    return [draft.fact()]
