"""What applications make of the variables of their environment."""

from __future__ import annotations

import pytest

from mailpolicy import applications
from mailpolicy.applications import generic
from mailpolicy.readers import environment
from mailpolicy.settings import Settings
from mailpolicy.tree import Memory
from mailpolicy.types import Fact, Span
from tests.readers.reading import blamed, read_group, the

Values = dict[str, object]

LARAVEL = "MAIL_MAILER=smtp\nMAIL_HOST=h\nMAIL_PORT=587\nMAIL_USERNAME=a\nMAIL_PASSWORD=b\n"
LARAVEL_6 = LARAVEL.replace("MAIL_MAILER", "MAIL_DRIVER")
MASTODON = "LOCAL_DOMAIN=a\nSMTP_SERVER=h\nSMTP_PORT=587\nSMTP_LOGIN=a\nSMTP_PASSWORD=b\n"
DISCOURSE = "DISCOURSE_SMTP_ADDRESS=h\nDISCOURSE_SMTP_USER_NAME=a\nDISCOURSE_SMTP_PASSWORD=b\n"
VAULT = "SMTP_HOST=h\nSMTP_ACCEPT_INVALID_HOSTNAMES=false\nSMTP_USERNAME=a\nSMTP_PASSWORD=b\n"
DJANGO = "EMAIL_HOST=h\nEMAIL_PORT=587\nEMAIL_HOST_USER=a\nEMAIL_HOST_PASSWORD=b\n"
NETBOX = "SKIP_SUPERUSER=true\nEMAIL_SERVER=h\nEMAIL_USERNAME=a\nEMAIL_PASSWORD=b\n"
N8N = "N8N_SMTP_HOST=h\nN8N_SMTP_USER=a\nN8N_SMTP_PASS=b\n"
GHOST = "mail__transport=SMTP\nmail__options__host=h\nmail__options__auth__user=a\nmail__options__auth__pass=b\n"
OUTLINE = "UTILS_SECRET=x\nSMTP_HOST=h\nSMTP_PORT=587\nSMTP_USERNAME=a\nSMTP_PASSWORD=b\n"
MATTERMOST = "MM_EMAILSETTINGS_SMTPSERVER=h\nMM_EMAILSETTINGS_SMTPPORT=587\nMM_EMAILSETTINGS_ENABLESMTPAUTH=true\n"
MSMTPD = "SMTP_HOST=h\nSMTP_TLS_CHECKCERT=on\nSMTP_AUTH=plain\nSMTP_USER=a\nSMTP_PASSWORD=b\n"
LOWCODER = "LOWCODER_ADMIN_SMTP_HOST=h\nLOWCODER_ADMIN_SMTP_PORT=587\n"
SPRING = "SPRING_MAIL_HOST=h\nSPRING_MAIL_PORT=587\nSPRING_MAIL_USERNAME=a\nSPRING_MAIL_PASSWORD=b\n"
SMTP_OF_SPRING = "SPRING_MAIL_PROPERTIES_MAIL_SMTP"
PLAUSIBLE = "SMTP_HOST_ADDR=h\nSMTP_USER_NAME=a\nSMTP_USER_PWD=b\n"
CLEAR = {"tls": "opportunistic", "verify": "ca", "authenticates": True, "cleartext_credentials": True}
SAFE = {"tls": "implicit", "verify": "ca", "authenticates": True, "cleartext_credentials": False}

