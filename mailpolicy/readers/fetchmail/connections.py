"""What fetchmail does with a session: its ``connection``, and one to each mail server that it hands mail on to.

After ``imap_getauth``, ``pop3_getauth``, ``do_session``, ``SSLOpen``, ``smtp_setup`` and ``load_params`` of 6.3 to 6.5,
and the manual page and release notes of 6.6.
"""

from __future__ import annotations

from collections.abc import Sequence

from mailpolicy.addresses import host_scope
from mailpolicy.facts import begun
from mailpolicy.passwords import is_placeholder
from mailpolicy.readers.fetchmail.grammar import Value
from mailpolicy.readers.fetchmail.plugin import Channel, channel
from mailpolicy.readers.fetchmail.view import SOFTWARE, View, port_number
from mailpolicy.sessions import Told, connection, maybe, unknown
from mailpolicy.types import Fact, Origin, Unread

_IN_CLEAR = frozenset(("any", "password", "rpop"))
_NO_PASSWORD = frozenset(("external", "implicit", "gssapi", "kerberos4", "kerberos5"))
_MECHANISMS = {
    "gssapi": "GSSAPI", "kerberos4": "KERBEROS_V4", "kerberos5": "KERBEROS_V5", "external": "EXTERNAL", "otp": "OTP",
    "cram-md5": "CRAM-MD5", "msn": "MSN", "ntlm": "NTLM", "apop": "APOP", "rpop": "RPOP",
}  # fmt: skip
_HASHES = ("md5", "sha1", "sha256", "sha512")
_DIGITS = {"md5": 32, "sha1": 40, "sha256": 64, "sha512": 128}
_FLOORS = {
    "ssl2": "SSLv2", "ssl3": "SSLv3", "tls1": "TLSv1.0", "tls1.0": "TLSv1.0", "tls1.1": "TLSv1.1", "tls1.2": "TLSv1.2",
    "tls1.3": "TLSv1.3",
}  # fmt: skip
_SMTP_TLS = (6, 6)


def access(view: View, path: str, refused: Unread | None) -> Fact:
    """The session that fetches mail; for ETRN and ODMR the one that asks a server to send it."""
    told = {**_place(view), **_login(view)}
    told |= _security(view, told["host"])
    told["cleartext_credentials"] = _clear(view, told["tls"])
    told |= _deletes(view)
    told["broken"] = Told(refused.why, (Origin("sets", refused.where),)) if refused else _broken(view)
    user = view.text("user")
    known_user = Told(user, view.told("user")) if user else None
    told["account"] = maybe(view.query.name)
    draft = begun("connection", view.query.where, SOFTWARE, ".".join(map(str, view.version)), path)
    return connection(draft, told, known_user if told["role"].value == "access" else None)


def _place(view: View) -> dict[str, Told]:
    protocol = view.text("protocol", "auto")
    by = view.told("protocol")
    smtp = protocol in ("etrn", "odmr")
    name = None if protocol is None else "smtp" if smtp else "imap" if protocol in ("imap", "auto") else "pop3"
    told = {"protocol": maybe(name, by), "role": Told("relay" if smtp else "access", by)}
    told["port"] = view.port()
    told["port_stated"] = Told(view.given("port"), view.told("port"))
    via = view.text("via", None)
    if view.given("via"):
        told["host"] = maybe(via, view.told("via"))
    else:
        told["host"] = maybe(view.query.name, (Origin("sets", view.query.where),))
    found = _channel(view)
    if found is not None and found.target:
        host, _, port = found.target.rpartition(":")
        if host != "%h":
            told["host"] = maybe(host.strip("[]"), view.told("plugin"))
        if port != "%p":
            told["port"] = maybe(port_number(port), view.told("plugin"))
    if found is not None and found.local:
        told["scope"] = Told("loopback", view.told("plugin"))
    return told


def _channel(view: View) -> Channel | None:
    """What a plugin does; None without one."""
    if not view.given("plugin"):
        return None
    command = view.text("plugin")
    return channel(command) if command else Channel(known=False)


