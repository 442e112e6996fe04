"""Applications that send mail: the explicit list, and which of them an environment is meant for.

An application is told by its image or by variables that it alone documents, never by a name that merely contains SMTP.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from importlib import import_module

from mailpolicy.lean import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from mailpolicy.envfile import Setting
    from mailpolicy.settings import Settings
    from mailpolicy.types import Fact


class Application(Protocol):
    """What a module ``mailpolicy/applications/<name>.py`` provides, or an entry of a table of them."""

    SOFTWARE: str
    """The name in facts."""

    NEWEST: tuple[int, ...]
    """The newest version whose meanings are known."""

    ENVIRONMENT: Mapping[str, str]
    """Environment variable -> the setting's own name."""

    def facts(self, settings: Settings) -> list[Fact]:
        """Connections and secrets of the application's settings, which have their own names."""


ENVIRONMENTS: dict[str, str] = {
    "grafana": r"GF_SMTP_(HOST|USER|PASSWORD|ENABLED|SKIP_VERIFY|STARTTLS_POLICY)(__FILE)?",
    "gitea": r"(GITEA|FORGEJO)__(mailer|MAILER|email_0X2E_incoming|EMAIL_0X2E_INCOMING)__\w+",
    "sentry": r"SENTRY_EMAIL_\w+",
    "nextcloud": r"SMTP_(AUTHTYPE|NAME) (MAIL_DOMAIN|MAIL_FROM_ADDRESS)",
    "gitlab": r"GITLAB_OMNIBUS_CONFIG",
    "sameersbn_gitlab": r"GITLAB_SECRETS_DB_KEY_BASE (SMTP|IMAP)_\w+",
    "laravel": r"MAIL_(MAILER|DRIVER|CONNECTION)",
    "symfony": r"MAILER_(DSN|URL)",
    "mastodon": r"SMTP_SERVER LOCAL_DOMAIN",
    "discourse": r"DISCOURSE_SMTP_\w+",
    "vaultwarden": r"SMTP_(SECURITY|EXPLICIT_TLS|ACCEPT_INVALID_CERTS|ACCEPT_INVALID_HOSTNAMES)",
    "chatwoot": r"SMTP_ADDRESS FRONTEND_URL (MAILER_(SENDER_EMAIL|INBOUND_EMAIL_DOMAIN)|ENABLE_ACCOUNT_SIGNUP)",
    "huginn": r"SMTP_SERVER SMTP_USER_NAME (APP_SECRET_TOKEN|INVITATION_CODE|SEND_EMAIL_IN_DEVELOPMENT)",
    "django": r"EMAIL_HOST_(USER|PASSWORD)",
    "spring": r"SPRING_MAIL_\w+",
    "netbox": r"EMAIL_SERVER (EMAIL_TIMEOUT|EMAIL_SSL_CERTFILE|SKIP_SUPERUSER|REDIS_CACHE_HOST|HOUSEKEEPING_INTERVAL)",
    "authentik": r"AUTHENTIK_EMAIL__\w+",
    "paperless": r"PAPERLESS_EMAIL_(HOST|PORT|HOST_USER|HOST_PASSWORD|USE_TLS|USE_SSL)",
    "ghost": r"mail__(transport|options__\w+)",
    "outline": r"SMTP_(SECURE|FROM_EMAIL|USERNAME) UTILS_SECRET",
    "directus": r"EMAIL_SMTP_HOST EMAIL_TRANSPORT",
    "next-auth": r"EMAIL_SERVER (NEXTAUTH|AUTH)_(SECRET|URL)",
    "rocketchat": r"MAIL_URL (ROOT_URL|MONGO_URL)",
    "django_url": r"EMAIL_URL (DEFAULT_FROM_EMAIL|GLITCHTIP_\w+|DJANGO_\w+)",
    "n8n": r"N8N_SMTP_\w+",
    "calcom": r"EMAIL_SERVER_(HOST|PORT|USER|PASSWORD) (CALENDSO_ENCRYPTION_KEY|NEXT_PUBLIC_WEBAPP_URL)",
    "kutt": r"MAIL_SECURE MAIL_USER (LINK_LENGTH|DEFAULT_DOMAIN)",
    "peertube": r"PEERTUBE_SMTP_\w+",
    "overleaf": r"(OVERLEAF|SHARELATEX)_EMAIL_SMTP_\w+",
    "documenso": r"NEXT_PRIVATE_SMTP_\w+",
    "plausible": r"SMTP_(HOST_ADDR|USER_PWD|HOST_SSL_ENABLED)",
    "lowcoder": r"LOWCODER_ADMIN_SMTP_\w+",
    "tolgee": r"TOLGEE_SMTP_\w+",
    "fider": r"EMAIL_SMTP_ENABLE_STARTTLS EMAIL_NOREPLY",
    "mattermost": r"MM_EMAILSETTINGS_SMTP\w+",
    "appwrite": r"_APP_SMTP_\w+",
    "mealie": r"SMTP_AUTH_STRATEGY",
    "msmtpd": r"SMTP_TLS_CHECKCERT",
    "mailman": r"SMTP_HOST_(USER|PASSWORD) HYPERKITTY_API_KEY",
    "roundcube": r"ROUNDCUBEMAIL_(DEFAULT_HOST|SMTP_SERVER)",
}
"""Application -> regular expressions, separated by blanks, each of which some variable of its environment matches."""

