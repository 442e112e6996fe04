"""The explicit list of readers. A reader's module is imported only when a file of its format is there."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from importlib import import_module

from mailpolicy.lean import Protocol, cast
from mailpolicy.tree import Tree
from mailpolicy.types import Inventory, Version


class Reader(Protocol):
    """What a module ``mailpolicy/readers/<format>.py`` provides."""

    SOFTWARE: str
    """The name in ``--assume`` and in facts."""

    FILES: str
    """The files, for people; with ``PROVEN`` and ``LIMITS`` a row of docs/formats.md."""

    PROVEN: str
    """The versions of the program whose behaviour the reader has, and how that was found out."""

    LIMITS: str
    """What the reader does not work out."""

    def groups(self, paths: Sequence[str]) -> list[tuple[str, ...]]:
        """Files of this format, grouped by what one program loads together; those that load others first.

        A group whose files an earlier group has read already (``Inventory.files``) is passed over.
        """

    def sniff(self, text: str) -> bool:
        """Whether a text of unknown name is of this format."""

    def read(self, tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
        """Facts of one group. Never raises for anything that a file holds: what is not understood is ``unread``."""


PATTERNS: dict[str, str] = {
    "declaration": r"\.?mailpolicy\.ya?ml",
    # servers of mail; Dovecot before the proxies and these before the others, whose names are less their own
    "postfix": r"([^/]*[._-])?(main|master)\.cf(\.(H_|host-|[a-z0-9-]+\.[a-z0-9-]+\.[a-z])[^/]*"
    r"|[._-]?[0-9]{6,8}[^/]*)?",
    "dovecot": r"[^/]*dovecot[^/]*\.conf|dovecot/([^/]+/)*[^/]+\.(conf|conf\.ext|ext)"
    r"|(?<!nginx/)conf\.d/[0-9]+-[a-z0-9_-]+\.conf",
    # proxies
    "caddy": r"[^/]*[Cc]addyfile[^/]*|caddy[^/]*\.json|caddy/([^/]+/)*[^/]+\.(json|caddy|conf)",
    "haproxy": r"[^/]*[Hh][Aa]-?[Pp]roxy[^/]*\.cfg|haproxy/haproxy\.conf"
    r"|[^/]*[Hh][Aa]-?[Pp]roxy[^/]*/([^/]+/)*[^/]+\.cfg",
    "nginx": r"[^/]*nginx[^/]*\.conf"
    r"|nginx/([^/]+/)*([^/]+\.conf|[^/]*(sites|streams?|mails?|servers|vhosts)[^/]*/[^/]+)",
    "stunnel": r"[^/]*stunnel[^/]*\.conf|stunnel4?/([^/]+/)*[^/]+\.conf",
    "traefik": r"traefik([._-][^/]*)?\.(ya?ml|toml)"
    r"|[^/]*traefik[^/]*/([^/]+/)*((dyn|tcp|tls|mail|smtp|imap|pop|submission|conf|static|file|rout|serv|provider|entry)"
    r"[^/]*|(dyn[^/]*|conf[^/]*|rules|custom|providers?|files?|rout[^/]*)/([^/]+/)*[^/]+)\.(ya?ml|toml)",
    # more servers of mail
    "sendmail": r"[^/]*(sendmail|submit)[^/]*\.(mc|cf)|(mail|sendmail)/([^/]+\.mc|access|authinfo)",
    "exim": r"[^/]*exim4?\.conf(\.localmacros|\.[0-9]+)*|update-exim4\.conf\.conf|passwd\.client"
    r"|[^/]*exim[^/]*\.(conf|inc)|exim4?/([^/]+/)*[^/]+\.(conf|inc|custom)"
    r"|([^/]*exim[^/]*|etc)/conf\.d/(main|acl|router|transport|retry|rewrite|auth)/[^/]+"
    r"|(main|acl|router|transport|retry|rewrite|auth)/([0-9]+_[A-Za-z0-9_-]+|[^/]*exim4?-config[^/]*)",
    "opensmtpd": r"([^/]*[._-])?(open)?smtpd\.conf",
    "courier": r"([^/]*[._-])?(imapd-ssl|pop3d-ssl|esmtpd-msa|esmtpd-ssl|auth(daemon|mysql|pgsql|ldap)rc)"
    r"|courier[^/]*/(etc/)?(imapd|pop3d|esmtpd|courierd|esmtproutes|ldapaliasrc|smtpaccess/[^/]+)",
    "cyrus": r"([^/]*[._-])?(imapd|cyrus)\.conf",
    "haraka": r"(config|[^/]*[Hh]araka[^/]*)/(smtp(_forward|_proxy|_bridge)?|connection|tls|relay(_dest_domains)?"
    r"|outbound|auth_flat_file|auth_vpopmaild)\.ini",
    "james": r"([^/]*[._-])?(smtp|lmtp|imap|pop3|managesieve)server[^/]*\.xml|mailetcontainer[^/]*\.xml",
    "maddy": r"([^/]*[._-])?(maddy|madmail)([._][^/]*)?\.conf",
    "mox": r"([^/]*[._-])?mox\.conf",
    "stalwart": r"[^/]*stalwart[^/]*\.(toml|ndjson|jsonl)|[^/]*stalwart[^/]*/([^/]+/)*[^/]+\.(toml|ndjson|jsonl)"
    r"|[^/]*stalwart[^/]*/([^/]+/)*(config|plan|export|snapshot)\.json",
    # servers as bundles of containers
    "docker_mailserver": r"([^/]*[._-])?mailserver\.env|env-mailserver",
    "mailcow": r"([^/]*[._-])?mailcow([._-][^/]*)?\.conf",
    "mailu": r"[^/]*mailu[^/]*\.env|mailu/\.env",
    # programs that send
    "dma": r"([^/]*[._-])?dma\.conf|dma/auth\.conf",
    "msmtp": r"[^/]*msmtprc|msmtp/config",
    "nullmailer": r"[^/]*nullmailer[^/]*/([^/]+/)*remotes|[^/]*nullmailer[._-]remotes",
    "ssmtp": r"([^/]*[._-])?ssmtp\.conf|revaliases",
    "curl": r"[^/]*curlrc|[^/]*curl[^/]*\.(conf|config|cfg|cnf|txt)|[^/]*\.curl",
    "git": r"[^/]*gitconfig[^/]*|git/config[^/]*",
    "swaks": r"[^/]*swaksrc|[^/]*\.swaks|\.?swaks/[^/]+",
    # programs that fetch; mbsync before mutt, below whose folders its files lie
    "fetchmail": r"[^/]*fetchmailrc([-_][^/.]+|\.([0-9]+|local|global|bak|old|conf|txt)|##[^/]*)?"
    r"|([^/]*[._-])?fetchmail\.(cf|rc|conf)|fetchmail(\.d)?/([^/]+/)*[^/]+\.(rc|conf|cf)",
    "getmail": r"[^/]*getmailrc[^/]*|(\.|dot_)getmail/(?!oldmail-|\.)[^/]+(?<!\.json)(?<!\.log)"
    r"|(\.config|dot_config|config|xdg)/getmail/(?!oldmail-|\.)[^/]+(?<!\.json)(?<!\.log)",
    "goimapnotify": r"[^/]*goimapnotify[^/]*\.(conf|json|ya?ml|toml)|(go)?imapnotify/[^/]+\.(conf|json|ya?ml|toml)",
    "mbsync": r"[^/]*(mbsync|isync)rc([#_-][^/]*)?|mbsync\.conf|(isync|mbsync)/([^/]+/)*([^/]+\.(conf|inc)|config)",
    "mpop": r"[^/]*mpoprc|mpop/config",
    "offlineimap": r"[^/]*offlineimap3?rc(?![^/]*\.(py|md|sh|el)$)[^/]*|[^/]*offlineimap3?[^/]*\.conf(\.minimal)?"
    r"|[^/]*offlineimap3?/(private_)?config",
    # programs that people read mail with
    "aerc": r"[^/]*aerc[^/]*/([^/]+/)*([^/]*[._-])?accounts[^/]*\.conf(##[^/]*)?"
    r"|[^/]*aerc[^/]*accounts[^/]*\.conf",
    "alpine": r"([^/]*[._-])?pinerc([._-][^/]*)?|(al)?pine\.conf(\.fixed)?",
    "evolution": r"[^/]+\.source",
    "himalaya": r"[^/]*himalaya[^/]*\.toml|[^/]*himalayarc|[^/]*himalaya[^/]*/([^/]+/)*[^/]*config[^/]*\.toml",
    "k9": r"[^/]*providers[^/]*\.xml",
    "mailrc": r"([^/]*[._-])?(mailrc|nailrc|s-nail\.rc|mail\.rc|nail\.rc)([._-][^/]*)?",
    "mutt": r"(?=([^/]*[Mm]uttrc|(\.|_|dot_)?(neo)?mutt/))([^/]+/)*"
    r"(?![^/]*\.(py|sh|pl|rb|c|h|md|txt|rst|html?|xml|ya?ml|json|toml|lua|el|nix|png|vim"
    r"|asc|gpg|css|desktop|service|awk|sed|pem|crt|am|ac|po|head|tail|[1-9])(\.|$))[^/]+",
    "thunderbird": r"[^/]*(prefs|user)\.js|[^/]*([Tt]hunderbird|mozilla|autoconfig)[^/]*\.cfg",
    "davmail": r"([^/]*[._-])?davmail([._-][^/]*)?\.properties",
    "roundcube": r"[^/]*(config|main|defaults)\.inc(\.php)?|config\.php\.inc",
    "snappymail": r"domains/[^/]+\.(json|ini)|[^/]*([Ss]nappymail|[Rr]ainloop)[^/]*/([^/]+/)*[^/]+\.(json|ini)",
    # what tells programs their settings
    "autoconfig": r"[^/]*config-v1\.[12](\.xml)?|[^/]*autoconfig[^/]*\.xml|ispdb/[^/]+",
    "autodiscover": r"[^/]*[Aa]uto[Dd]iscover[^/]*\.xml",
    "mobileconfig": r"[^/]*\.mobileconfig|[^/]*(mobileconfig|ios[-_]?profile)[^/]*\.xml",
    # applications
    "alertmanager": r"[^/]*alertmanager[^/]*\.ya?ml|[^/]*alertmanager[^/]*/([^/]+/)*[^/]+\.ya?ml",
    "ansible": r"(tasks|handlers|playbooks?|plays|roles|[^/]*[Aa]nsible[^/]*)/([^/]+/)*[^/]+\.ya?ml"
    r"|[^/]*(playbook|site|main|deploy|mail|notif|report|alert|backup|update|upgrade|patch|maintenance)[^/]*\.ya?ml",
    "django": r"([^/]*[_-])?settings([._-][^/]*)?\.py|settings/([^/]+/)*[^/]+\.py",
    "gitea": r"([^/]*[._-])?app\.ini|[^/]*(gitea|forgejo|gogs)[^/]*\.ini",
    "gitlab": r"[^/]*gitlab[^/]*\.rb",
    "grafana": r"[^/]*grafana[^/]*\.ini|[^/]*grafana[^/]*/([^/]+/)*(custom|sample|defaults)\.ini",
    "keycloak": r"[^/]*([Kk]eycloak|[Rr]ealm)[^/]*\.(json|ya?ml)"
    r"|[^/]*([Kk]eycloak|[Rr]ealm)[^/]*/([^/]+/)*[^/]+\.(json|ya?ml)",
    "nextcloud": r"([^/]*\.)?config(\.sample)?\.php",
    "rails": r"config/(([^/]+/)*(environments|initializers)/([^/]+/)*[^/]+|(application|environment|smtp|mail)[^/]*)"
    r"\.rb|initializers/[^/]*(mail|smtp)[^/]*\.rb|environments/[^/]+\.rb|([^/]*\.)?configuration([.-][^/.]+)?\.ya?ml",
    "sentry": r"config(\.example)?\.ya?ml|[^/]*sentry[^/]*\.(ya?ml|conf\.py)",
    "spring": r"(application|bootstrap)([._-][^/]*)?\.(properties|ya?ml)",
    "environment": r"(?![^/]*\.(py|[jt]sx?|mjs|cjs|json|rb|go|sh|md|html|rs|java|vue|toml|ya?ml|h|c|php|lock|nix)$)"
    r"([^/]*\.)?env([._-][^/]*)?"
    r"|(?<!\.github/workflows/)[^/]*(compose|[Ss]tack|swarm|values|deploy|stateful|daemonset|configmap|cronjob|secret"
    r"|-env|standalone|web_only|manifest|mailman|mastodon|discourse|ghost|outline|directus|n8n|vaultwarden|netbox"
    r"|grafana|gitea|forgejo|gitlab|nextcloud|keycloak|authentik|paperless|chatwoot|mattermost|plausible|peertube|overleaf|appwrite|mealie|sentry)"
    r"[^/]*\.ya?ml"
    r"|(k8s|kubernetes|kube|manifests|charts?/[^/]+/templates|helm/templates|containers|stacks)/([^/]+/)*[^/]+\.ya?ml"
    r"|blueprints/[^/]+/template\.toml",
}
"""Format -> regular expression that the end of a path matches, from a slash on; the module has the format's name."""

