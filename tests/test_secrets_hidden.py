"""No password of a configuration in anything that is shown of it: whatever the format, wherever it may stand."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest

from mailpolicy.cli import main
from mailpolicy.gather import gather
from mailpolicy.present import lines
from mailpolicy.readers import PATTERNS
from mailpolicy.run import Options, derive, find_policy
from mailpolicy.tree import Disk
from mailpolicy.types import Span
from tests.test_hostile import SAMPLES

NEEDLE = "pl4nted"
"""Is in every planted password."""
PASSWORDS = (f"{NEEDLE}-Xq", f"%{NEEDLE}-Xq", f"/{NEEDLE}", f"no {NEEDLE} xq", f"Xq@{NEEDLE}.example")
"""Some begin like files, placeholders and words that are no secrets; the blank is left out where it parts words."""
PLACES: dict[str, tuple[tuple[str, str, str], ...]] = {
    "aerc": (
        ("aerc-accounts.conf", "alice%40example.org@imap", "alice:§@imap"),
        ("aerc-accounts.conf", "alice%40example.org@smtp", "alice:§@smtp"),
        ("aerc-accounts.conf", "pass show mail/work\nfrom", "echo '§'\nfrom"),
    ),
    "alertmanager": (
        ("alertmanager.yml", "password_file: /etc/alertmanager/password", "password: '§'"),
        ("alertmanager.yml", "- to: admin@example.org", "- {to: a@example.org, auth_username: a, auth_password: '§'}"),
        ("alertmanager.yml", "- to: admin@example.org", "- to: admin@example.org\n        auth_secret: '§'"),
        ("alertmanager.yml", "http://127", "http://a:§@127"),
    ),
    "ansible": (("roles/notify/tasks/main.yml", "{{ smtp_password }}", "§"),),
    "django": (
        ("mysite/settings.py", 'os.environ.get("EMAIL_HOST_PASSWORD", "")', "'§'"),
        ("mysite/settings.py", '"EMAIL_HOST_PASSWORD", ""', '"EMAIL_HOST_PASSWORD", "§"'),
    ),
    "rails": (("config/environments/production.rb", 'ENV["SMTP_PASSWORD"]', '"§"'),),
    "spring": (
        ("src/main/resources/application.yml", "${SMTP_PASSWORD}", "'§'"),
        ("src/main/resources/application.yml", "${SMTP_PASSWORD}", "${SMTP_PASSWORD:§}"),
        ("src/main/resources/application-dev.properties", "spring.mail.username=", "spring.mail.password=§"),
    ),
    "autoconfig": (("config-v1.1.xml", "<authentication>", "<password>§</password><authentication>"),),
    "curl": (
        (".curlrc", 'user = "alice"\nnetrc', 'user = "alice:§"'),
        (".curlrc", 'user = "alice"\ntls', '-u "alice:§"\ntls'),
        (".curlrc", "smtps://smtp", "smtps://alice:§@smtp"),
        (".curlrc", "netrc", 'oauth2-bearer = "§"'),
        (".curlrc", "netrc", 'proxy-user = "alice:§"'),
    ),
    "davmail": (("davmail.properties", "hunter2-secret", "§"),),
    "dma": (("etc/dma/auth.conf", "hunter2-secret", "§"),),
    "docker_mailserver": (
        ("mailserver.env", "RELAY_USER=me", "RELAY_USER=me\nRELAY_PASSWORD='§'"),
        ("mailserver.env", "RELAY_USER=me", "RELAY_USER=me\nLDAP_BIND_PW='§'"),
        ("mailserver.env", "RELAY_USER=me", "SASLAUTHD_LDAP_PASSWORD='§'"),
    ),
    "dovecot": (
        ("dovecot.conf", "protocols", "ssl_key_password = '§'\nprotocols"),
        ("dovecot.conf", "protocols", "passdb {\n  driver = static\n  args = password='§'\n}\nprotocols"),
        ("dovecot.conf", "protocols", "doveadm_password = '§'\nprotocols"),
    ),
    "environment": (
        ("compose.yaml", "${FORUM_PASSWORD}", "'§'"),
        ("compose.yaml", "- SMTP_PASSWORD=${VAULT_PASSWORD}", "- 'SMTP_PASSWORD=§'"),
        ("compose.yaml", "${VAULT_PASSWORD}", "${VAULT_PASSWORD:-§}"),
        (
            "compose.yaml",
            "relay:\n",
            "lab:\n    image: gitlab/gitlab-ce\n    environment:\n      GITLAB_OMNIBUS_CONFIG: |\n"
            "        gitlab_rails['smtp_enable'] = true\n        gitlab_rails['smtp_password'] = '§'\n"
            "        gitlab_rails['incoming_email_password'] = \"§\"\n  relay:\n",
        ),
        (
            "compose.yaml",
            "relay:\n",
            "lab:\n    image: gitlab/gitlab-ce\n    environment:\n"
            "      - GITLAB_OMNIBUS_CONFIG=gitlab_rails['smtp_address'] = 'a'; gitlab_rails['smtp_password'] = '§';\n"
            "  relay:\n",
        ),
        (
            "compose.yaml",
            "relay:\n",
            'lab:\n    image: gitlab/gitlab-ce\n    environment:\n      GITLAB_OMNIBUS_CONFIG: "'
            "gitlab_rails['smtp_password'] = '§'\"\n  relay:\n",
        ),
        (".env", "", "MAILER_DSN=smtp://a:§@smtp.example.org:25\n"),
        (".env", "", "MAILER_URL='smtp://smtp.example.org:25?username=a&password=§'\n"),
        (".env", "", "MAIL_URL=smtp://a:§@smtp.example.org\nROOT_URL=x\n"),
        (".env", "", "EMAIL_SERVER=smtp://a:§@smtp.example.org:587\nNEXTAUTH_SECRET=x\n"),
        (".env", "", "EMAIL_URL=smtp://a:§@smtp.example.org:587\nDEFAULT_FROM_EMAIL=x\n"),
        (".env", "", "MAIL_MAILER=smtp\nMAIL_URL=smtp://a:§@smtp.example.org\n"),
        (".env", "", "MAIL_MAILER=smtp\nMAIL_HOST=smtp://a:§@smtp.example.org\nMAIL_PORT=587\n"),
        (".env", "", "MAIL_MAILER=smtp\nMAIL_HOST=a:§@smtp.example.org\nMAIL_PORT=587\n"),
        (".env", "", "MAIL_MAILER=smtp\nMAIL_HOST=h\nMAIL_USERNAME=a\nMAIL_PASSWORD='§'\nMAIL_PASSWORD 'x§'\n"),
        (".env", "", "GF_SMTP_ENABLED=true\nGF_SMTP_HOST=smtp://a:§@h.example.org:25\n"),
        (".env", "", "SENTRY_EMAIL_HOST=smtp://a:§@h.example.org\nSENTRY_EMAIL_PORT=25\n"),
        (".env", "", "SMTP_HOST=a:§@h\nSMTP_PORT=25\n"),
        (".env", "", "SMTP_HOST=h\nSMTP_PORT=smtp://a:§@h\n"),
        (".env", "", 'SMTP_HOST=h\nSMTP_PORT=25\nSMTP_USER=a\nSMTP_PASS="§\n'),
        (
            "k8s/a.yaml",
            "",
            "kind: Secret\nmetadata: {name: a}\ndata:\n  SMTP_HOST: aA==\n  SMTP_PORT: MjU=\n  SMTP_PASS: ¤\n",
        ),
        ("k8s/a.yaml", "", "kind: Secret\nstringData:\n  SMTP_HOST: h\n  SMTP_PORT: '25'\n  SMTP_PASS: '§'\n"),
        (
            "k8s/a.yaml",
            "",
            "kind: Pod\nspec:\n  containers:\n  - env:\n    - {name: SMTP_HOST, value: h}\n"
            "    - {name: SMTP_PORT, value: '25'}\n    - name: SMTP_PASS\n      value: '§'\n",
        ),
        ("values.yaml", "", "env:\n  SMTP_HOST: h\n  SMTP_PORT: 25\n  SMTP_PASS: '§'\n  SMTP_PASS: '§'\n"),
        ("values.yaml", "", "env:\n  SMTP_HOST: h\n  SMTP_PORT: 25\n  SMTP_PASS: >-\n    §\n"),
        ("values.yaml", "", "env:\n  SMTP_HOST: h\n  SMTP_PORT: 25\n  SMTP_PASS:\n    '§'\n"),
        ("blueprints/a/template.toml", "", '[config]\nenv = ["SMTP_HOST=h", "SMTP_PORT=25", "SMTP_PASS=§"]\n'),
    ),
    "exim": (
        ("exim4.conf", "begin acl", "hide mysql_servers = localhost/db/user/§\nbegin acl"),
        ("exim4.conf", "  driver = plaintext", "  driver = plaintext\n  client_send = : alice : §"),
    ),
    "fetchmail": (
        (".fetchmailrc", "'__PASSWORD__'", "'§'"),
        (".fetchmailrc", "is bob here", "pass '§'"),
    ),
    "getmail": (
        (".getmail/getmailrc", 'password_command = ("/usr/bin/pass", "show", "mail/pop")', "password = §"),
        (".getmail/getmailrc", '"/usr/bin/pass", "show", "mail/pop"', '"/bin/echo", "§"'),
    ),
    "git": (
        (".gitconfig", "hunter2-secret", '"§"'),
        (".gitconfig", "imap://imap", "imap://alice:§@imap"),
        (".gitconfig", "folder = Drafts", "folder = Drafts\n\tpass = '§'"),
    ),
    "gitea": (
        ("app.ini", "PASSWD = `__PASSWORD__`", "PASSWD = `§`"),
        ("app.ini", "PASSWORD = `__PASSWORD__`", 'PASSWORD = "§"'),
        ("app.ini", "APP_NAME = Gitea", "[database]\nPASSWD = §"),
    ),
    "gitlab": (
        ("gitlab.rb", "ENV['SMTP_PASSWORD']", "'§'"),
        ("gitlab.rb", "ENV['SMTP_PASSWORD']", '"§"'),
        ("gitlab.rb", "= true\nend", "= true\nend\ngitlab_rails['incoming_email_password'] = '§'"),
        ("gitlab.rb", "    host: 'ldap", "    password: '§'\n    host: 'ldap"),
    ),
    "goimapnotify": (
        ("goimapnotify.yaml", "passwordCMD: pass show mail/work", 'password: "§"'),
        ("goimapnotify.yaml", "passwordCMD: pass show mail/work", "passwordCMD: echo '§'"),
    ),
    "grafana": (
        ("grafana.ini", '"""$__file{/run/secrets/smtp}"""', '"""§"""'),
        ("grafana.ini", '"""$__file{/run/secrets/smtp}"""', "§"),
    ),
    "courier": (("authmysqlrc", "", "MYSQL_PASSWORD §\n"),),
    "haproxy": (("haproxy.cfg", "defaults", "userlist u\n  user alice insecure-password §\ndefaults"),),
    "haraka": (("config/auth_flat_file.ini", "methods=CRAM-MD5", "methods=PLAIN\n[users]\nalice=§"),),
    "himalaya": (
        ("himalaya.toml", 'backend.auth.cmd = "pass show mail/work"\n\n', 'backend.auth.raw = "§"\n'),
        ("himalaya.toml", 'backend.auth.cmd = "pass show mail/work"\n\n', 'backend.auth.cmd = "echo §"\n'),
        ("himalaya.toml", 'backend.auth.cmd = "pass show mail/work"\n\n', 'backend.passwd.raw = "§"\n'),
    ),
    "james": (("imapserver.xml", "</keystore>", "</keystore>\n   <secret>§</secret>"),),
    "keycloak": (("realm-export.json", "**********", "§"),),
    "maddy": (("maddy.conf", "target.remote out {", 'target.smtp out {\n  auth plain alice "§"'),),
    "mailcow": (("mailcow.conf", "c0w Xq", "§"), ("mailcow.conf", "SMTP_PORT", "REDISPASS='§'\nSMTP_PORT")),
    "mailrc": (
        (".mailrc", "hunter2-secret", "§"),
        (".mailrc", "hunter3 secret", "§"),
        (".mailrc", "set inbox", "set password-alice@imap.example.test='§'\n\tset inbox"),
    ),
    "mailu": (("mailu.env", "k3y-Xq", "§"), ("mailu.env", "RELAYUSER=me", "RELAYPASSWORD='§'")),
    "mbsync": (
        (".mbsyncrc", 'PassCmd "pass show mail/work"', 'Pass "§"'),
        (".mbsyncrc", 'PassCmd "pass show mail/work"', 'PassCmd "echo §"'),
    ),
    "mobileconfig": (
        (
            "example.mobileconfig",
            "<key>OutgoingMailServerUseSSL",
            "<key>OutgoingPassword</key>\n<string>§</string>\n<key>OutgoingMailServerUseSSL",
        ),
        (
            "example.mobileconfig",
            "<key>OutgoingMailServerUseSSL",
            "<key>IncomingPassword</key><string>§</string>\n<key>OutgoingMailServerUseSSL",
        ),
    ),
    "mpop": (
        (".mpoprc", 'passwordeval "pass show mail/work"', 'password "§"'),
        (".mpoprc", '"pass show mail/work"', '"echo §"'),
    ),
    "msmtp": (
        (".msmtprc", "passwordeval pass c", "password §"),
        (".msmtprc", "passwordeval pass c", "passwordeval echo §"),
    ),
    "mutt": (
        (".muttrc", '"`pass show mail`"', "'§'"),
        (".muttrc", "imaps://imap.$my_host", "imaps://alice:§@imap.$my_host"),
        (".mutt/accounts/work", "$imap_pass", "§"),
        (".mutt/accounts/work", "pops://alice@", "pops://alice:§@"),
        (".muttrc", "set imap_authenticators='plain:login'", "set imap_pass='§'"),
        (".muttrc", "set folder=imaps://imap.example.net", "set smtp_pass=§"),
    ),
    "nextcloud": (
        ("config.php", "getenv('SMTP_PASSWORD')", "'§'"),
        ("config.php", "'mail_domain'", "'dbpassword' => '§',\n 'mail_domain'"),
    ),
    "nullmailer": (("nullmailer-remotes", "hunter2 secret", "§"),),
    "offlineimap": (
        (".offlineimaprc", 'remotepasseval = get_pass("work")', "remotepass = §"),
        (".offlineimaprc", 'get_pass("work")', '"§"'),
    ),
    "opensmtpd": (("smtpd.conf", "relay\n", 'relay host "smtp+tls://alice:§@smtp.example.org"\n'),),
    "postfix": (
        (
            "main.cf",
            "mydestination =",
            "smtp_sasl_password_maps = inline:{ { [smtp.example.org] = alice:§ } }\nmydestination =",
        ),
        ("main.cf", "mydestination =", "smtp_sasl_password_maps = static:alice:§\nmydestination ="),
        ("main.cf", "mydestination =", "virtual_mailbox_maps = pgsql:{ {password = §} }\nmydestination ="),
    ),
    "roundcube": (
        ("roundcube/config.inc.php", "'%p'", "'§'"),
        ("roundcube/config.inc.php", "'__DES_KEY__'", "'§'"),
        ("roundcube/config.inc.php", "$config = [];", "$config['db_dsnw'] = 'mysql://roundcube:§@localhost/mail';"),
    ),
    "sendmail": (("sendmail.mc", "MAILER(", 'FEATURE(`authinfo\', `"U:alice" "P:§"\')\nMAILER('),),
    "sentry": (
        ("config.yml", "mail.use-ssl", "mail.password: '§'\nmail.use-ssl"),
        ("sentry.conf.py", 'os.environ.get("SENTRY_EMAIL_PASSWORD")', "'§'"),
        ("sentry.conf.py", 'os.environ.get("SENTRY_EMAIL_PASSWORD")', 'os.environ.get("SENTRY_EMAIL_PASSWORD", "§")'),
    ),
    "ssmtp": (
        ("etc/ssmtp/ssmtp.conf", "hunter2-secret", "§"),
        ("etc/ssmtp/ssmtp.conf", "AuthPass=hunter2-secret", "AuthPass  = §"),
    ),
    "stalwart": (
        (
            "stalwart.toml",
            "[session.connect]",
            '[remote.a]\naddress = "smtp.example.org"\nauth.secret = "§"\n[session.connect]',
        ),
        (
            "stalwart.toml",
            "[session.connect]",
            '[authentication.fallback-admin]\nuser = "admin"\nsecret = "§"\n[session.connect]',
        ),
    ),
    "stunnel": (
        ("stunnel.conf", "protocol = smtp", "protocol = smtp\nprotocolUsername = alice\nprotocolPassword = §"),
    ),
    "swaks": (
        (".swaksrc", "--auth-user alice", "--auth-user alice\n--auth-password §"),
        (".swaksrc", "--auth-user alice", "-ap §"),
        (".swaksrc", "--auth-user alice", "--auth-user alice\n--auth-password '§'"),
    ),
    "thunderbird": ((".thunderbird/abcd1234.default/prefs.js", 'server1.type", "imap"', 'server1.password", "§"'),),
    "traefik": (("traefik.yml", "tcp:", "providers: {http: {endpoint: 'http://a:§@h.example.org'}}\ntcp:"),),
}
"""Format -> file of its sample, a text in it, and what is put there; § is the password."""
FORMS = (
    ("check", "--fail-on", "never"),
    *(("check", "--fail-on", "never", "--format", form) for form in ("json", "sarif", "github")),
    ("inspect",),
    ("inspect", "--format", "json"),
)
NONE = frozenset(
    ("alpine", "autodiscover", "caddy", "cyrus", "declaration", "evolution", "k9", "mox", "nginx", "snappymail")
)
"""Formats that have no place for a password."""
CASES = [
    (reader, *place, password)
    for reader, places in PLACES.items()
    for place in places
    for password in PASSWORDS
    if " " not in password or re.search(r"[\"'`]§[\"'`]", place[2])
]


def test_every_format_has_its_places() -> None:
    assert set(PLACES) | NONE == set(PATTERNS)
    assert not set(PLACES) & NONE


def planted(folder: Path, reader: str, name: str, old: str, new: str, password: str) -> None:
    for other, text in SAMPLES[reader].items():
        (folder / other).parent.mkdir(parents=True, exist_ok=True)
        (folder / other).write_text(text)
    text = SAMPLES[reader].get(name, "")
    assert old in text
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text.replace(old, new, 1).replace("§", password).replace("¤", coded(password)))


def coded(password: str) -> str:
    return base64.b64encode(password.encode()).decode()


def hidden(password: str) -> tuple[str, ...]:
    """Pieces of a password that nothing may show: as it is, and as base64."""
    return NEEDLE, coded(password)


def every_line(folder: Path) -> str:
    """All lines as reports would show them, were there something to say of each."""
    tree = Disk()
    gathered = gather(tree, [str(folder)], find_policy(tree, [str(folder)]), Options().assume)
    inventory, _ = derive(tree, gathered.inventory, None)
    files = [path for path in folder.rglob("*") if path.is_file()]
    spans = [Span(str(path), line, 1, 2) for path in files for line in range(1, path.read_text().count("\n") + 1)]
    return "\n".join(lines(tree, spans, inventory.facts).values())


@pytest.mark.parametrize(("reader", "name", "old", "new", "password"), CASES)
def test_no_output_shows_a_password(
    reader: str, name: str, old: str, new: str, password: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    planted(tmp_path, reader, name, old, new, password)
    for form in FORMS:
        main([*form, str(tmp_path)])
        said = capsys.readouterr()
        for piece in hidden(password):
            assert piece not in said.out + said.err
    shown = every_line(tmp_path)
    assert not [piece for piece in hidden(password) if piece in shown]