IMAGES: dict[str, str] = {
    "grafana": r"grafana/grafana(-oss|-enterprise)?",
    "gitea": r"gitea/gitea|forgejo/forgejo",
    "sentry": r"getsentry/sentry",
    "nextcloud": r"nextcloud",
    "gitlab": r"gitlab/gitlab-[ce]e",
    "sameersbn_gitlab": r"sameersbn/gitlab",
    "mastodon": r"(tootsuite|mastodon|linuxserver)/mastodon(-streaming)?",
    "discourse": r"discourse/(base|discourse)|discourse",
    "vaultwarden": r"(vaultwarden|bitwardenrs)/server(-mysql|-postgresql)?",
    "chatwoot": r"chatwoot/chatwoot",
    "huginn": r"huginn/huginn(-single-process)?",
    "netbox": r"netboxcommunity/netbox",
    "rocketchat": r"rocketchat/rocket\.chat|rocket\.chat",
    "django_url": r"glitchtip/glitchtip",
    "authentik": r"goauthentik/server",
    "paperless": r"paperless-ngx/paperless-ngx|linuxserver/paperless-ngx",
    "ghost": r"ghost",
    "outline": r"outlinewiki/outline",
    "directus": r"directus/directus",
    "n8n": r"n8n-?io/n8n",
    "calcom": r"calcom/cal\.com",
    "kutt": r"kutt/kutt",
    "peertube": r"chocobozzz/peertube",
    "overleaf": r"sharelatex/sharelatex|overleaf/overleaf",
    "documenso": r"documenso/documenso",
    "plausible": r"plausible/(analytics|community-edition)",
    "lowcoder": r"lowcoderorg/lowcoder(-ce(-api-service)?)?",
    "tolgee": r"tolgee/tolgee",
    "fider": r"getfider/fider",
    "mattermost": r"mattermost/mattermost-(team|enterprise)-edition",
    "appwrite": r"appwrite/appwrite",
    "mealie": r"hkotel/mealie|mealie-recipes/mealie",
    "msmtpd": r"crazy-?max/msmtpd",
    "mailman": r"maxking/mailman-(core|web)",
    "roundcube": r"roundcube/roundcubemail",
}
"""Application -> its image without registry and tag, which goes before what variables tell."""

_SHARING = {
    "django": ("netbox", "authentik", "paperless"),
    "nodemailer": ("ghost", "outline", "directus", "n8n", "calcom", "kutt", "peertube", "overleaf", "documenso"),
    "urls": ("next-auth", "rocketchat", "django_url"),
    "rubymail": ("chatwoot", "huginn"),
    "others": ("plausible", "lowcoder", "tolgee", "fider", "mattermost", "appwrite", "mealie", "msmtpd", "mailman"),
}
"""Module -> applications that are entries of its table."""


def load(name: str) -> Application:
    """An application by its name. Its module is imported only now."""
    shared = next((module for module, entries in _SHARING.items() if name in entries), None)
    if shared is None and name != "django":
        return cast(Application, import_module(f"mailpolicy.applications.{name}"))
    table = import_module(f"mailpolicy.applications.{shared or name}").APPLICATIONS
    return cast(Application, table[name])


def of_image(image: str) -> str | None:
    """The application whose image this is."""
    bare = re.sub(r"(@sha256:\w+|:[^/]*)$", "", image)
    return next((name for name, pattern in IMAGES.items() if re.search(rf"(?:^|/)(?:{pattern})$", bare)), None)


def known(names: Collection[str], image: str = "") -> list[str]:
    """The applications that an environment is meant for, by its image or else by the names of its variables."""
    by_image = of_image(image) if image else None
    if by_image is not None:
        return [by_image]
    return [name for name, patterns in ENVIRONMENTS.items() if all(_matches(names, one) for one in patterns.split())]


def fits(name: str, variables: Mapping[str, Setting]) -> bool:
    """Whether the values of variables may be this application's, where no image tells it."""
    own = getattr(load(name), "fits", None)
    return own is None or bool(own(variables))


def _matches(names: Collection[str], pattern: str) -> bool:
    compiled = re.compile(pattern)
    return any(compiled.fullmatch(name) for name in names)


def telling() -> str:
    """A regular expression of the variables that may tell an application."""
    return "|".join(f"(?:{one})" for patterns in ENVIRONMENTS.values() for one in patterns.split())