CASES: list[tuple[str, str, Values]] = [
    ("spring", SPRING, {"host": "h", "port": 587, "tls": None, "credential": "literal"}),
    ("spring", f"{SPRING}SPRING_MAIL_PROTOCOL=smtps\n", {"tls": "implicit"}),
    ("spring", f"{SPRING}{SMTP_OF_SPRING}_SSL_ENABLE=true\n", {"tls": "implicit"}),
    ("spring", f"{SPRING}{SMTP_OF_SPRING}_STARTTLS_ENABLE=true\n", {"tls": None}),
    ("laravel", LARAVEL, {**CLEAR, "port": 587, "mechanisms": ()}),
    ("laravel", f"{LARAVEL}MAIL_ENCRYPTION=tls\n", CLEAR),
    ("laravel", f"{LARAVEL}MAIL_ENCRYPTION=ssl\n", CLEAR),
    ("laravel", f"{LARAVEL}MAIL_SCHEME=smtps\n", SAFE),
    ("laravel", f"{LARAVEL}MAIL_SCHEME=null\n", CLEAR),
    ("laravel", f"{LARAVEL}MAIL_PORT=465\n", {**SAFE, "port": 465}),
    ("laravel", f"{LARAVEL}MAIL_USERNAME=null\n", {"authenticates": False, "tls": "opportunistic"}),
    ("laravel", "MAIL_MAILER=smtp\nMAIL_PASSWORD=b\n", {"host": "127.0.0.1", "port": 2525, "port_stated": False}),
    ("laravel", f"{LARAVEL_6}MAIL_ENCRYPTION=tls\n",
     {"tls": None, "verify": None, "cleartext_credentials": None, "version": ""}),
    ("laravel", f"{LARAVEL_6}MAIL_ENCRYPTION=ssl\nMAIL_PORT=465\n", {"tls": "implicit", "port": 465}),
    ("laravel", f"{LARAVEL_6}MAIL_ENCRYPTION=null\n", {"tls": None, "cleartext_credentials": True}),
    ("laravel", LARAVEL_6.replace("MAIL_PORT=587\n", ""), {"tls": None, "port": None}),
    ("laravel", "MAIL_MAILER=smtp\nMAIL_URL=smtps://a:b@h.example.org\n",
     {**SAFE, "port": 465, "host": "h.example.org"}),
    ("symfony", "MAILER_DSN=smtp://a:b@h:587\n", {**CLEAR, "credential": "literal"}),
    ("symfony", "MAILER_DSN=smtp://a:b@h:465\n", SAFE),
    ("symfony", "MAILER_DSN=smtp://a:b@h\n", {**SAFE, "port": 465, "port_stated": False}),
    ("symfony", "MAILER_DSN=smtp://localhost\n", {"tls": "opportunistic", "port": 25, "authenticates": False}),
    ("symfony", "MAILER_DSN=smtps://a:b@h:587\n", {**SAFE, "port": 587}),
    ("symfony", "MAILER_DSN=smtps://a:b@h?verify_peer=0\n", {"verify": "none"}),
    ("symfony", "MAILER_DSN=smtps://a:b@h?peer_fingerprint=ab\n", {"verify": "fingerprint"}),
    ("symfony", "MAILER_DSN=smtp://a:b@h:587?require_tls=true\n", {"tls": "required", "cleartext_credentials": False}),
    ("symfony", "MAILER_DSN=smtp://a:b@h:25?auto_tls=false\n", {"tls": "none", "cleartext_credentials": True}),
    ("symfony", "MAILER_DSN=smtp://a:b@[2001:db8::1]:587\n", {"host": "2001:db8::1", "port": 587}),
    ("symfony", "MAILER_URL=smtp://h:587?encryption=tls&username=a&password=b\n",
     {"tls": "required", "authenticates": True}),
    ("symfony", "MAILER_URL=smtp://h:25\n", {"tls": "none", "authenticates": False}),
    ("next-auth", "NEXTAUTH_URL=u\nEMAIL_SERVER=smtp://a:b@h:587\n", {**CLEAR, "port": 587}),
    ("next-auth", "NEXTAUTH_URL=u\nEMAIL_SERVER=smtps://a:b@h:465?tls.rejectUnauthorized=false\n", {"verify": "none"}),
    ("rocket.chat", "ROOT_URL=u\nMAIL_URL=smtp://h:25?ignoreTLS=true\n", {"tls": "none", "authenticates": False}),
    ("rocket.chat", "ROOT_URL=u\nMAIL_URL=smtp://a:b@h:587?requireTLS=true\n", {"tls": "required"}),
    ("django", "DEFAULT_FROM_EMAIL=a\nEMAIL_URL=smtp://a:b@h:587\n", {"tls": "none", "cleartext_credentials": True}),
    ("django", "DEFAULT_FROM_EMAIL=a\nEMAIL_URL=smtps://a:b@h:587\n", {"tls": "required", "verify": None}),
    ("django", "DEFAULT_FROM_EMAIL=a\nEMAIL_URL=smtp+ssl://a:b@h:465\n", {"tls": "implicit"}),
    ("django", "DEFAULT_FROM_EMAIL=a\nEMAIL_URL=smtp://a:b@h:587/?tls=True\n", {"tls": "required", "port": 587}),
    ("django", "DEFAULT_FROM_EMAIL=a\nEMAIL_URL=smtp://a:b@h:465?ssl=1\n", {"tls": "implicit"}),
    ("django", "DEFAULT_FROM_EMAIL=a\nEMAIL_URL=smtp://a:b@h:587?email_use_tls=true&tls=0\n", {"tls": "required"}),
    ("django", "DEFAULT_FROM_EMAIL=a\nEMAIL_URL=submission://a:b@h\n", {"tls": "required", "port": 587}),
    ("mastodon", MASTODON, {**CLEAR, "mechanisms": ("PLAIN",)}),
    ("mastodon", f"{MASTODON}SMTP_ENABLE_STARTTLS=always\n", {"tls": "required", "verify": "ca"}),
    ("mastodon", f"{MASTODON}SMTP_ENABLE_STARTTLS=never\n", {"tls": "none", "cleartext_credentials": True}),
    ("mastodon", f"{MASTODON}SMTP_ENABLE_STARTTLS=auto\nSMTP_OPENSSL_VERIFY_MODE=none\n",
     {"tls": "opportunistic", "verify": "none"}),
    ("mastodon", f"{MASTODON}SMTP_ENABLE_STARTTLS_AUTO=false\n", {"tls": "opportunistic"}),
    ("mastodon", f"{MASTODON}SMTP_TLS=true\n", SAFE),
    ("mastodon", f"{MASTODON}SMTP_SSL=true\n", SAFE),
    ("mastodon", f"{MASTODON}SMTP_TLS=1\n", {"tls": "opportunistic"}),
    ("mastodon", f"{MASTODON}SMTP_AUTH_METHOD=none\n", {"authenticates": True, "mechanisms": ("PLAIN",)}),
    ("mastodon", f"{MASTODON}SMTP_AUTH_METHOD=cram_md5\n",
     {"cleartext_credentials": False, "mechanisms": ("CRAM-MD5",)}),
    ("discourse", DISCOURSE, {**CLEAR, "port": 25, "port_stated": False}),
    ("discourse", f"{DISCOURSE}DISCOURSE_SMTP_FORCE_TLS=true\n", SAFE),
    ("discourse", f"{DISCOURSE}DISCOURSE_SMTP_ENABLE_START_TLS=false\n",
     {"tls": "none", "cleartext_credentials": True}),
    ("discourse", f"{DISCOURSE}DISCOURSE_SMTP_OPENSSL_VERIFY_MODE=none\n", {"verify": "none"}),
    ("discourse", f"{DISCOURSE}DISCOURSE_SMTP_OPENSSL_VERIFY_MODE=client_once\n", {"verify": "ca"}),
    ("vaultwarden", VAULT, {"tls": "required", "verify": "ca", "port": 587, "cleartext_credentials": False}),
    ("vaultwarden", f"{VAULT}SMTP_SECURITY=force_tls\n", {"tls": "implicit", "port": 465}),
    ("vaultwarden", f"{VAULT}SMTP_SECURITY=off\n", {"tls": "none", "port": 25, "cleartext_credentials": True}),
    ("vaultwarden", f"{VAULT}SMTP_SSL=false\n", {"tls": "none"}),
    ("vaultwarden", f"{VAULT}SMTP_EXPLICIT_TLS=true\n", {"tls": "implicit"}),
    ("vaultwarden", f"{VAULT}SMTP_ACCEPT_INVALID_CERTS=true\n", {"verify": "none"}),
    ("vaultwarden", VAULT.replace("false", "true"), {"verify": "ca-noname"}),
    ("vaultwarden", f"{VAULT}SMTP_AUTH_MECHANISM=Login\n", {"mechanisms": ("LOGIN",)}),
    ("django", f"{DJANGO}EMAIL_USE_TLS=True\n", {"tls": "required", "verify": None, "cleartext_credentials": False}),
    ("django", f"{DJANGO}EMAIL_USE_SSL=1\n", {"tls": "implicit"}),
    ("django", f"{DJANGO}EMAIL_USE_TLS=False\n", {"tls": "none", "cleartext_credentials": True}),
    ("django", f"{DJANGO}EMAIL_USE_SSL=False\n", {"tls": None, "cleartext_credentials": None}),
    ("django", f"{DJANGO}EMAIL_USE_TLS=False\nEMAIL_USE_SSL=False\n", {"tls": "none"}),
    ("django", f"{DJANGO}EMAIL_USE_TLS=False\nEMAIL_PORT=465\n", {"tls": None, "port": 465}),
    ("django", DJANGO, {"tls": None, "cleartext_credentials": None, "port": 587}),
    ("netbox", NETBOX, {"tls": "none", "port": 25, "cleartext_credentials": True}),
    ("netbox", f"{NETBOX}EMAIL_USE_SSL=true\n", SAFE),
    ("authentik", "AUTHENTIK_EMAIL__HOST=h\nAUTHENTIK_EMAIL__USE_TLS=true\n",
     {"tls": "required", "authenticates": False}),
    ("paperless-ngx", "PAPERLESS_EMAIL_HOST=h\nPAPERLESS_EMAIL_USE_SSL=true\n", {"tls": "implicit", "verify": "ca"}),
    ("n8n", N8N, {**SAFE, "port": 465}),
    ("n8n", f"{N8N}N8N_SMTP_SSL=false\nN8N_SMTP_PORT=587\n", CLEAR),
    ("n8n", f"{N8N}N8N_SMTP_SSL=false\nN8N_SMTP_STARTTLS=false\n", {"tls": "none"}),
    ("ghost", f"{GHOST}mail__options__secure=true\n", {**SAFE, "port": 465}),
    ("ghost", f"{GHOST}mail__options__port=465\n", SAFE),
    ("ghost", f"{GHOST}mail__options__port=587\n", CLEAR),
    ("ghost", f"{GHOST}mail__options__requireTLS=true\n", {"tls": "required", "port": 587}),
    ("ghost", f"{GHOST}mail__options__service=Mailgun\n", {"tls": None}),
    ("outline", OUTLINE, SAFE),
    ("outline", f"{OUTLINE}SMTP_SECURE=false\n", {**CLEAR, "verify": "none"}),
    ("outline", f"{OUTLINE}SMTP_SECURE=false\nSMTP_DISABLE_STARTTLS=true\n", {"tls": "none"}),
    ("peertube", "PEERTUBE_SMTP_HOSTNAME=h\n", {"tls": "implicit", "port": 465, "authenticates": False}),
    ("overleaf", "OVERLEAF_EMAIL_SMTP_HOST=h\nOVERLEAF_EMAIL_SMTP_TLS_REJECT_UNAUTH=false\n",
     {"verify": "none", "port": 587}),
    ("directus", "EMAIL_TRANSPORT=smtp\nEMAIL_SMTP_HOST=h\nEMAIL_SMTP_PORT=465\n", {"tls": "implicit"}),
    ("documenso", "NEXT_PRIVATE_SMTP_HOST=h\nNEXT_PRIVATE_SMTP_SECURE=true\n", {"tls": "implicit", "port": 587}),
    ("calcom", "CALENDSO_ENCRYPTION_KEY=k\nEMAIL_SERVER_HOST=h\nEMAIL_SERVER_PORT=465\n", {"tls": "implicit"}),
    ("chatwoot", "ENABLE_ACCOUNT_SIGNUP=no\nFRONTEND_URL=u\n"
     "SMTP_ADDRESS=h\nSMTP_USERNAME=a\nSMTP_PASSWORD=b\n", {**CLEAR, "port": 587}),
    ("mattermost", f"{MATTERMOST}MM_EMAILSETTINGS_CONNECTIONSECURITY=STARTTLS\n",
     {"tls": "opportunistic", "cleartext_credentials": False, "broken": None}),
    ("mattermost", f"{MATTERMOST}MM_EMAILSETTINGS_CONNECTIONSECURITY=TLS\n", {"tls": "implicit", "verify": "ca"}),
    ("msmtpd", f"{MSMTPD}SMTP_TLS=on\n", {"tls": "required", "verify": "ca", "mechanisms": ("PLAIN",), "port": 25}),
    ("msmtpd", f"{MSMTPD}SMTP_TLS=on\nSMTP_STARTTLS=off\n", {"tls": "implicit", "port": 465}),
    ("msmtpd", MSMTPD, {"tls": "none", "cleartext_credentials": True}),
    ("msmtpd", MSMTPD.replace("plain", "on"), {"cleartext_credentials": False}),
    ("lowcoder", f"{LOWCODER}LOWCODER_ADMIN_SMTP_STARTTLS_ENABLED=true\n", {"tls": "opportunistic"}),
    ("lowcoder", f"{LOWCODER}LOWCODER_ADMIN_SMTP_STARTTLS_REQUIRED=true\n", {"tls": "required"}),
    ("tolgee", "TOLGEE_SMTP_HOST=h\nTOLGEE_SMTP_SSL_ENABLED=true\n", {"tls": "implicit", "verify": None}),
    ("appwrite", "_APP_SMTP_HOST=h\n_APP_SMTP_SECURE=tls\n", {"tls": "required", "port": 25, "verify": "ca"}),
    ("appwrite", "_APP_SMTP_HOST=h\n", {"tls": "none"}),
    ("mealie", "SMTP_HOST=h\nSMTP_AUTH_STRATEGY=SSL\n", {"tls": "implicit", "verify": "none", "port": 587}),
    ("plausible", PLAUSIBLE, {"tls": "opportunistic", "cleartext_credentials": True, "port": 25}),
    ("mailman", "HYPERKITTY_API_KEY=k\nSMTP_HOST=h\nSMTP_HOST_USER=a\nSMTP_HOST_PASSWORD=b\n", {"tls": "none"}),
    ("fider", "EMAIL_NOREPLY=n\nEMAIL_SMTP_HOST=h\nEMAIL_SMTP_ENABLE_STARTTLS=true\n", {"tls": "opportunistic"}),
    ("kutt", "DEFAULT_DOMAIN=d\nMAIL_ENABLED=true\nMAIL_HOST=h\nMAIL_SECURE=true\nMAIL_USER=a\n",
     {"tls": "implicit", "port": 587}),
]  # fmt: skip

