"""Spring Boot: ``spring.mail.…``, which JavaMailSenderImpl hands to Jakarta Mail.

After MailSenderPropertiesConfiguration of Spring Boot 2.7 to 4.1, JavaMailSenderImpl, and SMTPTransport, SocketFetcher
and MailSSLSocketFactory of Angus Mail 1.0 to 2.0.5; Jakarta Mail 2.0 was run. STARTTLS that is enabled is tried and
not required. From Boot 3.1 on (Angus Mail 1.1) the name in a certificate is checked by default.
"""

from __future__ import annotations

from mailpolicy.applications.words import credential, flag, numbers, secrets, session
from mailpolicy.envfile import Setting
from mailpolicy.lean import NamedTuple
from mailpolicy.ports import port_number
from mailpolicy.sessions import Told, maybe, unknown
from mailpolicy.settings import Settings
from mailpolicy.types import Fact, Origin

SOFTWARE = "spring"
NEWEST = (4, 1)
PREFIX = "spring.mail."
PROPERTIES = f"{PREFIX}properties."
OWN = ("host", "port", "username", "password", "protocol", "jndi-name", "ssl.enabled", "ssl.bundle",
       "ssl.verify-hostname")  # fmt: skip
_JAVA = ("auth", "starttls.enable", "starttls.required", "ssl.enable", "ssl.trust", "ssl.checkserveridentity")
ENVIRONMENT = {
    **{"SPRING_MAIL_" + name.upper().replace("-", "").replace(".", "_"): PREFIX + name for name in OWN},
    **{
        f"SPRING_MAIL_PROPERTIES_MAIL_{kind}_{name}".upper().replace(".", "_"): f"{PROPERTIES}mail.{kind}.{name}"
        for kind in ("smtp", "smtps")
        for name in _JAVA
    },
}
PASSWORDS = (f"{PREFIX}password",)
_NAMES_SINCE = (3, 1)
_SSL_SINCE = (3, 4)
"""From here on there is spring.mail.ssl."""
_FORCED_SINCE = (4, 1)
"""From here on spring.mail.ssl has a say in the check of names."""


class _Java(NamedTuple):
    """The properties of Jakarta Mail for one protocol."""

    settings: Settings
    protocol: str

    def name(self, of: str) -> str:
        return f"{PROPERTIES}mail.{self.protocol}.{of}"

    def text(self, of: str) -> str | None:
        """The value, "" where it is missing, None where it is unknown."""
        return self.settings.text(self.name(of))

    def on(self, of: str, default: bool = False) -> bool | None:
        """A yes or no: what is not the other word, to the letter, is the default."""
        if self.name(of) not in self.settings.settings:
            return default
        text = self.settings.given(self.name(of))
        return None if text is None else text.lower() != "false" if default else text.lower() == "true"

    def told(self, of: str) -> tuple[Origin, ...]:
        return self.settings.told(self.name(of))


def facts(settings: Settings) -> list[Fact]:
    """The session that an environment sets up; what it does not set, the application's own files may."""
    host = settings.settings.get(f"{PREFIX}host")
    if host is None:
        return secrets(settings, *PASSWORDS)
    named = [f"{PREFIX}port", f"{PREFIX}username", f"{PREFIX}password", f"{PREFIX}protocol", f"{PREFIX}ssl.enabled"]
    named += [f"{PROPERTIES}mail.smtp.{name}" for name in _JAVA]
    implied = settings.text(f"{PREFIX}protocol") == "smtps" or settings.text(f"{PROPERTIES}mail.smtp.ssl.enable")
    if implied:
        named = [name for name in named if not name.endswith(("protocol", "ssl.enabled"))]
    missing = {name: Setting(name, None, host.where) for name in named if name not in settings.settings}
    return [*configured(settings._replace(settings={**missing, **settings.settings})), *secrets(settings, *PASSWORDS)]


def configured(settings: Settings, account: str = "spring.mail") -> list[Fact]:
    """The session of one profile, none without a host."""
    if f"{PREFIX}host" not in settings.settings or settings.given(f"{PREFIX}host") == "false":
        return []
    protocol = settings.text(f"{PREFIX}protocol", "smtp")
    java = _Java(settings, protocol or "smtp")
    tls = _tls(java) if protocol else unknown(settings.told(f"{PREFIX}protocol"))
    told = {
        "host": maybe(settings.text(f"{PREFIX}host", "localhost"), settings.told(f"{PREFIX}host")),
        **_port(java, tls),
        "tls": tls,
        "verify": _verify(java) if tls.known else unknown(tls.by),
        "authenticates": _login(settings),
        "broken": _broken(java),
    }
    if told["authenticates"].value is not False:
        told["credential"] = credential(settings, f"{PREFIX}password")
    if told["authenticates"].value and _falls_back(java):
        told["cleartext_credentials"] = Told(True, tls.by)
    mechanisms = java.text("auth.mechanisms")
    if told["authenticates"].value is not False and mechanisms != "":
        words = tuple(mechanisms.upper().split()) if mechanisms else None
        told["mechanisms"] = maybe(words, java.told("auth.mechanisms"))
    return [session(settings, settings.where(f"{PREFIX}host"), account, told)]