TEMPLATE = r"(?:\.(?:j2|jinja2?|tmpl|tpl|template|erb|epp|in|dist|sample|example|orig|default|m4))?"
"""Endings of templates and samples, which are read as what they are a template of."""

SHARED: frozenset[str] = frozenset((
    "alertmanager", "ansible", "curl", "django", "environment", "evolution", "git", "gitea", "gitlab", "k9", "keycloak",
    "nextcloud", "rails", "roundcube", "sentry", "snappymail", "spring", "thunderbird",
))  # fmt: skip
"""Formats whose names other programs use too (``compose.yaml``, ``settings.py``): ``sniff`` must know the file."""

WORDS: dict[str, tuple[str, ...]] = {
    "declaration": ("mailpolicy.",),
    "postfix": (".cf",),
    "sendmail": ("mail/", "sendmail", "submit"),
    "exim": ("exim", "passwd.client", "main/", "acl/", "router/", "transport/", "retry/", "rewrite/", "auth/"),
    "opensmtpd": ("smtpd.conf",),
    "courier": ("courier", "imapd-ssl", "pop3d-ssl", "esmtpd-", "auth"),
    "cyrus": ("imapd.conf", "cyrus.conf"),
    "dovecot": ("dovecot", "conf.d/"),
    "haraka": ("haraka", "config/"),
    "james": ("server", "mailetcontainer"),
    "maddy": ("maddy", "madmail"),
    "docker_mailserver": ("mailserver.env", "env-mailserver"),
    "haproxy": ("haproxy", "ha-proxy"),
    "dma": ("dma.conf", "dma/"),
    "ssmtp": ("ssmtp", "revaliases"),
    "git": ("gitconfig", "git/config"),
    "goimapnotify": ("imapnotify",),
    "mbsync": ("mbsync", "isync"),
    "alpine": ("pine",),
    "evolution": (".source",),
    "k9": ("providers",),
    "mailrc": ("mailrc", "nailrc", "nail.rc", "mail.rc"),
    "thunderbird": ("prefs.js", "user.js", ".cfg"),
    "roundcube": (".inc",),
    "snappymail": ("snappymail", "rainloop", "domains/"),
    "autoconfig": ("config-v1.", "autoconfig", "ispdb/"),
    "mobileconfig": ("mobileconfig", "profile"),
    "ansible": (".yml", ".yaml"),
    "django": ("settings",),
    "rails": ("config", "initializers/", "environments/"),
    "spring": ("application", "bootstrap"),
    "gitea": ("app.ini", "gitea", "forgejo", "gogs"),
    "keycloak": ("keycloak", "realm"),
    "nextcloud": ("config",),
    "sentry": ("sentry", "config.y", "config.example.y"),
    "environment": (".yml", ".yaml", "env", "template.toml"),
}
"""In small letters, one of these stands in each path of a format; where none are told, its name does.

Most paths of a large tree hold none of them, and only what is left is held against the patterns.
"""

