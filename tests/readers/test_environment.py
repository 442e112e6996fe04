"""Environments: where variables stand, for which process, and what is no application."""

from __future__ import annotations

import base64
from collections.abc import Mapping

import pytest

from mailpolicy.readers import environment, formats_of
from mailpolicy.readers.environment.masks import branch, branches
from mailpolicy.tree import Memory
from mailpolicy.types import Fact, Inventory
from tests.readers.reading import blamed, of_kind, read_group, the

VAULT = "SMTP_HOST=smtp.example.org\nSMTP_SECURITY=starttls\n"
KUBERNETES = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: mail}
data:
  AUTHENTIK_EMAIL__HOST: smtp.example.org
  AUTHENTIK_EMAIL__PORT: "587"
---
apiVersion: v1
kind: Secret
metadata: {name: password}
data:
  AUTHENTIK_EMAIL__PASSWORD: aHVudGVyMg==
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: authentik}
spec:
  template:
    spec:
      containers:
        - name: server
          image: ghcr.io/goauthentik/server:2025.8
          envFrom:
            - configMapRef: {name: mail}
            - secretRef: {name: password}
          env:
            - {name: AUTHENTIK_EMAIL__USERNAME, value: alice}
            - name: AUTHENTIK_EMAIL__USE_TLS
              value: "true"
