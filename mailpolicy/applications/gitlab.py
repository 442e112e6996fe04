"""GitLab as Omnibus packages it: ``gitlab_rails['smtp_…']``, ``['incoming_email_…']``, ``['service_desk_email_…']``.

After files/gitlab-cookbooks of omnibus-gitlab 19, smtp.rb of mail 2.9 and net-smtp 0.5: without smtp_tls or smtp_ssl
it tries STARTTLS and goes on without; the certificate is checked unless smtp_openssl_verify_mode says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping

from mailpolicy.applications.words import credential, login, numbers, secrets, session
from mailpolicy.ports import port_number
from mailpolicy.ruby_settings import block, parse
from mailpolicy.sessions import Told, maybe, unknown
from mailpolicy.settings import Settings
from mailpolicy.text import Source
from mailpolicy.types import Fact, Span

SOFTWARE = "gitlab"
NEWEST = (19, 0)
ENVIRONMENT: Mapping[str, str] = {}
"""Omnibus is set up by ``GITLAB_OMNIBUS_CONFIG``, a text of Ruby: see ``omnibus``."""
ROOT = "gitlab_rails"
_MAIL_28 = (16, 0)
"""From here on the mail library checks certificates by default, and takes TLS and STARTTLS together for an error."""
_VERIFY = {"none": "none", "peer": "ca", "client_once": "ca", "fail_if_no_peer_cert": "ca"}
"""As a client, OpenSSL checks in every mode but ``none``, those that are made for servers too."""
PASSWORDS = ("smtp_password", "incoming_email_password", "service_desk_email_password")


def omnibus(source: Source, where: Span, version: str, instance: str) -> list[Fact]:
    """The facts of a value of ``GITLAB_OMNIBUS_CONFIG`` that stands at ``where`` in a YAML file."""
    assigned = parse(source, ROOT, *block(source, where))
    return facts(Settings(SOFTWARE, version, instance, where, assigned.settings))


def facts(settings: Settings) -> list[Fact]:
    """The sessions for outgoing and incoming mail, where they are enabled, and their passwords."""
    found = [_outgoing(settings)] if switch(settings, "smtp_enable") is not False else []
    found += [one for name in ("incoming_email", "service_desk_email") for one in _incoming(settings, name)]
    return [*found, *secrets(settings, *PASSWORDS)]


def switch(settings: Settings, name: str) -> bool | None:
    """What Ruby takes for true: all but ``nil`` and ``false``. None where it is unknown."""
    text = settings.given(name, "false")
    return None if text is None else text != "false"


def _outgoing(settings: Settings) -> Fact:
    host, port = settings.text("smtp_address", "localhost"), settings.text("smtp_port", "25")
    mechanism = settings.text("smtp_authentication", "")
    told = {
        "host": maybe(host, settings.told("smtp_address")),
        "port": maybe(port_number(port) if port else None, settings.told("smtp_port")),
        "port_stated": Told("smtp_port" in settings.settings, settings.told("smtp_port")),
        "tls": _tls(settings),
        "verify": _verify(settings),
        "authenticates": login(settings, "smtp_user_name"),
        "credential": credential(settings, "smtp_password"),
        "broken": _broken(settings),
    }
    if told["authenticates"].value:
        by = settings.told("smtp_authentication")
        words = () if mechanism in ("", "false", "none") else (str(mechanism).upper().replace("_", "-"),)
        told["mechanisms"] = unknown(by) if mechanism is None else Told(words, by)
    return session(settings, settings.where("smtp_address"), "smtp", told)


def _tls(settings: Settings) -> Told:
    for name in ("smtp_tls", "smtp_ssl"):
        if switch(settings, name):
            return Told("implicit", settings.told(name))
        if switch(settings, name) is None:
            return unknown(settings.told(name))
    name = "smtp_enable_starttls_auto"
    auto = switch(settings, name) if name in settings.settings else True
    return maybe(None if auto is None else "opportunistic" if auto else "none", settings.told(name))


def _verify(settings: Settings) -> Told:
    name = "smtp_openssl_verify_mode"
    mode = settings.text(name)
    if mode == "" and numbers(settings.version) < _MAIL_28:
        return unknown(settings.told(name))
    return maybe("ca" if mode == "" else _VERIFY.get(str(mode).lower()), settings.told(name))


def _broken(settings: Settings) -> Told:
    both = "smtp_enable_starttls_auto"
    implicit = any(switch(settings, name) for name in ("smtp_tls", "smtp_ssl"))
    if implicit and switch(settings, both) and numbers(settings.version) >= _MAIL_28:
        return Told(f"smtp_tls or smtp_ssl and {both} exclude one another", settings.told(both))
    return Told(None)


def _incoming(settings: Settings, section: str) -> list[Fact]:
    """mail_room reads the mailbox: TLS as ssl says, else STARTTLS as start_tls says, which then must succeed."""

    def named(name: str) -> str:
        return f"{section}_{name}"

    if switch(settings, named("enabled")) is False or settings.text(named("inbox_method"), "imap") != "imap":
        return []
    host, port = settings.text(named("host")), settings.text(named("port"), "143")
    first, later = switch(settings, named("ssl")), switch(settings, named("start_tls"))
    by = settings.told(named("ssl" if first or not later else "start_tls"))
    tls = "implicit" if first else "required" if later else "none"
    expunges = switch(settings, named("expunge_deleted"))
    told = {
        "protocol": Told("imap"),
        "role": Told("access"),
        "host": Told(host, settings.told(named("host")), bool(host)),
        "port": maybe(port_number(port) if port else None, settings.told(named("port"))),
        "port_stated": Told(named("port") in settings.settings, settings.told(named("port"))),
        "tls": unknown(by) if first is None or (not first and later is None) else Told(tls, by),
        "verify": Told("ca" if first or later else "none", by, first is not None and later is not None),
        "authenticates": Told(True, settings.told(named("email"))),
        "credential": credential(settings, named("password")),
        "expunges": maybe(expunges, settings.told(named("expunge_deleted"))),
        "broken": Told("no host" if host == "" else None, settings.told(named("host"))),
    }
    user = Told(settings.text(named("email")), settings.told(named("email")))
    return [session(settings, settings.where(named("host")), section, told, user)]