def _implicit(java: _Java) -> Told:
    """Whether the session begins with TLS, and nothing but TLS will do."""
    settings = java.settings
    if java.protocol == "smtps":
        return Told(True, settings.told(f"{PREFIX}protocol"))
    enabled = f"{PREFIX}ssl.enabled"
    if numbers(settings.version) >= _SSL_SINCE and flag(settings, enabled) is not False:
        return maybe(flag(settings, enabled), settings.told(enabled))
    return maybe(java.on("ssl.enable"), java.told("ssl.enable"))


def _factory(java: _Java) -> bool:
    """Whether the sockets come from a factory that makes those with TLS, as in old recipes."""
    return (java.text("socketFactory.class") or "").endswith("SSLSocketFactory")


def _tls(java: _Java) -> Told:
    first = _implicit(java)
    if first.value or not first.known:
        return Told("implicit", first.by) if first.value else first
    if _factory(java) and java.on("socketFactory.fallback", True) is False:
        return Told("implicit", java.told("socketFactory.class"))
    required, enabled = java.on("starttls.required"), java.on("starttls.enable")
    if required:
        return Told("required", java.told("starttls.required"))
    if required is None:
        return unknown(java.told("starttls.required"))
    if enabled is False and _factory(java):
        name = "socketFactory.fallback" if java.text("socketFactory.fallback") else "socketFactory.class"
        return Told("implicit" if _waits(java) else "opportunistic", java.told(name))
    if enabled is None:
        return unknown(java.told("starttls.enable"))
    by = (
        "starttls.required"
        if enabled and java.name("starttls.required") in java.settings.settings
        else "starttls.enable"
    )
    return Told("opportunistic" if enabled else "none", java.told(by))


def _waits(java: _Java) -> bool:
    """Whether the port is one where a server waits for TLS: what a factory tries first works there."""
    names = (java.name("socketFactory.port"), f"{PREFIX}port", java.name("port"))
    texts = [java.settings.given(name) for name in names if name in java.settings.settings]
    return bool(texts) and (texts[0] or "").strip() == "465"


def _falls_back(java: _Java) -> bool:
    """Whether it tries again without TLS where TLS fails."""
    bare = _factory(java) and java.on("socketFactory.fallback", True) is not False
    return bare and _implicit(java).value is False and java.on("starttls.required") is False


def _port(java: _Java, tls: Told) -> dict[str, Told]:
    """The port: of a factory for sockets, of Spring, of Jakarta Mail, or the usual one."""
    settings = java.settings
    names = [f"{PREFIX}port", java.name("port")]
    if java.text("socketFactory.class"):
        names.insert(0, java.name("socketFactory.port"))
    for name in names:
        if name in settings.settings and settings.given(name) != "":
            text, by = settings.given(name), settings.told(name)
            return {"port": maybe(port_number(text.strip()) if text else None, by), "port_stated": Told(True, by)}
    first, by = _implicit(java), settings.told(f"{PREFIX}port")
    usual = 465 if first.value else 25
    return {"port": Told(usual, by) if first.known and tls.known else unknown(by), "port_stated": Told(False, by)}


def _verify(java: _Java) -> Told:
    trust, by = java.text("ssl.trust"), java.told("ssl.trust")
    named, checked = _names(java)
    if java.text("ssl.socketFactory.class") != "":
        return unknown(java.told("ssl.socketFactory.class"))
    if trust is None or named is None:
        return unknown(by if trust is None else checked)
    if trust:
        return Told("name-only", by) if named else Told("none", by)
    return Told("ca" if named else "ca-noname", checked)


def _names(java: _Java) -> tuple[bool | None, tuple[Origin, ...]]:
    """Whether the name in the certificate is checked, and what decides that."""
    settings, version = java.settings, numbers(java.settings.version)
    identity = "ssl.checkserveridentity"
    verify = f"{PREFIX}ssl.verify-hostname"
    used = flag(settings, f"{PREFIX}ssl.enabled") or settings.text(f"{PREFIX}ssl.bundle")
    if used and version >= _FORCED_SINCE and flag(settings, verify, True) is not False:
        return flag(settings, verify, True), settings.told(verify)
    return java.on(identity, version >= _NAMES_SINCE), java.told(identity)


def _login(settings: Settings) -> Told:
    """With a name and a password it logs in, whatever mail.smtp.auth says."""
    user, by = f"{PREFIX}username", settings.told(f"{PREFIX}username")
    if settings.text(user) == "":
        return Told(False, by)
    if f"{PREFIX}password" not in settings.settings:
        return Told(False, settings.told(f"{PREFIX}password"))
    return Told(True, by) if settings.text(user) else unknown(by)


def _broken(java: _Java) -> Told:
    settings = java.settings
    host, trust = settings.text(f"{PREFIX}host", "localhost"), java.text("ssl.trust")
    if java.protocol not in ("smtp", "smtps"):
        return Told("spring.mail.protocol is neither smtp nor smtps", settings.told(f"{PREFIX}protocol"))
    if host and host != host.strip():
        return Told("the host has a blank at its end", settings.told(f"{PREFIX}host"))
    if java.on("auth") and _login(settings).value is False:
        why = "mail.smtp.auth without a user name and a password: Jakarta Mail refuses it"
        return Told(why.replace("smtp", java.protocol), java.told("auth"))
    if trust and trust != "*" and host and host not in trust.split() and _tls(java).value in ("implicit", "required"):
        return Told("ssl.trust does not name the host: it is not trusted", java.told("ssl.trust"))
    return Told(None)