NONE = [
    LARAVEL.replace("=smtp", "=log"),
    LARAVEL_6.replace("=smtp", "=sendmail"),
    "MAIL_MAILER=smtp\nMAIL_PORT=25\nMAIL_FROM_NAME=a\n",
    "MAILER_DSN=null://null\n",
    "DEFAULT_FROM_EMAIL=a\nEMAIL_URL=consolemail://\n",
    "MAILER_DSN=sendgrid+api://key@default\n",
    f"{MASTODON}SMTP_DELIVERY_METHOD=sendmail\n",
    DISCOURSE.replace("ADDRESS=h", "ADDRESS="),
    f"{VAULT}USE_SENDMAIL=true\n",
    f"{DJANGO}EMAIL_BACKEND=django.core.mail.backends.console.EmailBackend\n",
    f"{N8N}N8N_EMAIL_MODE=\n".replace("N8N_SMTP_HOST=h", "N8N_SMTP_HOST="),
    GHOST.replace("=SMTP", "=Direct"),
    "kutt=1\nDEFAULT_DOMAIN=d\nMAIL_ENABLED=false\nMAIL_HOST=h\nMAIL_SECURE=true\nMAIL_USER=a\n",
]


def connection(text: str) -> Fact:
    return the(read_group(environment, {".env": text}, [".env"]), "connection")