"""


def read(files: Mapping[str, str]) -> Inventory:
    """The first file, with the others beside it."""
    return read_group(environment, files, [next(iter(files))])


def connection(files: Mapping[str, str]) -> Fact:
    return the(read(files), "connection")


def compose(service: str) -> str:
    lines = "".join(f"    {line}\n" for line in service.splitlines())
    return f"services:\n  app:\n{lines}"


def test_lists_and_mappings_mean_the_same() -> None:
    listed = compose("environment:\n  - SMTP_HOST=smtp.example.org\n  - SMTP_SECURITY=off")
    mapped = compose("environment:\n  SMTP_HOST: smtp.example.org\n  SMTP_SECURITY: off")
    for text in (listed, mapped):
        fact = connection({"compose.yaml": text})
        assert fact.values["tls"] == "none"
        assert fact.values["instance"] == "compose.yaml#app"
        assert blamed(text, fact, "tls") == "off"
        assert blamed(text, fact, "host") == "smtp.example.org"


@pytest.mark.parametrize("value", ['"465"', "'465'", "465"])
def test_positions_lie_inside_quotes(value: str) -> None:
    text = compose(f"environment:\n  DISCOURSE_SMTP_ADDRESS: a.example.org\n  DISCOURSE_SMTP_PORT: {value}")
    fact = connection({"compose.yaml": text})
    assert fact.values["port"] == 465
    assert blamed(text, fact, "port") == "465"


def test_a_quoted_entry_of_a_list() -> None:
    text = compose('environment:\n  - "SMTP_HOST=smtp.example.org"\n  - "SMTP_SECURITY=off"')
    fact = connection({"compose.yaml": text})
    assert blamed(text, fact, "tls") == "off"


@pytest.mark.parametrize(
    ("word", "dotenv", "tls", "under"),
    [
        ("${SECURITY}", "SECURITY=off\n", "none", ("off", ".env")),
        ("$SECURITY", "SECURITY=off\n", "none", ("off", ".env")),
        ("${SECURITY:-off}", "", "none", ("off", "compose.yaml")),
        ("${SECURITY:-off}", "SECURITY=starttls\n", "required", ("starttls", ".env")),
        ("${SECURITY:-off}", "SECURITY=\n", "none", ("off", "compose.yaml")),
        ("${SECURITY-off}", "SECURITY=\n", "required", None),
        ("force_${SECURITY}", "SECURITY=tls\n", "implicit", ("force_${SECURITY}", "compose.yaml")),
        ("${SECURITY}", "", None, ("${SECURITY}", "compose.yaml")),
        ("${SECURITY:?needed}", "", None, None),
        ("${A:-${B}}", "", None, None),
        ("${SECURITY:-}", "", None, None),
    ],
)
def test_variables_of_compose(word: str, dotenv: str, tls: str | None, under: tuple[str, str] | None) -> None:
    text = compose(f"environment:\n  SMTP_HOST: smtp.example.org\n  SMTP_SECURITY: {word}")
    files = {"compose.yaml": text, ".env": dotenv}
    fact = connection(files)
    assert fact.values.get("tls") == tls
    if under:
        assert (blamed(files, fact, "tls"), fact.origins["tls"][-1].where.file) == under  # type: ignore[union-attr]


def test_an_optional_mail_server_is_none() -> None:
    """compose starts it without one, and nothing here says other."""
    text = compose(
        "image: vaultwarden/server\nenvironment:\n  SMTP_HOST: ${SMTP_HOST:-}\n  SMTP_PORT: ${SMTP_PORT:-25}"
    )
    assert not read({"compose.yaml": text}).facts


def test_files_of_variables_and_what_goes_before() -> None:
    text = compose("env_file: [a.env, b.env]\nenvironment: {SMTP_SECURITY: force_tls}")
    files = {"compose.yaml": text, "a.env": VAULT + "SMTP_PORT=1\n", "b.env": "SMTP_PORT=2\n"}
    found = read(files)
    fact = the(found, "connection")
    assert (fact.values["tls"], fact.values["port"]) == ("implicit", 2)
    assert blamed(files, fact, "port") == "2"
    assert set(found.files) == {"compose.yaml", "a.env"}


def test_a_file_of_which_only_one_variable_is_taken_is_left_to_be_read() -> None:
    files = {
        "compose.yaml": compose(
            "image: vaultwarden/server\nenvironment: {SMTP_HOST: a.example.org, SMTP_FROM: $MAIL_FROM}"
        ),
        ".env": "MAIL_MAILER=smtp\nMAIL_HOST=b.example.org\nMAIL_FROM=a@example.org\n",
    }
    assert read(files).files == ("compose.yaml",)
    used = {**files, "compose.yaml": compose("image: vaultwarden/server\nenvironment: {SMTP_HOST: $MAIL_HOST}")}
    assert read(used).files == ("compose.yaml", ".env")


def test_a_missing_file_of_variables_makes_the_rest_unknown() -> None:
    text = compose("env_file: .env.production\nenvironment: {DISCOURSE_SMTP_ADDRESS: smtp.example.org}")
    values = connection({"compose.yaml": text}).values
    assert values["host"] == "smtp.example.org"
    assert not {"tls", "port", "authenticates"} & set(values)


@pytest.mark.parametrize(
    ("password", "file", "credential"),
    [
        ("s7-Xq", "", "literal"),
        ("s7-Xq", "/run/p", "file"),
        ("", "/run/p", "file"),
        ("$X", "$Y", "environment"),
        ("", "$Y", "file"),
    ],
)
def test_where_a_password_is_kept(password: str, file: str, credential: str) -> None:
    own = f"SMTP_USERNAME: a, SMTP_PASSWORD: '{password}', SMTP_PASSWORD_FILE: '{file}'"
    text = compose(f"image: vaultwarden/server\nenvironment: {{SMTP_HOST: smtp.example.org, {own}}}")
    assert connection({"compose.yaml": text}).values.get("credential") == credential


def test_a_password_beside_files_that_are_missing() -> None:
    text = compose("env_file: gone.env\nenvironment: {SMTP_HOST: a, SMTP_SECURITY: starttls, SMTP_PASSWORD: s7-Xq}")
    assert connection({"compose.yaml": text}).values["credential"] == "literal"


def test_services_that_share_their_variables_are_one_session() -> None:
    mail = "x-mail: &mail\n  DISCOURSE_SMTP_ADDRESS: smtp.example.org\n"
    text = mail + "services:\n  a:\n    environment: *mail\n  b:\n    environment: {<<: *mail, OTHER: 1}\n"
    assert connection({"compose.yaml": text}).values["host"] == "smtp.example.org"


def test_an_override_file_adds_to_its_compose_file() -> None:
    files = {
        "compose.yaml": compose("environment: {SMTP_HOST: smtp.example.org, SMTP_SECURITY: starttls}"),
        "compose.override.yaml": compose("environment: {SMTP_SECURITY: off}"),
    }
    found = read(files)
    assert the(found, "connection").values["tls"] == "none"
    assert "compose.override.yaml" in found.files


def test_the_image_tells_the_application_and_its_version() -> None:
    text = compose("image: docker.io/vaultwarden/server:1.30.1-alpine\nenvironment: {SMTP_HOST: smtp.example.org}")
    values = connection({"compose.yaml": text}).values
    assert (values["software"], values["version"], values["tls"]) == ("vaultwarden", "1.30.1", "required")


@pytest.mark.parametrize(
    "image",
    ["boky/postfix", "axllent/mailpit:latest", "namshi/smtp", "mailhog/mailhog", "registry.example/egos-tech/smtp"],
)
def test_images_of_mail_servers_are_no_applications(image: str) -> None:
    environment_ = "environment: {SMTP_HOST: smtp.example.org, SMTP_PORT: 25, SMTP_USER: a, SMTP_PASSWORD: b}"
    assert not read({"compose.yaml": compose(f"image: {image}\n{environment_}")}).facts


@pytest.mark.parametrize(
    "text",
    [
        "MAILDEV_HTTP_PORT=1080\nMAILDEV_SMTP_PORT=25\n",
        "MAILPIT_SMTP_PORT=1125\n",
        "RELAYHOST=\nSMTP_HOST=smtp.example.org\nSMTP_PORT=25\n",
        "MAIL_HOST=mail.example.org\nMAIL_PORT=25\n",
        "MAIL_HOSTNAME=mail.example.org\nMAIL_DOMAIN=example.org\n",
        "SMTP_HOST=smtp.example.org\nSMTP_PORT=587\nSMTP_SOCKET=STARTTLS\n",
        "SMTP_HOST=smtp.example.org\nSMTP_PORT=587\nSMTP_SOCKET_TYPE=STARTTLS\n",
        "SMTP_HOST=smtp.example.org\n",
        "SMTP_PORT=25\nSMTPS_PORT=465\n",
        "SMTP_ADDRESS=me@example.org\nSMTP_PORT=587\n",
        "MAIL_ADDRESS=me\nMAIL_PORT=587\nMAIL_USER=me\n",
        "# SMTP_HOST=smtp.example.org\n# SMTP_PORT=587\n",
        "MAIL_FROM=a@example.org\nADMIN_EMAIL=a@example.org\n",
        "EMAIL_DOMAIN_BLACKLIST=example.org\n",
        "PORT=25\nHOST=smtp.example.org\n",
    ],
)
def test_what_is_no_application(text: str) -> None:
    found = environment.read(Memory({".env": text}), (".env",), None)
    assert not found.facts
    assert not environment.sniff(text) or "no session" in found.notes[0]


def test_what_has_no_variable_of_mail_is_left_alone() -> None:
    assert not environment.sniff("PORT=25\nHOST=smtp.example.org\n")
    assert not environment.sniff("# SMTP_HOST=smtp.example.org\n")
    assert not environment.sniff("# not for mail\nFRONTEND_URL=a\nROOT_URL=b\nSKIP_SUPERUSER=true\n")


def test_a_template_that_only_mentions_mail_is_no_error() -> None:
    text = "a: {{ if }\nMAIL_FROM: b: c\n"
    found = environment.read(Memory({"compose.yaml": text}), ("compose.yaml",), None)
    assert not found.unread
    assert "no session" in found.notes[0]


@pytest.mark.parametrize("host", ["mailpit", "mailhog", "app-maildev-1", "mailpit.dev.svc", "greenmail"])
def test_what_catches_mail_in_development_is_not_judged(host: str) -> None:
    found = read({".env": f"MAIL_MAILER=smtp\nMAIL_HOST={host}\nMAIL_PORT=1025\n"})
    assert not found.facts
    assert "for developers" in found.notes[0]


@pytest.mark.parametrize("host", ["mail", "mailer", "maildevelopment.example.org", "mailpit.example.org", "mailserver"])
def test_other_hosts_are(host: str) -> None:
    assert connection({".env": f"MAIL_MAILER=smtp\nMAIL_HOST={host}\nMAIL_PORT=1025\n"})


def test_a_listening_address_is_no_mail_server() -> None:
    assert not read({".env": "SMTP_HOST=0.0.0.0\nSMTP_PORT=2525\n"}).facts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SMTP_HOST=h.example.org\nSMTP_PORT=587\nSMTP_USER=a\nSMTP_PASSWORD=b\n",
         {"host": "h.example.org", "port": 587, "authenticates": True, "credential": "literal", "tls": None}),
        ("SMTP_ADDRESS=h\nSMTP_PORT=587\n", {"host": "h", "port": 587}),
        ("SMTP_HOST=h\nSMTP_PORT=587\n", {"authenticates": None, "cleartext_credentials": None}),
        ("SMTP_HOST=h\nSMTP_PORT=465\nSMTP_SECURE=true\n", {"tls": "implicit"}),
        ("SMTP_HOST=h\nSMTP_PORT=465\nSMTP_ENCRYPTION=ssl\n", {"tls": "implicit"}),
        ("SMTP_HOST=h\nSMTP_PORT=587\nSMTP_SECURE=true\n", {"tls": None}),
        ("SMTP_HOST=h\nSMTP_PORT=587\nSMTP_SECURE=false\n", {"tls": None}),
        ("SMTP_HOST=h\nSMTP_PORT=465\n", {"tls": None}),
        ("SMTP_HOST=h\nSMTP_PORT=${PORT}\n", {"port": None}),
        ("NOTICER_EMAIL_SMTP_HOST=h\nNOTICER_EMAIL_SMTP_PORT=25\n", {"account": "noticer_email_smtp", "port": 25}),
        ("EMAIL_HOST=h\nEMAIL_PORT=25\nEMAIL_PASS=p1\n", {"port": 25, "credential": "literal"}),
        ("EMAIL_HOST=h\nEMAIL_PORT=25\nEMAIL_PASS=xxx\n", {"port": 25, "credential": None}),
        ("EMAIL_HOST=h\nEMAIL_PORT=25\nEMAIL_PASS=${P}\n", {"port": 25, "credential": "environment"}),
        ("SMTP_HOST=h\nSMTP_PORT=25\nSMTP_USER=a\nSMTP_PASSWORD_FILE=/run/secrets/x\n", {"credential": "file"}),
    ],
)  # fmt: skip
def test_an_application_that_is_not_known(text: str, expected: dict[str, object]) -> None:
    assert environment.sniff(text)
    values = connection({".env": text}).values
    assert {name: values.get(name) for name in expected} == expected
    assert values["software"] == "environment"


def test_a_password_is_a_secret_at_its_place() -> None:
    text = VAULT + "SMTP_USERNAME=a\nSMTP_PASSWORD='s7-Xq.rather-long' # mine\n"
    found = read({".env": text})
    fact = the(found, "secret")
    assert (fact.values["setting"], fact.values["software"]) == ("SMTP_PASSWORD", "vaultwarden")
    assert blamed(text, fact, "storage") == "s7-Xq.rather-long"
    assert "rather-long" not in repr([f.values for f in found.facts]) + repr(found.notes)


def test_kubernetes_puts_a_container_together() -> None:
    found = read({"authentik.yaml": KUBERNETES})
    fact = the(found, "connection")
    values = fact.values
    assert (values["host"], values["port"], values["tls"]) == ("smtp.example.org", 587, "required")
    assert (values["authenticates"], values["credential"]) == (True, "literal")
    assert values["instance"] == "authentik.yaml#Deployment/authentik/server"
    assert blamed(KUBERNETES, fact, "tls") == "true"
    assert blamed(KUBERNETES, fact, "port") == "587"
    secret = the(found, "secret")
    assert blamed(KUBERNETES, secret, "storage") == "aHVudGVyMg=="
    assert secret.values["default"] is False


def test_a_config_map_alone_may_not_be_all() -> None:
    text = KUBERNETES.split("---")[0]
    values = connection({"configmap.yaml": text}).values
    assert values["host"] == "smtp.example.org"
    assert "tls" not in values and "authenticates" not in values


def test_what_kubernetes_takes_from_elsewhere_is_unknown() -> None:
    own = "  - {name: SMTP_HOST, value: smtp.example.org}\n  - {name: SMTP_USERNAME, value: a}\n"
    secret = "  - name: SMTP_PASSWORD\n    valueFrom: {secretKeyRef: {name: mail, key: password}}\n"
    text = "kind: Pod\nspec:\n  containers:\n  - name: v\n    image: vaultwarden/server\n    env:\n" + indent(
        own + secret
    )
    values = connection({"pod.yaml": text}).values
    assert (values["authenticates"], values["credential"], values["tls"]) == (True, "environment", "required")


def indent(text: str) -> str:
    return "".join(f"  {line}\n" for line in text.splitlines())


def test_base64_that_is_none_is_unknown() -> None:
    broken = KUBERNETES.replace("aHVudGVyMg==", "REDACTED!")
    assert the(read({"a.yaml": broken}), "connection").values["credential"] == "environment"
    binary = KUBERNETES.replace("aHVudGVyMg==", base64.b64encode(b"\xff\xfe").decode())
    assert not of_kind(read({"a.yaml": binary}), "secret")


def test_helm_values_have_an_env() -> None:
    text = (
        "app:\n  image: {repository: vaultwarden/server, tag: 1.35.0}\n"
        "  env:\n    SMTP_HOST: smtp.example.org\n    SMTP_SECURITY: off\n"
    )
    fact = connection({"values.yaml": text})
    assert (fact.values["tls"], fact.values["version"]) == ("none", "1.35.0")
    assert "authenticates" not in fact.values


@pytest.mark.parametrize(
    "text",
    [
        "env: {SMTP_HOST: a, SMTP_PORT: 25}\n",
        'env: [{name: SMTP_HOST, value: a}, {name: "SMTP_PORT", value: "25"}]\n',
        "- name: SMTP_HOST\n  value: a\n- name: SMTP_PORT\n",
        "export SMTP_HOST=a\nexport SMTP_PORT=25\n",
        '{"SMTP_HOST": "a", "SMTP_PORT": 25}\n',
        "SMTP_HOST=a\r\nSMTP_PORT=25\r\n",
    ],
)
def test_ways_to_write_variables(text: str) -> None:
    assert environment.sniff(text)


def test_templates_are_unknown_and_columns_stay() -> None:
    text = (
        "kind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\ndata:\n"
        "  DISCOURSE_SMTP_ADDRESS: {{ .Values.host | quote }}\n"
        "  DISCOURSE_SMTP_FORCE_TLS: \"{{ .Values.a }}\"\n  DISCOURSE_SMTP_PORT: '25'\n"
    )
    fact = connection({"templates/configmap.yaml": text})
    assert "host" not in fact.values and "tls" not in fact.values
    assert blamed(text, fact, "port") == "25"


def test_branches_of_a_template_may_say_a_thing_twice() -> None:
    text = (
        "env:\n  DISCOURSE_SMTP_ADDRESS: a.example.org\n{{ if .a }}\n  DISCOURSE_SMTP_PORT: 1\n{{ else }}\n"
        "  DISCOURSE_SMTP_PORT: 2\n{{ end }}\ntemplates: []\n"
    )
    values = connection({"containers/app.yml": text}).values
    assert values["host"] == "a.example.org" and "port" not in values


JINJA = """services:
  web:
    image: goauthentik/server:2025.8
    environment:
      {% if mail %}
      - AUTHENTIK_EMAIL__HOST=smtp.example.org
      - AUTHENTIK_EMAIL__PORT=465
      {% if ssl %}
      - AUTHENTIK_EMAIL__USE_SSL=true
      {% elif starttls %}
      - AUTHENTIK_EMAIL__USE_TLS=true
      {% endif %}
      {% endif %}