def _security(view: View, host: Told) -> dict[str, Told]:
    tls = view.tls
    found = _channel(view)
    if found is not None and tls not in ("implicit", "required") and not found.known:
        return {"tls": unknown(view.told("plugin")), "verify": unknown(view.told("plugin"))}
    if found is not None and found.tls != "none" and tls != "implicit":
        return {"tls": Told(found.tls, view.told("plugin")), "verify": Told(found.verify, view.told("plugin"))}
    old = view.version < (6, 4)
    why = ["protocol"] if tls == "none" and view.text("protocol") in ("apop", "rpop", "etrn", "odmr") else []
    if tls == "opportunistic":
        why += ["sslproto", "sslcertck"]
    elif tls == "none" or tls is None:
        why += ["ssl", "sslproto"]
    elif tls == "required":
        why += [name for name in ("sslcertck", "sslfingerprint", "sslproto") if view.given(name)] or ["sslproto"]
    told = {"tls": maybe(tls, view.told(*(why or ["ssl"])))}
    if tls == "none":
        return told
    checked, pin = view.switch("sslcertck", not old), view.pin
    if pin is not None:
        told["verify"] = Told("fingerprint", view.told("sslfingerprint"))
        told["fingerprint_hash"] = maybe(pin[0] if pin[0] in _HASHES else None, view.told("sslfingerprint"))
    elif checked is None or tls is None or (view.text("sslfingerprint", "") is None):
        told["verify"] = unknown(view.told("sslcertck", "sslfingerprint", "ssl"))
    else:
        told["verify"] = Told("ca" if checked else "none", view.told("sslcertck"))
    floor = view.text("sslproto", "") or ""
    if floor.lower().rstrip("+") in _FLOORS and not (floor.lower().startswith("ssl") and view.version >= (6, 5)):
        told["tls_min"] = Told(_FLOORS[floor.lower().rstrip("+")], view.told("sslproto"))
    return told


def _login(view: View) -> dict[str, Told]:
    method = view.method
    by = view.told("auth") if method not in ("apop", "rpop") else view.told("protocol")
    if view.text("protocol") == "etrn":
        return {"authenticates": Told(False, by)}
    if method is None:
        return {"authenticates": unknown(by), "mechanisms": unknown(by), "credential": _credential(view)}
    if method == "implicit":
        return {"authenticates": Told(False, by)}
    told = {"authenticates": Told(True, by), "credential": _credential(view)}
    if method in _NO_PASSWORD:
        told["credential"] = Told("none", by)
    if method == "password":
        pop3 = view.text("protocol", "auto") not in ("imap", "auto")
        told["mechanisms"] = Told(("USER",) if pop3 else ("LOGIN",), by)
    else:
        told["mechanisms"] = Told((_MECHANISMS[method],) if method in _MECHANISMS else (), by)
    return told


def _credential(view: View) -> Told:
    password = view.text("password", "")
    if password is None or (password and is_placeholder(password)):
        return unknown(view.told("password"))
    if view.chain("password"):
        return Told("literal", view.told("password"))
    return Told("prompt", (view.builtin(": ~/.netrc, else it asks"),))


def _clear(view: View, tls: Told) -> Told:
    """Whether the password crosses a socket without TLS: challenges come first, but the server may offer none."""
    method = view.method
    by = view.told("auth") if method != "rpop" else view.told("protocol")
    if method is not None and (method not in _IN_CLEAR or view.text("protocol") in ("etrn", "odmr")):
        return Told(False, by)
    if tls.value in ("implicit", "required"):
        return Told(False, tls.by)
    return Told(True, (*by, *tls.by)) if tls.known and method is not None else unknown((*by, *tls.by))


def _deletes(view: View) -> dict[str, Told]:
    """What happens to mail on the server: with ``keep`` it stays, but ``flush`` removes what was seen before."""
    protocol = view.text("protocol", "auto")
    if protocol in (None, "etrn", "odmr"):
        return {}
    keep, flush, everything = view.switch("keep"), view.switch("flush"), view.switch("fetchall")
    moved = protocol == "imap" and bool(view.chain("moveto")) and keep is False
    if keep and flush and everything and protocol != "imap":
        flush = False  # nothing is known as seen
    removes = None if keep is None or (keep and flush is None) else not keep or bool(flush)
    names = ("keep", "flush") if keep and view.chain("flush") else ("keep",)
    if protocol in ("imap", "auto"):
        return {"expunges": maybe(False if moved else removes, view.told("moveto") if moved else view.told(*names))}
    told = {"deletes_on_server": maybe(removes, view.told(*names))}
    told["uidl"] = maybe(None if everything is None else not everything, view.told("fetchall"))
    return told