@pytest.mark.parametrize(("software", "text", "expected"), CASES)
def test_what_variables_mean(software: str, text: str, expected: Values) -> None:
    assert environment.sniff(text)
    values = connection(text).values
    assert values["software"] == software
    assert (values["protocol"], values["role"]) == ("smtp", "submission")
    assert {name: values.get(name) for name in expected} == expected


@pytest.mark.parametrize("text", NONE)
def test_no_session(text: str) -> None:
    found = read_group(environment, {".env": text}, [".env"])
    assert [fact for fact in found.facts if fact.kind == "connection"] == []
    assert not found.unread


@pytest.mark.parametrize(
    ("text", "field", "under"),
    [
        (f"{LARAVEL}MAIL_SCHEME=smtp\n", "tls", "smtp"),
        (f"{LARAVEL_6}MAIL_ENCRYPTION=null\n", "tls", "null"),
        (LARAVEL, "port", "587"),
        ("MAILER_DSN=smtp://a:hunter2@h.example.org:587?verify_peer=0\n", "host", "h.example.org"),
        ("MAILER_DSN=smtp://a:hunter2@h.example.org:587?verify_peer=0\n", "port", "587"),
        ("MAILER_DSN=smtp://a:hunter2@h.example.org:587?verify_peer=0\n", "tls", "smtp"),
        ("MAILER_DSN=smtp://a:hunter2@h.example.org:587?verify_peer=0\n", "verify", "0"),
        (f"{MASTODON}SMTP_OPENSSL_VERIFY_MODE=none\n", "verify", "none"),
        (f"{MASTODON}SMTP_ENABLE_STARTTLS=auto\n", "tls", "auto"),
        (f"{VAULT}SMTP_ACCEPT_INVALID_CERTS=true\n", "verify", "true"),
        (f"{VAULT}SMTP_SECURITY=off\n", "tls", "off"),
        (f"{DJANGO}EMAIL_USE_TLS=False\n", "tls", "False"),
        (f"{N8N}N8N_SMTP_SSL=false\n", "tls", "false"),
        (DISCOURSE, "host", "h"),
    ],
)
def test_the_text_that_is_blamed(text: str, field: str, under: str) -> None:
    assert blamed(text, connection(text), field) == under


