"""Connection facts: the submission relay, remote storage by IMAP and POP3, and proxies."""

from __future__ import annotations

import re

from mailpolicy.addresses import host_scope
from mailpolicy.facts import Draft
from mailpolicy.ports import port_number
from mailpolicy.readers.dovecot.model import Looked, Model, span_of
from mailpolicy.readers.dovecot.parser import is_template
from mailpolicy.readers.dovecot.sockets import Enabled
from mailpolicy.types import Fact, Origin, Span

_TLS = {
    "": "none",
    "no": "none",
    "smtps": "implicit",
    "submissions": "implicit",
    "imaps": "implicit",
    "pop3s": "implicit",
    "starttls": "required",
    "stls": "required",
}
_SECURE_PORT = {"imapc": ("imaps", 993), "pop3c": ("pop3s", 995)}
_PROXY = re.compile(r"\bproxy(?:_maybe)?(?:=y(?:es)?)?\b", re.IGNORECASE)
_HOST = re.compile(r"(?<![\w.])host=(\S+)")


def facts(model: Model, instance: str, on: Enabled) -> list[Fact]:
    """All connections that the configuration sets up."""
    found = []
    if "submission" in on.names and model.get("submission_relay_host").value:
        found.append(_relay(model, instance))
    for prefix, protocol in (("imapc", "imap"), ("pop3c", "pop3")):
        if model.get(f"{prefix}_host").value:
            found.append(_storage(model, prefix, protocol, instance))
    return found + _proxies(model, instance, on)


def _draft(model: Model, host: Looked, account: str, instance: str) -> Draft:
    where = span_of(host.entry) if host.entry else Span(instance, 1, 1, 2)
    draft = Draft("connection", where)
    draft.put("software", "dovecot")
    draft.put("version", model.dialect, [Origin("implies", None, model.program)])
    draft.put("instance", instance)
    draft.put("account", account)
    if host.known and "%" not in host.value:
        draft.put("host", host.value, host.origins)
        draft.put("scope", host_scope(host.value), host.origins)
    else:
        draft.unknown("host", host.origins)
        draft.unknown("scope", host.origins)
    return draft


def _put_security(model: Model, draft: Draft, prefix: str, credentials: tuple[str, ...]) -> None:
    """tls, verify and what becomes of the password."""
    ssl, port = model.get(f"{prefix}_ssl"), model.get(f"{prefix}_port")
    secure, number = _SECURE_PORT.get(prefix, ("", 0))
    default = port.entry is None and secure and ssl.value == secure
    draft.maybe("port", number if default else port_number(port.value) if port.known else None,
                ssl.origins if default else port.origins)  # fmt: skip
    draft.put("port_stated", port.entry is not None)
    tls = _TLS.get(ssl.value) if ssl.known else None
    draft.maybe("tls", tls, ssl.origins)
    name = "ssl_client_require_valid_cert" if model.dialect == "2.4" and prefix == "imapc" else f"{prefix}_ssl_verify"
    verify = model.get(name)
    whole = model.get("ssl_client_require_valid_cert")
    checked = verify.yes and whole.yes
    if verify.known and whole.known:
        draft.put(
            "verify", "ca" if checked and tls != "none" else "none", verify.origins if whole.yes else whole.origins
        )
    else:
        draft.unknown("verify", (*verify.origins, *whole.origins))
    password = [model.get(f"{prefix}_{name}") for name in credentials]
    stated = [p for p in password if p.value]
    origins = tuple(o for p in stated for o in p.origins)
    draft.put("authenticates", bool(stated), origins)
    if tls is None:
        draft.unknown("cleartext_credentials", ssl.origins)
    else:
        draft.put("cleartext_credentials", bool(stated) and tls == "none", ssl.origins)
    secret = password[0]
    if not stated:
        draft.put("credential", "none")
    elif not secret.value or not secret.known or "%" in secret.value or is_template(secret.value):
        draft.unknown("credential", secret.origins)
    else:
        draft.put("credential", "file" if secret.entry and secret.entry.file else "literal", secret.origins)
    draft.put("broken", None)


def _relay(model: Model, instance: str) -> Fact:
    draft = _draft(model, model.get("submission_relay_host"), "submission_relay", instance)
    draft.put("protocol", "smtp")
    draft.put("backend", True)
    _put_security(model, draft, "submission_relay", ("password", "user", "master_user"))
    draft.put("role", "submission" if draft.values["authenticates"] else "relay")
    return draft.fact()


def _storage(model: Model, prefix: str, protocol: str, instance: str) -> Fact:
    draft = _draft(model, model.get(f"{prefix}_host"), prefix, instance)
    draft.put("protocol", protocol)
    draft.put("role", "access")
    draft.put("backend", True)
    _put_security(model, draft, prefix, ("password", "user"))
    user = model.get(f"{prefix}_user")
    if user.entry is None:
        draft.put("authenticates", True)  # the login of the user is passed on
        tls = draft.values.get("tls")
        if isinstance(tls, str):
            draft.put("cleartext_credentials", tls == "none", model.get(f"{prefix}_ssl").origins)
    return draft.fact()


def _proxies(model: Model, instance: str, on: Enabled) -> list[Fact]:
    """Fields of a passdb that send the session on: ``proxy=y host=...``."""
    found = []
    for block in model.blocks("passdb"):
        for entry in model.inside(block):
            fields = entry.key in ("passdb_args", "passdb_override_fields", "passdb_default_fields")
            host = _HOST.search(entry.value) if fields and entry.text is not None else None
            if host is None or entry.text is None or not _PROXY.search(entry.value):
                continue
            where = entry.text.span(host.start(1), host.end(1))
            looked = Looked(host[1], entry.known and not is_template(host[1]), (Origin("sets", where),), entry)
            for protocol in ("imap", "pop3"):
                if protocol in on.names:
                    found.append(_proxy(model, looked, entry.value, protocol, instance))
    return found


def _proxy(model: Model, host: Looked, fields: str, protocol: str, instance: str) -> Fact:
    draft = _draft(model, host, "proxy", instance)
    draft.put("protocol", protocol)
    draft.put("role", "access")
    draft.put("backend", True)
    ssl = re.search(r"\bssl=(\S+)", fields)
    starttls = re.search(r"\bstarttls=(\S+)", fields)
    tls = "required" if starttls else "implicit" if ssl else "none"
    draft.put("tls", tls, host.origins)
    stated = re.search(r"\bport=(\d+)", fields)
    default = {"imap": 993 if ssl else 143, "pop3": 995 if ssl else 110}[protocol]
    draft.put("port", int(stated[1]) if stated else default, host.origins)
    draft.put("port_stated", stated is not None)
    mode = (starttls or ssl)[1] if (starttls or ssl) else ""  # type: ignore[index]
    draft.put("verify", "none" if mode in ("", "any-cert") else "ca", host.origins)
    draft.put("authenticates", True)
    draft.put("cleartext_credentials", tls == "none", host.origins)
    draft.put("credential", "prompt")
    draft.put("broken", None)
    return draft.fact()