def _broken(view: View) -> Told:
    """Why a session comes to nothing although fetchmail reads the file."""
    protocol, method = view.text("protocol", "auto"), view.method
    if protocol == "pop2":
        return Told("fetchmail is built without POP2", view.told("protocol"))
    if protocol in ("etrn", "odmr") and view.switch("keep"):
        return Told(f"keep is not supported with {protocol.upper()}", view.told("keep"))
    if protocol in ("pop3", "sdps") and method == "external":
        return Told("POP3 has no login with auth external here", view.told("auth"))
    pin = view.pin
    if pin is not None and view.tls != "none" and pin[0] in _DIGITS:
        digits = pin[1].replace(":", "")
        if len(digits) != _DIGITS[pin[0]] or len(pin[1]) != _DIGITS[pin[0]] // 2 * 3 - 1:
            why = f"sslfingerprint never equals {pin[0].upper()} written as pairs of digits with colons"
            return Told(why, view.told("sslfingerprint"))
    said = (view.text("sslproto", "") or "").lower()
    if view.tls != "none" and said in ("ssl2", "ssl3") and (6, 4) <= view.version < (6, 5):
        return Told("OpenSSL has this version of SSL no more", view.told("sslproto"))
    found = _channel(view)
    if found is not None and found.tls != "none" and view.tls in ("implicit", "required"):
        wanted = "TLS" if view.tls == "implicit" else "STARTTLS"
        return Told(f"fetchmail wants {wanted} inside of the plugin's TLS", view.told("plugin", "ssl", "sslproto"))
    return Told(None)


def relays(view: View, path: str, refused: Unread | None) -> list[Fact]:
    """The sessions that hand fetched mail on, as far as they leave the machine."""
    if view.chain("mda") or view.chain("bsmtp"):
        return []
    return [
        _relay(view, value, path, refused)
        for value in view.members("smtphost")
        if value.text is None or host_scope(value.text.partition("/")[0] or "/") != "loopback"
    ]


def _relay(view: View, value: Value, path: str, refused: Unread | None) -> Fact:
    by = (Origin("sets", value.where),)
    parts = (value.text or "").split("/")
    lmtp = view.switch("lmtp")
    password = bool(view.chain("esmtppassword"))
    tls, verify, port = ("none", "none", 25) if view.version < _SMTP_TLS else _smtp_tls(parts[1:])
    named = [part for part in parts[1:] if part and "=" not in part and part not in ("notls", "starttls", "tls")]
    stated = named[-1] if named else ""
    number = port_number(stated) if stated else port
    known = value.text is not None
    told = {
        "account": maybe(view.query.name),
        "protocol": Told("lmtp" if lmtp else "smtp", view.told("lmtp") if lmtp else by),
        "role": Told("relay", by),
        "host": maybe(parts[0] if known else None, by),
        "port": maybe(number if known else None, by),
        "port_stated": Told(bool(stated), by),
        "tls": maybe(tls if known else None, by),
        "verify": maybe(verify if known else None, by),
        "authenticates": Told(password, view.told("esmtppassword")),
        "broken": Told(refused.why, (Origin("sets", refused.where),)) if refused else Told(None),
    }
    if password:
        told["credential"] = Told("literal", view.told("esmtppassword"))
        clear = maybe(tls in ("none", "opportunistic") if known else None, (*view.told("esmtppassword"), *by))
        told["cleartext_credentials"] = clear
    return connection(begun("connection", value.where, SOFTWARE, ".".join(map(str, view.version)), path), told)


def _smtp_tls(options: Sequence[str]) -> tuple[str, str, int]:
    """TLS, check and port of a host's options in 6.6; the last of those that contradict one another holds."""
    modes = [option for option in options if option in ("notls", "starttls", "tls")]
    if not modes:
        return "opportunistic", "none", 25
    return {"notls": ("none", "none", 25), "starttls": ("required", "ca", 25), "tls": ("implicit", "ca", 465)}[
        modes[-1]
    ]
