"""Django: the settings ``EMAIL_*`` as django.core.mail.backends.smtp takes them.

After Django 3.2.25, which was run, and 5.2: EMAIL_USE_TLS is STARTTLS or nothing, EMAIL_USE_SSL TLS from the first
byte; certificates are checked from 4.2 on. Applications that hand variables on to these settings are here too.
"""

from __future__ import annotations

from mailpolicy.applications.sending import Mode, Names, Table, names, sent
from mailpolicy.applications.words import credential, flag, secrets
from mailpolicy.envfile import Setting
from mailpolicy.sessions import Told, unknown
from mailpolicy.settings import Settings
from mailpolicy.types import Fact

SOFTWARE = "django"
NEWEST = (5, 2)
ENVIRONMENT = names(
    "", "EMAIL_BACKEND", "EMAIL_HOST", "EMAIL_PORT", "EMAIL_HOST_USER", "EMAIL_HOST_PASSWORD", "EMAIL_USE_TLS",
    "EMAIL_USE_SSL", "EMAIL_SSL_CERTFILE", "EMAIL_SSL_KEYFILE",
)  # fmt: skip
_NAMES = Names("EMAIL_HOST", "EMAIL_PORT", "EMAIL_HOST_USER", "EMAIL_HOST_PASSWORD")
_CLIENT = ("EMAIL_SSL_CERTFILE", "EMAIL_SSL_KEYFILE")
_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
_SENDING = frozenset((_BACKEND, "djcelery_email.backends.CeleryEmailBackend", "post_office.EmailBackend",
                      "mailer.backend.DbBackend"))  # fmt: skip
"""Backends that send by SMTP, at once or from a queue, whose own setting is not looked at."""
_CHECKED = {"django": (4, 2), "netbox": (3, 6), "paperless-ngx": (2, 0), "authentik": (2024,)}
"""Versions from which on certificates are checked: Django 4.2, and what is built on it."""
_BOTH = "EMAIL_USE_TLS and EMAIL_USE_SSL exclude one another: Django refuses to send"


def facts(settings: Settings) -> list[Fact]:
    """The session of the SMTP backend; none where another backend is named."""
    if "smtp" not in (settings.text("EMAIL_BACKEND", "smtp") or "smtp").lower():
        return secrets(settings, "EMAIL_HOST_PASSWORD")
    starttls, implicit = flag(settings, "EMAIL_USE_TLS"), flag(settings, "EMAIL_USE_SSL")
    by = "EMAIL_USE_SSL" if implicit or (implicit is None and not starttls) else "EMAIL_USE_TLS"
    tls = (
        "implicit" if implicit else None if implicit is None or starttls is None else "required" if starttls else "none"
    )
    more: dict[str, Told] = {}
    if starttls and implicit:
        more["broken"] = Told(_BOTH, settings.told("EMAIL_USE_SSL"))
    elif starttls is None or implicit is None:
        more["broken"] = unknown(settings.told(by))
    return sent(settings, _NAMES, Mode(tls, _verify(settings), settings.told(by)), "localhost", 25, more=more)


def _verify(settings: Settings) -> str | None:
    """From 4.2 on the default context of Python, or for a client certificate one that trusts no authority."""
    numbers = tuple(int(part) for part in settings.version.split(".") if part.isdigit())
    if numbers >= _CHECKED.get(settings.software, ()):
        return "ca"
    return "none" if settings.software == SOFTWARE else None  # what is built on an elder one is not looked up


def configured(settings: Settings, opened: bool = False) -> list[Fact]:
    """The session of ``settings.py``, whose values are Python's own: yes and no are ``true`` and ``false`` here.

    ``opened``: a file that is not there may set what these settings do not.
    """
    backend = settings.text("EMAIL_BACKEND", _BACKEND)
    only_backend = not any(name in settings.settings for name in ENVIRONMENT if name != "EMAIL_BACKEND")
    if (backend is not None and backend not in _SENDING) or (backend is None and only_backend):
        return []
    given = settings
    if opened:
        missing = {name: Setting(name, None, settings.start) for name in ENVIRONMENT if name not in settings.settings}
        given = settings._replace(settings={**missing, **settings.settings})
    made = facts(given._replace(settings=_without(given, "EMAIL_BACKEND")))
    return [_kept(_refused(given, fact), given) for fact in made if fact.kind == "connection"]


def _without(settings: Settings, name: str) -> dict[str, Setting]:
    return {key: one for key, one in settings.settings.items() if key != name}


def _kept(fact: Fact, settings: Settings) -> Fact:
    """Where the password is kept, as far as the file tells."""
    if fact.values.get("authenticates") is False:
        return fact
    told = credential(settings, "EMAIL_HOST_PASSWORD")
    values = {name: value for name, value in fact.values.items() if name != "credential"}
    return fact._replace(values={**values, "credential": told.value} if told.known else values)