@pytest.mark.parametrize(
    "text",
    [
        "EMAIL_SERVER=h\nEMAIL_PORT=587\nEMAIL_USERNAME=a\nEMAIL_PASSWORD=b\n",
        "SMTP_HOST=h\nSMTP_PORT=465\nSMTP_SECURITY=ssl\nSMTP_USERNAME=a\nSMTP_PASSWORD=b\n",
        "SMTP_SERVER=h\nSMTP_PORT=587\nSMTP_USER_NAME=a\nSMTP_PASSWORD=b\n",
    ],
)
def test_names_that_several_have_tell_no_application(text: str) -> None:
    values = connection(text).values
    assert (values["software"], values["host"]) == ("environment", "h")
    assert values.get("tls") in (None, "implicit") and values.get("broken") is None


def test_a_password_in_an_address_is_a_secret() -> None:
    text = "MAILER_DSN='smtp://a:s7-Xq.long@h.example.org:587'\n"
    found = read_group(environment, {".env": text}, [".env"])
    secret = the(found, "secret")
    assert blamed(text, secret, "storage") == "s7-Xq.long"
    assert "Xq" not in repr([fact.values for fact in found.facts])


@pytest.mark.parametrize(
    ("requires", "tls"), [('"^8.75"', "required"), ('"^10.10"', "opportunistic"), ('"~5.8.0"', "required")]
)
def test_composer_tells_the_version_of_laravel(requires: str, tls: str) -> None:
    files = {
        "app/.env": f"{LARAVEL}MAIL_ENCRYPTION=tls\n",
        "app/composer.json": f'{{"require": {{"laravel/framework": {requires}}}}}',
    }
    for name in ("MAIL_MAILER", "MAIL_DRIVER"):  # which applications keep, whatever the version
        files["app/.env"] = files["app/.env"].replace("MAIL_MAILER", name)
        assert the(read_group(environment, files, ["app/.env"]), "connection").values["tls"] == tls


