"""What TLS and which logins one client meets on one socket."""

from __future__ import annotations

from mailpolicy.lean import NamedTuple
from mailpolicy.readers.dovecot import networks
from mailpolicy.readers.dovecot.model import Looked, Model, Place
from mailpolicy.types import Origin

READABLE = frozenset(("PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER", "USER"))
"""Mechanisms that send the secret itself; Dovecot counts them as plaintext (mech->flags), and POP3's USER too."""

_MECHANISMS = frozenset(
    ("PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "APOP", "ANONYMOUS", "EXTERNAL",
     "XOAUTH2", "OAUTHBEARER", "NTLM", "GSSAPI", "GSS-SPNEGO")
)  # fmt: skip
_ONLY_OLDER = frozenset(("OTP", "SKEY", "RPA"))
_ONLY_24 = frozenset(("SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS"))

VERSIONS = ("TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")
_MINIMUM = {"any": 0, "sslv3": 0, "tlsv1": 0, "tlsv1.1": 1, "tlsv1.2": 2, "tlsv1.3": 3, "latest": 3}
Origins = tuple[Origin, ...]


class Socket(NamedTuple):
    """What access depends on besides the place."""

    protocol: str
    """imap, pop3, sieve, submission or lmtp."""
    implicit: bool
    haproxy: bool
    loopback: bool


class Access(NamedTuple):
    """What a client meets. A field that cannot be known is None; ``broken`` is then "" for working."""

    tls: str | None
    auth: str | None
    broken: str
    tls_from: Origins
    auth_from: Origins
    broken_from: Origins

    @property
    def weakness(self) -> tuple[bool, int, bool]:
        """Order among clients: one that gets in before one that does not, then by how exposed logins are."""
        order = ("none", "tls-only", "challenge", None, "cleartext")
        return (not self.broken, order.index(self.auth), self.tls == "none")


def named(dialect: str) -> dict[str, str]:
    """The names of the settings that the dialects call differently."""
    if dialect == "2.4":
        return {
            "cleartext": "auth_allow_cleartext",
            "cert": "ssl_server_cert_file",
            "key": "ssl_server_key_file",
            "ask": "ssl_server_request_client_cert",
            "ca": "ssl_server_ca_file",
        }
    return {
        "cleartext": "disable_plaintext_auth",
        "cert": "ssl_cert",
        "key": "ssl_key",
        "ask": "ssl_verify_client_cert",
        "ca": "ssl_ca",
    }


def cleartext(model: Model, place: Place) -> tuple[bool | None, Looked]:
    """Whether passwords may cross without TLS, and the setting that says so."""
    looked = model.get(named(model.dialect)["cleartext"], place)
    if not looked.known:
        return None, looked
    return (looked.yes if model.dialect == "2.4" else not looked.yes), looked


def trusted(model: Model, place: Place) -> Origin | None:
    """The element of login_trusted_networks that the client is in. What follows an invalid one is not looked at."""
    for network, origin in model.words("login_trusted_networks", " ,", place)[0]:
        if networks.parse(network) is None:
            return None
        if networks.holds(network, place.remote):
            return origin
    return None


def _invalid_network(model: Model, place: Place) -> tuple[str, Origins]:
    """An element of login_trusted_networks on which a login process of 2.3 crashes (client_is_trusted()), or ""."""
    words, known, _ = model.words("login_trusted_networks", " ,", place)
    for network, origin in words if known else ():
        if networks.parse(network) is None:
            return f"login_trusted_networks: {network} is no network, on which the login process crashes", (origin,)
        if networks.holds(network, place.remote):
            break
    return "", ()


def versions(model: Model, place: Place) -> tuple[tuple[str, ...] | None, Origins, str]:
    """TLS versions that the configuration allows (None: unknown), who says so, and why none works."""
    place = place._replace(named=("ssl_server",))
    if model.dialect == "2.2":
        return _versions22(model.get("ssl_protocols", place))
    looked = model.get("ssl_min_protocol", place)
    if not looked.known or "%{" in looked.value:
        return None, looked.origins, ""
    low = looked.value.lower()
    if low not in _MINIMUM or (low == "sslv3" and model.dialect == "2.4"):
        return (), looked.origins, f"ssl_min_protocol {looked.value or '(empty)'} is no version that Dovecot knows"
    if low == "latest" and model.dialect == "2.4":
        low = "any"  # 2.4.1 hands OpenSSL 0 for it, which is "no minimum"
    return VERSIONS[_MINIMUM[low] :], looked.origins, ""