def _refused(settings: Settings, fact: Fact) -> Fact:
    """A session that cannot come about, for what Django or Python makes of the settings."""
    why, by = None, ""
    secured = fact.values.get("tls") in ("required", "implicit") and fact.values.get("verify") == "ca"
    if settings.given("EMAIL_HOST", "localhost") == "":
        why, by = "EMAIL_HOST is empty: nothing is connected to", "EMAIL_HOST"
    elif secured and (named := [name for name in _CLIENT if settings.text(name)]):
        why, by = f"with {named[0]} Django trusts no authority: each certificate is refused", named[0]
    if why is None or fact.values.get("broken"):
        return fact
    chain = (*fact.origins["broken"], *settings.told(by))
    return fact._replace(values={**fact.values, "broken": why}, origins={**fact.origins, "broken": chain})


def _of_environment(settings: Settings) -> list[Fact]:
    """Whatever hands ``EMAIL_*`` of its environment on to Django: what is not set has a default of its own."""
    missing = [name for name in ("EMAIL_PORT", "EMAIL_USE_TLS", "EMAIL_USE_SSL") if name not in settings.settings]
    backend = settings.text("EMAIL_BACKEND") or "smtp"
    if settings.text("EMAIL_HOST") == "" or "smtp" not in backend.lower():
        return secrets(settings, "EMAIL_HOST_PASSWORD")
    if _is_plain_by_default(settings):
        missing = [*missing, "EMAIL_USE_TLS", "EMAIL_USE_SSL"]
    if not {"EMAIL_USE_TLS", "EMAIL_USE_SSL"}.issubset(missing) and "EMAIL_PORT" not in missing:
        return [_unchecked(fact) for fact in facts(settings)]
    made = sent(settings, _NAMES, Mode(None, None, settings.told("EMAIL_USE_TLS")), port=None)
    if not {"EMAIL_USE_TLS", "EMAIL_USE_SSL"}.issubset(missing):
        known = next((fact for fact in facts(settings) if fact.kind == "connection"), None)
        made = [_with_mode(fact, known) if fact.kind == "connection" and known else fact for fact in made]
    return [_unchecked(fact) for fact in made]


def _is_plain_by_default(settings: Settings) -> bool:
    """Whether there is no TLS only where another setting has Django's default, which a project may change."""
    if "EMAIL_USE_TLS" not in settings.settings:
        return not flag(settings, "EMAIL_USE_SSL")
    tls, port = flag(settings, "EMAIL_USE_TLS"), settings.text("EMAIL_PORT")
    return "EMAIL_USE_SSL" not in settings.settings and not tls and port in ("465", "", None)


def _unchecked(fact: Fact) -> Fact:
    """A session of a Django whose version nothing tells: how it checks certificates is unknown."""
    if fact.values.get("verify") != "ca":
        return fact
    return fact._replace(values={name: value for name, value in fact.values.items() if name != "verify"})


def _with_mode(fact: Fact, known: Fact) -> Fact:
    """A session with the mode of another."""
    fields = ("tls", "verify", "cleartext_credentials", "broken")
    values = {**fact.values, **{name: known.values[name] for name in fields if name in known.values}}
    return fact._replace(values=values, origins={**fact.origins, **{name: known.origins[name] for name in fields}})


_PAPERLESS = {"PAPERLESS_" + name: name for name in ENVIRONMENT}
APPLICATIONS = {
    "django": Table(SOFTWARE, NEWEST, ENVIRONMENT, _of_environment),
    # configuration/configuration.py of netbox-docker; paperless/settings.py; authentik/root/settings.py
    "netbox": Table("netbox", (4, 4), {
        "EMAIL_SERVER": "EMAIL_HOST", "EMAIL_PORT": "EMAIL_PORT", "EMAIL_USERNAME": "EMAIL_HOST_USER",
        "EMAIL_PASSWORD": "EMAIL_HOST_PASSWORD", "EMAIL_USE_TLS": "EMAIL_USE_TLS", "EMAIL_USE_SSL": "EMAIL_USE_SSL",
    }, facts),
    "authentik": Table("authentik", (2025, 8), {
        "AUTHENTIK_EMAIL__HOST": "EMAIL_HOST", "AUTHENTIK_EMAIL__PORT": "EMAIL_PORT",
        "AUTHENTIK_EMAIL__USERNAME": "EMAIL_HOST_USER", "AUTHENTIK_EMAIL__PASSWORD": "EMAIL_HOST_PASSWORD",
        "AUTHENTIK_EMAIL__USE_TLS": "EMAIL_USE_TLS", "AUTHENTIK_EMAIL__USE_SSL": "EMAIL_USE_SSL",
    }, facts),
    "paperless": Table("paperless-ngx", (2, 18), _PAPERLESS, facts),
}  # fmt: skip