@pytest.mark.parametrize(("image", "tls"), [("4.3.8", "none"), ("4.4.0", "opportunistic")])
def test_mastodon_by_its_version(image: str, tls: str) -> None:
    text = f"services:\n  web:\n    image: tootsuite/mastodon:v{image}\n    env_file: .env.production\n"
    files = {"compose.yaml": text, ".env.production": f"{MASTODON}SMTP_ENABLE_STARTTLS_AUTO=false\n"}
    assert the(read_group(environment, files, ["compose.yaml"]), "connection").values["tls"] == tls


@pytest.mark.parametrize(("version", "verify"), [("4.1", "none"), ("4.2", "ca"), ("5.2", "ca")])
def test_django_checks_certificates_from_4_2_on(version: str, verify: str) -> None:
    from mailpolicy.applications import django
    from mailpolicy.envfile import parse

    source = Memory({".env": f"{DJANGO}EMAIL_USE_TLS=true\n"}).source(".env")
    facts = django.facts(Settings("django", version, ".env", source.start(), parse(source).settings))
    assert facts[0].values["verify"] == verify


def test_both_kinds_of_tls_are_broken() -> None:
    assert connection(f"{NETBOX}EMAIL_USE_TLS=true\nEMAIL_USE_SSL=true\n").values["broken"]


def test_a_login_that_go_refuses_is_broken() -> None:
    assert connection(f"{MATTERMOST}MM_EMAILSETTINGS_SMTPUSERNAME=a\n").values["broken"]


@pytest.mark.parametrize("name", applications.ENVIRONMENTS)
def test_every_application_keeps_to_the_protocol(name: str) -> None:
    one = applications.load(name)
    assert one.SOFTWARE and one.NEWEST and (one.ENVIRONMENT or name == "gitlab")  # all in one variable, as Ruby
    nothing = Settings(one.SOFTWARE, "1", ".env", Span(".env", 1, 1, 2), {})
    for fact in one.facts(nothing):  # what is there by default alone
        assert fact.kind == "connection"


def test_images_name_applications_that_are_listed() -> None:
    assert set(applications.IMAGES) <= set(applications.ENVIRONMENTS)
    assert applications.of_image("ghcr.io/goauthentik/server:2025.8") == "authentik"
    assert applications.of_image("ghost:5-alpine") == "ghost"
    assert applications.of_image("postgres:16") is None


def test_the_unknown_application_is_listed_nowhere() -> None:
    assert generic.SOFTWARE not in applications.ENVIRONMENTS
