"""Nextcloud and ownCloud: ``mail_smtp…`` of config.php, or the variables of the image.

After lib/private/Mail/Mailer.php of Nextcloud 30, .config/smtp.config.php of nextcloud/docker, Symfony Mailer 6.4 and
what is known of Swift Mailer 6. Since 26 Symfony sends: STARTTLS wherever it is offered, whatever mail_smtpsecure
says; it cannot be required.
"""

from __future__ import annotations

from collections.abc import Mapping

from mailpolicy.applications.words import credential, numbers, secrets, session
from mailpolicy.envfile import Setting
from mailpolicy.ports import port_number
from mailpolicy.sessions import Told, maybe, unknown
from mailpolicy.settings import Settings
from mailpolicy.types import Fact

SOFTWARE = "nextcloud"
NEWEST = (31, 0)
ENVIRONMENT: Mapping[str, str] = {
    name: name
    for name in ("SMTP_HOST", "SMTP_PORT", "SMTP_SECURE", "SMTP_AUTHTYPE", "SMTP_NAME", "SMTP_PASSWORD",
                 "SMTP_PASSWORD_FILE", "MAIL_FROM_ADDRESS", "MAIL_DOMAIN")
}  # fmt: skip
OWN = ("mail_smtpmode", "mail_smtphost", "mail_smtpport", "mail_smtpsecure", "mail_smtpauth", "mail_smtpname",
       "mail_smtppassword", "mail_smtpstreamoptions", "mail_smtpauthtype")  # fmt: skip
STREAM = "mail_smtpstreamoptions.ssl."
_SYMFONY = (26,)
_LOCAL = frozenset(("sendmail", "qmail", "null", "php"))
_TRUE = frozenset(("1", "true"))


def facts(settings: Settings) -> list[Fact]:
    """The session, where one of the settings is there and mail goes out by SMTP, and the password."""
    if any(name in settings.settings for name in ENVIRONMENT):
        settings = _of_image(settings)
    found = secrets(settings, "mail_smtppassword")
    mode = settings.text("mail_smtpmode", "smtp")
    if not any(name in settings.settings for name in OWN) or mode in _LOCAL:
        return found
    port = settings.text("mail_smtpport", "25")
    number = port_number(port) if port else None
    told = {
        "host": maybe(settings.text("mail_smtphost", "127.0.0.1"), settings.told("mail_smtphost")),
        "port": maybe(number, settings.told("mail_smtpport")),
        "port_stated": Told("mail_smtpport" in settings.settings, settings.told("mail_smtpport")),
        "tls": _tls(settings, number, port is None),
        "verify": _verify(settings),
        "authenticates": _login(settings),
        "credential": credential(settings, "mail_smtppassword", "mail_smtppassword_file"),
    }
    return [session(settings, settings.where("mail_smtphost"), "mail", told), *found]


def _of_image(settings: Settings) -> Settings:
    """The settings that the image's own configuration makes of the variables; none without all three it asks for."""
    given = settings.settings
    if any(
        given[name].value == "" if name in given else True for name in ("SMTP_HOST", "MAIL_FROM_ADDRESS", "MAIL_DOMAIN")
    ):
        return settings._replace(settings={})
    names = {"SMTP_HOST": "mail_smtphost", "SMTP_PORT": "mail_smtpport", "SMTP_SECURE": "mail_smtpsecure", "SMTP_NAME":
             "mail_smtpname", "SMTP_PASSWORD": "mail_smtppassword", "SMTP_PASSWORD_FILE":
             "mail_smtppassword_file"}  # fmt: skip
    made = {names[key]: one._replace(name=names[key]) for key, one in given.items() if key in names and one.value != ""}
    if "mail_smtpport" not in made and "mail_smtpsecure" in made:
        secure = made["mail_smtpsecure"]
        made["mail_smtpport"] = Setting("mail_smtpport", "465" if secure.value else None, secure.where)
    if "mail_smtpname" in made and ("mail_smtppassword" in made or "mail_smtppassword_file" in made):
        made["mail_smtpauth"] = made["mail_smtpname"]._replace(name="mail_smtpauth", value="1")
    return settings._replace(settings=made)


def _tls(settings: Settings, port: int | None, unsure: bool) -> Told:
    secure, by = settings.text("mail_smtpsecure"), settings.told("mail_smtpsecure")
    if secure == "ssl":
        return Told("implicit", by)
    if secure is None:
        return unknown(by)
    if numbers(settings.version) < _SYMFONY:
        return Told("required" if secure == "tls" else "none", by)
    if port == 465:
        return Told("implicit", settings.told("mail_smtpport"))
    return unknown(settings.told("mail_smtpport")) if unsure else Told("opportunistic", by)


def _verify(settings: Settings) -> Told:
    """What options of PHP's streams leave of the check."""
    chain, name = (_stream(settings, key, default=True) for key in ("verify_peer", "verify_peer_name"))
    own = _stream(settings, "allow_self_signed", default=False)
    whole = settings.settings.get("mail_smtpstreamoptions")
    if None in (chain, name, own) or (whole is not None and whole.value is None):
        return unknown(settings.told("mail_smtpstreamoptions"))
    if chain and not own:
        by = settings.told("mail_smtpstreamoptions" if name else f"{STREAM}verify_peer_name")
        return Told("ca" if name else "ca-noname", by)
    return Told(
        "name-only" if name else "none", settings.told(STREAM + ("allow_self_signed" if chain else "verify_peer"))
    )


def _stream(settings: Settings, key: str, *, default: bool) -> bool | None:
    found = settings.settings.get(STREAM + key)
    if found is None:
        return default
    return None if found.value is None else found.value in _TRUE


def _login(settings: Settings) -> Told:
    """mail_smtpauth turns it on; without a name there is nothing to log in with."""
    text, by = settings.text("mail_smtpauth"), settings.told("mail_smtpauth")
    if text is None:
        return unknown(by)
    if text not in _TRUE:
        return Told(False, by)
    user = settings.text("mail_smtpname")
    return maybe(None if user is None else bool(user), settings.told("mail_smtpname"))