"""


def test_what_stands_in_another_branch_than_the_server_is_unknown() -> None:
    values = connection({"compose.yaml.j2": JINJA}).values
    assert (values["host"], values["port"]) == ("smtp.example.org", 465)
    assert not {"tls", "broken"} & set(values)


def test_branches_however_deep() -> None:
    deep = "{{ if a }}\n" * 100 + "x\n" + "{{ end }}\n" * 100 + "y\n"
    found = branches(deep)
    assert [len(branch(found, line)) for line in (2, 101, 201, 202)] == [1, 40, 1, 0]
    halves = branches("{{ if a }}\nx\n{{ else }}\ny\n{{ end }}\n")
    assert branch(halves, 2) != branch(halves, 4)


def test_a_loop_of_a_template_may_add_what_is_missing() -> None:
    plain = JINJA.replace("USE_SSL=true", "FROM=a").replace("USE_TLS=true", "FROM=b")
    assert connection({"compose.yaml.j2": plain}).values["tls"] == "none"
    added = plain.replace("{% if ssl %}", "{% for one in more %}").replace("{% elif starttls %}\n", "")
    assert "tls" not in connection({"compose.yaml.j2": added.replace("{% endif %}", "{% endfor %}", 1)}).values


def test_what_a_template_writes_beside_what_stands_below() -> None:
    text = (
        'kind: Pod\nmetadata:\n  labels: {{- include "a" . | nindent 4 }}\n    b: c\nspec:\n  containers:\n'
        "  - name: {{ .Chart.Name }}\n    command: {{- toYaml .c | nindent 4 }}\n    - sh\n    env:\n"
        "    - name: SMTP_HOST\n      value: a\n    - {name: SMTP_PORT, value: '25'}\n"
    )
    fact = connection({"templates/pod.yaml": text})
    assert (fact.values["host"], fact.values["instance"]) == ("a", "templates/pod.yaml#Pod//…")


def test_a_text_on_the_line_below_is_blamed() -> None:
    text = "env:\n  SMTP_HOST: >-\n    smtp.example.org\n  SMTP_PORT: |-\n\n    25\n"
    fact = connection({"values.yaml": text})
    assert (blamed(text, fact, "host"), blamed(text, fact, "port")) == ("smtp.example.org", "25")


def test_a_file_of_several_services_holds_each_password_once() -> None:
    text = "services:\n  a: {env_file: mail.env}\n  b: {env_file: mail.env, environment: {SMTP_PORT: 25}}\n"
    the(read({"compose.yaml": text, "mail.env": "SMTP_HOST=h\nSMTP_PORT=587\nSMTP_PASS=s7-Xq\n"}), "secret")


@pytest.mark.parametrize("text", ["a: b: c\nMAIL_FROM: a\n", "a: {{ b }\nMAIL_FROM: a: b\n"])
def test_yaml_that_is_none_is_no_error_without_a_mail_server(text: str) -> None:
    found = read({"compose.yaml": text})
    assert not found.unread and "no session" in found.notes[0]


def test_the_launcher_of_discourse_hands_on_all_there_is() -> None:
    text = "templates:\n  - templates/web.template.yml\nenv:\n  DISCOURSE_SMTP_ADDRESS: a.example.org\n"
    values = connection({"containers/app.yml": text}).values
    assert (values["tls"], values["port"], values["port_stated"]) == ("opportunistic", 25, False)


def test_a_blueprint_of_dokploy() -> None:
    text = (
        '[variables]\nhost = "smtp.example.org"\npassword = "${password:32}"\n[config]\n'
        'env = [\n  "SMTP_HOST=${host}",\n  "SMTP_PORT=\'587\'",\n  "SMTP_USER=a",\n  "SMTP_PASSWORD=${password}",\n]\n'
    )
    fact = connection({"blueprints/a/template.toml": text})
    assert (fact.values["host"], fact.values["port"]) == ("smtp.example.org", 587)
    assert fact.values["credential"] == "environment"
    assert blamed(text, fact, "host") == "smtp.example.org"
    assert blamed(text, fact, "port") == "587"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("services:\n  a: {environment: {SMTP_HOST: a, SMTP_HOST: b}}\n", "twice"),
        ("services: [\n  SMTP_HOST: a\n", "is not YAML"),
        ("SMTP_HOST\n", "holds no mapping"),
    ],
)
def test_yaml_that_is_none_cannot_be_read(text: str, why: str) -> None:
    (unread,) = read({"compose.yaml": text}).unread
    assert unread.fatal and why in unread.why


def test_lines_that_are_no_assignments_are_told_where_they_are_about_mail() -> None:
    found = read({".env": VAULT + "SMTP PORT 25\nand a poem\n"})
    assert [unread.where.line for unread in found.unread] == [3]


@pytest.mark.parametrize(
    ("path", "ours"),
    [
        (".env", True),
        (".env.production.sample", True),
        ("env/netbox.env", True),
        ("env.production.sample", True),
        ("docker-compose.prod.yml", True),
        ("compose.yaml", True),
        ("k8s/app.yaml", True),
        ("containers/app.yml", True),
        ("src/env.py", False),
        ("src/env.d.ts", False),
        ("environment.rb", False),
        ("openapi.yaml", False),
        ("README.md", False),
        (".github/workflows/compose.yml", False),
    ],
)
def test_names_of_files(path: str, ours: bool) -> None:
    text = "SMTP_HOST: a\nSMTP_PORT: 25\n" if "yml" in path or "yaml" in path else VAULT
    assert (formats_of(path, lambda: text) == ["environment"]) is ours


def test_other_formats_keep_their_files() -> None:
    assert formats_of("mailu.env", lambda: VAULT) == ["mailu"]
    assert formats_of("mailserver.env", lambda: VAULT) == ["docker_mailserver"]


@pytest.mark.parametrize("name", ["GF_SMTP_{}", "GITEA__mailer__{}", "DISCOURSE_SMTP_{}"])
@pytest.mark.parametrize(("text", "expected"), [("p1", "literal"), ("<password>", None), ("${P}", "environment")])
def test_every_application_tells_a_password_from_a_placeholder(name: str, text: str, expected: str | None) -> None:
    user, host, password = {
        "GF": ("USER", "HOST", "PASSWORD"),
        "GI": ("USER", "SMTP_ADDR", "PASSWD"),
        "DI": ("USER_NAME", "ADDRESS", "PASSWORD"),
    }[name[:2]]
    lines = {host: "mail.example.org:587" if name[:2] == "GF" else "mail.example.org", user: "a", password: text}
    more = "" if name[:2] == "DI" else name.format("ENABLED") + "=true\n"
    written = more + "".join(f"{name.format(key)}={value}\n" for key, value in lines.items())
    assert connection({".env": written}).values.get("credential") == expected
