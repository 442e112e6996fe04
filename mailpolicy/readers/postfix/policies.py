"""What the SMTP and LMTP client does with one destination: TLS and login.

After Postfix 3.10 src/smtp/smtp_tls_policy.c, smtp_sasl_glue.c, smtp_sasl_proto.c, src/tls/tls_level.c; postconf(5).
"""

from __future__ import annotations

from mailpolicy.lean import TYPE_CHECKING, NamedTuple
from mailpolicy.readers.postfix.tables import INDEXED, PATTERNS, REMOTE, Entry, Files, Table, open_table, split_braced
from mailpolicy.types import Origin, Span

if TYPE_CHECKING:
    from mailpolicy.readers.postfix.params import View

LEVELS = ("none", "may", "encrypt", "fingerprint", "half-dane", "dane", "dane-only", "verify", "secure")
"""Security levels from weak to strong."""
_PROTOCOLS = ("SSLv2", "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
_SITE = {"none": "none", "may": "may", "must_nopeermatch": "encrypt", "must": "verify"}


class Destination(NamedTuple):
    """Where a message is sent on to."""

    text: str | None
    """As written, which is the key of policies and passwords; None for any MX."""
    host: str | None
    """Without brackets; None when a template fills it in."""
    port: int | None
    port_stated: bool
    bracketed: bool
    smarthost: bool
    """A relayhost, whose password table is meant for it."""
    sender: str = ""
    """The sender address or @domain that is sent this way; empty for all."""


class Policy(NamedTuple):
    """How TLS is used; None is not known."""

    tls: str | None
    verify: str | None
    tls_min: str | None
    hash: str | None
    broken: str | None
    origins: tuple[Origin, ...]
    protocols: tuple[Origin, ...]


class Login(NamedTuple):
    """How a password is used; None is not known."""

    authenticates: bool | None
    plaintext: bool | None
    """A readable password may go over a session without TLS."""
    clear: bool
    """Some mechanism may be used without TLS; if none, mail to this destination waits for TLS."""
    mechanisms: tuple[str, ...] | None
    credential: str | None
    broken: str | None
    origins: tuple[Origin, ...]
    options: tuple[Origin, ...]


class _Level(NamedTuple):
    name: str | None
    attributes: tuple[str, ...]
    origins: tuple[Origin, ...]
    broken: str | None = None


def policy(view: View, prefix: str, to: Destination, files: Files) -> Policy:
    """TLS towards ``to``; ``prefix`` is ``smtp_`` or ``lmtp_``."""
    level = _site_level(view, prefix, to, files, _global_level(view, prefix))
    wrapped = view.flag(prefix + "tls_wrappermode")
    mode = view.get(prefix + "tls_wrappermode").origins
    if level.broken:
        return Policy(None, None, None, None, level.broken, level.origins, ())
    if level.name is None or wrapped is None:
        return Policy(None, None, None, None, None, level.origins, ())
    name, broken = _effective(view, prefix, to, level)
    if not wrapped and _unheard(view, prefix, "starttls"):
        level = level._replace(origins=(*level.origins, *_unheard(view, prefix, "starttls")))
        if name in ("may", "dane"):
            name = "none"
        elif name != "none":
            broken = broken or "STARTTLS that the server offers is not listened to"
    if wrapped and LEVELS.index(name) < LEVELS.index("encrypt"):
        broken = f'{prefix}tls_wrappermode requires "{prefix}tls_security_level = encrypt" (or stronger)'
    tls = (
        "implicit"
        if wrapped
        else {"none": "none", "may": "opportunistic", "dane": "opportunistic"}.get(name, "required")
    )
    verify = {"fingerprint": "fingerprint", "dane-only": "dane", "verify": "ca", "secure": "ca"}.get(name, "none")
    given = next((a.partition("=")[2] for a in level.attributes if a.lower().startswith("protocols=")), None)
    setting = prefix + ("tls_protocols" if name == "may" else "tls_mandatory_protocols")
    found = view.get(setting)
    lowest = None if name == "none" else lowest_version(given if given is not None else found.text)
    hashed = (view.get(prefix + "tls_fingerprint_digest").text or "").lower() if name == "fingerprint" else ""
    return Policy(
        tls,
        verify,
        lowest,
        hashed if hashed in ("md5", "sha1", "sha256", "sha512") else None,
        broken,
        (*level.origins, *mode) if wrapped else level.origins,
        level.origins if given is not None else found.origins,
    )


def _unheard(view: View, prefix: str, keyword: str) -> tuple[Origin, ...]:
    """What makes the client deaf to an EHLO keyword, or nothing."""
    if prefix == "smtp_" and view.flag("smtp_never_send_ehlo"):
        return view.get("smtp_never_send_ehlo").origins
    name = prefix + "discard_ehlo_keywords"
    if keyword in (text.lower() for text, _ in view.elements(name)):
        return view.get(name).origins
    return ()


def _global_level(view: View, prefix: str) -> _Level:
    found = view.get(prefix + "tls_security_level")
    if found.text is None:
        return _Level(None, (), found.origins, found.problem or None)
    if found.text:
        name = found.text.lower()
        bad = None if name in LEVELS else f'Invalid TLS level "{found.text}"'
        return _Level(name, (), found.origins, bad)
    for setting, level in (("enforce_tls", "verify"), ("use_tls", "may")):
        on = view.flag(prefix + setting)
        old = view.get(prefix + setting)
        if on is None:
            return _Level(None, (), old.origins, _bad_flag(view, prefix + setting))
        if on:
            name = "encrypt" if level == "verify" and view.flag(prefix + "tls_enforce_peername") is False else level
            return _Level(name, (), (*found.origins, *old.origins))
    return _Level("none", (), found.origins)


def _bad_flag(view: View, name: str) -> str | None:
    text = view.get(name).text
    return f"bad boolean configuration: {name} = {text}" if text is not None else None


def _site_level(view: View, prefix: str, to: Destination, files: Files, base: _Level) -> _Level:
    """The level that a policy table gives, or the general one."""
    if base.broken:
        return base
    tables = _tables(view, prefix + "tls_policy_maps", files)
    if tables:
        found, unsure = search(tables, _policy_keys(to))
        if found is None:
            return base._replace(name=None) if unsure and to.text is not None else base
        words = split_braced(found.value)
        name = words[0].lower() if words else ""
        origins = (*base.origins, *view.get(prefix + "tls_policy_maps").origins, Origin("overrides", found.where))
        bad = _bad_policy(name, words[1:])
        return _Level(name if name in LEVELS else "none", tuple(words[1:]), origins, bad)
    sites = _tables(view, prefix + "tls_per_site", files)
    if not sites or to.host is None or to.text is None:
        return base
    best, where = -1, None
    for key in dict.fromkeys((to.text, to.host)):
        found, unsure = search(sites, [key])
        if unsure:
            return base._replace(name=None)
        rank = LEVELS.index(_SITE.get(found.value.lower(), "none")) if found else -1
        if found and (rank > best if rank != 0 else best <= 1):
            best, where = rank, found.where
    if best < 0 or base.name is None or (best == 1 and LEVELS.index(base.name) > 1):
        return base
    return _Level(
        LEVELS[best], (), (*base.origins, *view.get(prefix + "tls_per_site").origins, Origin("overrides", where))
    )


def _bad_policy(level: str, attributes: list[str]) -> str | None:
    """Why the client refuses a policy; a destination with a bad one gets no mail."""
    if level not in LEVELS:
        return f'client TLS configuration problem: invalid security level "{level}" in a policy table'
    for attribute in attributes if level != "none" else ():
        name = attribute.strip("{} ").partition("=")[0].strip().lower()
        if name == "match" and level not in ("fingerprint", "verify", "secure"):
            return f'client TLS configuration problem: attribute "match" invalid at security level "{level}"'
    return None


def _policy_keys(to: Destination) -> list[str]:
    if to.text is None:
        return []
    keys = [to.text]
    if not any(c in to.text for c in "[]:/"):
        at = to.text.find(".", 1)
        while at >= 0:
            keys.append(to.text[at:])
            at = to.text.find(".", at + 1)
    return keys


def _tables(view: View, name: str, files: Files) -> list[Table]:
    kind = view.get("default_database_type").text or "hash"
    nowhere = Span("", 1, 1, 2)
    return [open_table(text, span or nowhere, files, kind) for text, span in view.elements(name)]


def search(tables: list[Table], keys: list[str]) -> tuple[Entry | None, bool]:
    """The first entry that one of ``keys`` meets, and whether a table that cannot be read might have had one.

    Without keys (any destination) only a table that has one answer for all counts.
    """
    unsure = False
    for key in keys or [""]:
        for table in tables:
            if table.entries is None:
                unsure = unsure or table.kind in INDEXED | PATTERNS | REMOTE
            elif keys or table.kind == "static":
                found = table.find(key)
                if found is not None:
                    return found, unsure
    return None, unsure


def _effective(view: View, prefix: str, to: Destination, level: _Level) -> tuple[str, str | None]:
    """The level after what it needs was looked for, and why no session works."""
    name = level.name or "none"
    given = [a.strip("{} ").partition("=")[0].strip().lower() for a in level.attributes]
    if name in ("dane", "half-dane", "dane-only"):
        secure = view.get(prefix + "dns_support_level").text
        if name == "dane-only" and secure is not None and secure.lower() != "dnssec":
            return name, f"level dane-only needs {prefix}dns_support_level = dnssec"
        return ("dane" if name != "dane-only" else name), None
    if name == "fingerprint" and "match" not in given and view.get(prefix + "tls_fingerprint_cert_match").text == "":
        return name, "configured at fingerprint security level, but with no fingerprints to match"
    if name in ("verify", "secure") and "tafile" not in given:
        anchors = [view.get(prefix + what).text for what in ("tls_CAfile", "tls_CApath", "tls_trust_anchor_file")]
        if anchors == ["", "", ""] and view.flag("tls_append_default_CA") is False:
            return name, f"level {name} without {prefix}tls_CAfile or {prefix}tls_CApath: no certificate is trusted"
    return name, None


def lowest_version(text: str | None) -> str | None:
    """The lowest TLS version that a protocol list allows; what no OpenSSL in use still speaks is left out."""
    if text is None:
        return None
    allowed, only = set(_PROTOCOLS), set()
    names = {name.lower(): name for name in _PROTOCOLS}
    for word in text.replace(",", " ").replace(":", " ").split():
        bare = word.lstrip("<>=!").lower()
        if bare not in names:
            return None
        rank = _PROTOCOLS.index(names[bare])
        if word.startswith(">="):
            allowed -= set(_PROTOCOLS[:rank])
        elif word.startswith("<="):
            allowed -= set(_PROTOCOLS[rank + 1 :])
        elif word.startswith("!"):
            allowed.discard(names[bare])
        else:
            only.add(names[bare])
    left = [name for name in _PROTOCOLS[2:] if name in allowed and (not only or name in only)]
    return {"TLSv1": "TLSv1.0"}.get(left[0], left[0]) if left else None


def login(view: View, prefix: str, to: Destination, files: Files) -> Login:
    """Whether and how the client logs in at ``to``."""
    on = view.flag(prefix + "sasl_auth_enable")
    switch = view.get(prefix + "sasl_auth_enable").origins
    if not on:
        bad = _bad_flag(view, prefix + "sasl_auth_enable") if on is None else None
        return Login(on, False if on is False else None, True, (), "none" if on is False else None, bad, switch, ())
    deaf = _unheard(view, prefix, "auth")
    if deaf:
        return Login(False, False, True, (), "none", None, (*switch, *deaf), ())
    maps = view.get(prefix + "sasl_password_maps")
    if maps.text == "":
        no_table = f"specify a password table via the `{prefix}sasl_password_maps' configuration parameter"
        return Login(False, False, True, (), "none", no_table, maps.origins, ())
    options = view.get(prefix + "sasl_security_options")
    mechanisms, readable = _mechanisms(view, prefix)
    only_plain = bool(mechanisms) and set(mechanisms or ()) <= {"PLAIN", "LOGIN"}
    clear = not (only_plain and _refuses_plain(view, prefix + "sasl_security_options"))
    covered = not (only_plain and _refuses_plain(view, prefix + "sasl_tls_security_options"))
    if options.text is None:
        readable = None
    elif _refuses_plain(view, prefix + "sasl_security_options") or _asks_more(view, prefix):
        readable = False
    authenticates, credential, where = _password(view, prefix, to, files)
    origins = (*switch, *maps.origins, *where)
    if authenticates is False:
        return Login(False, False, True, mechanisms, "none", None, origins, options.origins)
    lost = authenticates and not clear and not covered
    why = "noplaintext leaves no mechanism of the filter for a login" if lost else None
    return Login(authenticates, readable, clear, mechanisms, credential, why, origins, options.origins)


def _refuses_plain(view: View, name: str) -> bool:
    return "noplaintext" in (view.get(name).text or "").lower().replace(",", " ").split()


def _asks_more(view: View, prefix: str) -> bool:
    """Whether PLAIN and LOGIN lack another property that is asked for without TLS (Cyrus SASL; libsasl2 plugins)."""
    asked = (view.get(prefix + "sasl_security_options").text or "").lower().replace(",", " ").split()
    kind = view.get(prefix + "sasl_type").text
    return kind == "cyrus" and not {"noactive", "nodictionary", "mutual_auth", "forward_secrecy"}.isdisjoint(asked)


def _password(
    view: View, prefix: str, to: Destination, files: Files
) -> tuple[bool | None, str | None, tuple[Origin, ...]]:
    """Whether the password tables hold one for ``to``, and where it is kept."""
    tables = _tables(view, prefix + "sasl_password_maps", files)
    by_sender = prefix == "smtp_" and view.flag("smtp_sender_dependent_authentication") is not False
    if by_sender:
        for table in tables:
            senders = [table.find(key) for key in _sender_keys(to.sender)] if to.sender else [table.address]
            if to.sender.startswith("@"):  # any address of the domain
                senders += [e for e in table.entries or () if e.key.lower().endswith(to.sender.lower())][:1]
            for entry in senders:
                if entry is not None:
                    return True, _kept(table), (Origin("implies", entry.key_where),)
    keys = [] if to.text is None else [key for key in (to.host, to.text) if key]
    for table in tables:
        found, _ = search([table], keys)
        if found is not None:
            return True, _kept(table), (Origin("implies", found.key_where),)
    unsure = any(table.entries is None for table in tables)
    files_only = {_kept(table) for table in tables if table.entries is None}
    credential = files_only.pop() if len(files_only) == 1 else None
    if unsure:
        return (True if to.smarthost else None), credential, ()
    if to.text is not None and (to.host is None or (not to.bracketed and to.smarthost)):
        return None, None, ()
    return False, None, ()


def _sender_keys(sender: str) -> tuple[str, ...]:
    sender = sender.lower()
    return sender, "@" + sender.rpartition("@")[2]


def _kept(table: Table) -> str | None:
    """Where a table keeps its passwords."""
    if table.kind in ("static", "inline"):
        return "literal"
    return "file" if table.kind in INDEXED | PATTERNS | {"cidr"} else None


def _mechanisms(view: View, prefix: str) -> tuple[tuple[str, ...] | None, bool | None]:
    """Mechanisms that the filter names, and whether it lets PLAIN or LOGIN through."""
    name = prefix + "sasl_mechanism_filter"
    if view.get(name).text is None:
        return None, None
    patterns = [text.lower() for text, _ in view.elements(name)]
    if not patterns:
        return (), True
    if any("/" in p or (":" in p and not p.lstrip("!").startswith("static:")) for p in patterns):
        return None, None

    def passes(mechanism: str) -> bool:
        for pattern in patterns:
            bare = pattern.lstrip("!")
            if bare == mechanism or bare.startswith("static:"):
                return not pattern.startswith("!")
        return False

    named = tuple(p.upper() for p in patterns if not p.startswith(("!", "static:")))
    return named, passes("plain") or passes("login")