def _versions22(looked: Looked) -> tuple[tuple[str, ...] | None, Origins, str]:
    if not looked.known:
        return None, looked.origins, ""
    words = looked.value.replace(",", " ").split()
    on = {w for w in words if not w.startswith("!")}
    off = {w[1:] for w in words if w.startswith("!")}
    names = {"TLSv1": "TLSv1.0"}
    left = [v for v in ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3") if (v in on if on else v not in off)]
    return tuple(names.get(v, v) for v in left), looked.origins, ""


def certificate_fault(model: Model, place: Place) -> tuple[str, Origins]:
    """Why TLS fails for want of a certificate or key, or ""; unknown values count as good."""
    place = place._replace(named=("ssl_server",))
    for word, name in (("certificate", "cert"), ("key", "key")):
        looked = model.get(named(model.dialect)[name], place)
        if not looked.known:
            continue
        if not looked.value:
            return f"no {word} is set", looked.origins
        entry = looked.entry
        if model.dialect == "2.4":
            if "%{" in looked.value:
                return f"the {word}'s path holds a variable, which Dovecot does not replace there", looked.origins
        elif entry is not None and not entry.file and "-----BEGIN" not in looked.value:
            return f"the {word}'s path lacks the '<' before it", looked.origins
    return "", ()


def tls_fault(model: Model, place: Place) -> tuple[str, Origins]:
    """Why no TLS handshake can succeed, or ""."""
    why, origins = certificate_fault(model, place)
    if why:
        return why, origins
    allowed, origins, why = versions(model, place)
    if allowed == () and not why:
        why = "every TLS version is switched off"
    return why, origins if why else ()


def run_fault(model: Model, place: Place) -> tuple[str, Origins]:
    """Why the process behind a socket, or the one that it asks, dies at each connection, or ""."""
    why, origins = _mechanism_fault(model) if place.protocol != "lmtp" else ("", ())
    if why:
        return why, origins
    if model.dialect != "2.4":
        return _invalid_network(model, place) if place.protocol != "lmtp" else ("", ())
    ssl, (allowed, clear) = model.get("ssl", place), cleartext(model, place)
    for name, looked in (("ssl", ssl), ("auth_allow_cleartext", clear)):
        if looked.known and "%{" in looked.value:
            return f"{name} takes no variable", looked.origins
    if ssl.known and ssl.value == "required" and allowed:
        return "auth_allow_cleartext = yes contradicts ssl = required", clear.origins
    return "", ()


def _mechanism_fault(model: Model) -> tuple[str, Origins]:
    """Why the authentication process dies for its list of mechanisms (mech_register_init()), or ""."""
    words, known, origins = model.words("auth_mechanisms", " ")
    names = _MECHANISMS | (_ONLY_24 if model.dialect == "2.4" else _ONLY_OLDER)
    for word, origin in words if known else ():
        if word.upper() not in names:
            return f"there is no authentication mechanism {word}; the authentication process dies", (origin,)
    if known and not words:
        return "auth_mechanisms is empty; the authentication process dies", origins
    return "", ()


def access(model: Model, socket: Socket, place: Place, mechanisms: tuple[str, ...], known: bool) -> Access:
    """What a client in a place meets on a socket."""
    ssl = model.get("ssl", place)
    why, origins = run_fault(model, place)
    if why:
        return Access("implicit" if socket.implicit else "none", "none", why, origins, origins, origins)
    if not ssl.known:
        tls = "implicit" if socket.implicit else None
        return Access(tls, None, "", ssl.origins, ssl.origins, ())
    fault, fault_from = tls_fault(model, place)
    fault_from = (*ssl.origins, *fault_from) if fault else ()
    if ssl.value == "no":
        fault, fault_from = "ssl = no for this listener, which says ssl = yes", ssl.origins
    if socket.implicit:
        login = "tls-only" if offered(socket, mechanisms) or not known else "none"
        return Access("implicit", "none" if fault else login, fault, (), (), fault_from)
    if socket.protocol == "lmtp":
        return Access("none" if fault else "optional", "none", "", fault_from or ssl.origins, (), ())
    return _logins(model, socket, place, mechanisms, known, ssl, (fault, fault_from))


def offered(socket: Socket, mechanisms: tuple[str, ...]) -> list[str]:
    """The mechanisms that a protocol has: APOP is POP3's, which announces USER even when PLAIN is not among them."""
    kept = [m for m in mechanisms if m != "APOP" or socket.protocol == "pop3"]
    return [] if socket.protocol == "lmtp" else [*kept, "USER"] if kept and socket.protocol == "pop3" else kept


def _logins(
    model: Model, socket: Socket, place: Place, mechanisms: tuple[str, ...], known: bool, ssl: Looked,
    fault: tuple[str, Origins],
) -> Access:  # fmt: skip
    """Logins before TLS (client_check_plaintext_auth() and client_create() of login-common)."""
    allowed, setting = cleartext(model, place)
    certificate = model.get("auth_ssl_require_client_cert", place)
    required = ssl.value == "required"
    inside = trusted(model, place)
    secured = socket.loopback or (inside is not None and not (required and model.dialect == "2.4"))
    secured = secured or (socket.haproxy and model.dialect == "2.4" and not required)
    readable = True if secured else False if required else allowed
    other = secured or not required
    usable = offered(socket, mechanisms)
    clear = [m for m in usable if not certificate.yes and (readable if m in READABLE else other and m != "EXTERNAL")]
    because = (inside,) if inside is not None and secured else setting.origins
    chain = (*(o for o in ssl.origins if not required), *because) if not required or secured else ssl.origins
    chain = (*chain, *(o for o in certificate.origins if certificate.yes))
    starttls = ssl.value != "no" and not fault[0]
    broken, broken_from = ("", ()) if ssl.value == "no" else fault
    broken = broken and f"STARTTLS is announced but fails: {broken}"
    if not known or (readable is None and any(m in READABLE for m in usable)):
        return Access("none" if not starttls else None, None, broken, chain, chain, broken_from)
    auth = "tls-only" if starttls and usable else "none"
    if any(m in READABLE for m in clear):
        auth = "cleartext"
    elif clear:
        auth, chain = "challenge", (*ssl.origins, *_culprits(model, clear))
    tls = "none" if not starttls else "optional" if clear else "required"
    tls_from = chain if starttls else ssl.origins if ssl.value == "no" else fault[1]
    return Access(tls, auth, broken, tls_from, chain, broken_from)


def _culprits(model: Model, clear: list[str]) -> Origins:
    return tuple(o for word, o in model.words("auth_mechanisms", " ")[0] if word.upper() in clear)[-1:]