_words = tuple((word, name) for name in PATTERNS for word in WORDS.get(name, (name,)))
_patterns: dict[str, re.Pattern[str]] = {}
"""Compiled when a path is first held against them: most runs see a file or two."""


def _likely(path: str) -> list[str]:
    """The formats of which a path has a word, in their order."""
    small = path.lower()
    likely = {name for word, name in _words if word in small}
    return [name for name in PATTERNS if name in likely] if likely else []


def _named(name: str, path: str) -> bool:
    pattern = _patterns.get(name)
    if pattern is None:
        pattern = _patterns[name] = re.compile(f"(?:^|/)(?:{PATTERNS[name]}){TEMPLATE}$")
    return pattern.search(path) is not None


_CODE = frozenset((
    "py", "pyi", "sh", "bash", "pl", "rb", "go", "rs", "c", "h", "cc", "cpp", "java", "js", "ts", "php", "lua", "el",
    "vim", "md", "rst", "html",
))  # fmt: skip
"""Endings of programs and texts, which a name alone never makes a configuration: ``pinerc.py``, ``test_mailrc.py``."""


def format_of(path: str) -> str | None:
    """The format that a path's name and place tell by themselves, or None."""
    if path.rpartition(".")[2] in _CODE:
        return None
    return next((name for name in _likely(path) if name not in SHARED and _named(name, path)), None)


def shared_formats(path: str) -> list[str]:
    """Formats that a file of this name may be of, if its text is."""
    return [name for name in _likely(path) if name in SHARED and _named(name, path)]


def formats_of(path: str, text: Callable[[], str]) -> list[str]:
    """The formats of a file: one that its name tells, or else all that its name allows and its text tells."""
    named = format_of(path)
    if named is not None:
        return [named]
    allowed = shared_formats(path)
    return [name for name in allowed if load(name).sniff(text())] if allowed else []


def load(name: str) -> Reader:
    """The reader of a format."""
    return cast(Reader, import_module(f"mailpolicy.readers.{name}"))
