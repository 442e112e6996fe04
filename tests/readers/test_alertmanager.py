"""Alertmanager: what its configuration means for mail, and where each field's text stands."""

from __future__ import annotations

import pytest

from mailpolicy.readers import alertmanager
from mailpolicy.types import Fact
from tests.readers.reading import MainFile, blamed, of_kind, the, under

read = MainFile(alertmanager, "alertmanager.yml").read
LOGIN = (
    "smtp_smarthost: 'smtp.example.org:587'|smtp_from: a@example.org|smtp_auth_username: u|smtp_auth_password: hunter2"
)


def config(common: str = LOGIN, *entries: str) -> str:
    """Lines of ``global`` parted by bars, and entries of one receiver each."""
    lines = "\n".join(f"  {line}" for line in common.split("|"))
    receivers = "".join(
        f"- name: r{at}\n  email_configs:\n  - to: b@example.org\n" + "".join(f"    {x}\n" for x in one.split("|") if x)
        for at, one in enumerate(entries or ("",))
    )
    return f"global:\n{lines}\nroute:\n  receiver: r0\nreceivers:\n{receivers}"


def only(text: str, version: str = "") -> Fact:
    return the(read(text, version), "connection")


@pytest.mark.parametrize(
    ("common", "own", "expected"),
    [
        ("", "", {"tls": "required", "verify": "ca", "cleartext_credentials": False, "account": "r0", "port": 587}),
        ("smtp_require_tls: false", "", {"tls": "none", "verify": "none", "cleartext_credentials": True}),
        ("smtp_require_tls: no", "", {"tls": "none"}),
        ("smtp_require_tls: false", "require_tls: true", {"tls": "required"}),
        ("", "require_tls: off", {"tls": "none"}),
        ("", "smarthost: other.example.org:465", {"tls": "implicit", "host": "other.example.org", "broken": None}),
        ("smtp_force_implicit_tls: true", "", {"tls": "implicit", "port": 587}),
        ("", "smarthost: a:465|force_implicit_tls: false", {"tls": "required"}),
        ("", "tls_config:|  insecure_skip_verify: true", {"verify": "none"}),
        ("smtp_tls_config: {insecure_skip_verify: true}", "", {"verify": "none"}),
        ("smtp_tls_config: {insecure_skip_verify: true}", "tls_config: {min_version: TLS13}", {"tls_min": "TLSv1.3"}),
        ("smtp_tls_config: {insecure_skip_verify: true}", "tls_config: {server_name: a}", {"verify": "ca"}),
        ("", "auth_password_file: /run/p", {"credential": "file"}),
        ("", "auth_username: ''", {"authenticates": True}),
        ("", "smarthost: '{{ host }}:25'", {"host": None, "port": None, "tls": None}),
        ("", "smarthost: {{ host }}", {"host": None, "port": None, "tls": None}),
        ("", "require_tls: {{ x }}", {"tls": None, "verify": None}),
        ("", "smarthost: $SMTP_HOST", {"host": None, "broken": None}),
        ("", "smarthost: smtp.example.org", {"broken": "smarthost needs host:port"}),
    ],
)
def test_settings_mean_what_alertmanager_makes_of_them(common: str, own: str, expected: dict[str, object]) -> None:
    values = only(config(f"{LOGIN}|{common}", own)).values
    assert {name: values.get(name) for name in expected} == expected


def test_a_secret_alone_goes_by_challenge() -> None:
    common = (
        "smtp_smarthost: a.example:25|smtp_from: a@b|smtp_auth_username: u|smtp_auth_secret: s|smtp_require_tls: false"
    )
    fact = only(config(common))
    assert fact.values["mechanisms"] == ("CRAM-MD5",)
    assert fact.values["cleartext_credentials"] is False
    assert fact.values["credential"] == "literal"


def test_older_versions_want_starttls_within_tls() -> None:
    text = config(LOGIN.replace("587", "465") + "|smtp_require_tls: true")
    fact = only(text, "0.30")
    assert fact.values["broken"] and blamed(text, fact, "broken") == "true"
    assert only(text, "0.31").values["broken"] is None
    assert only(text.replace("tls: true", "tls: false"), "0.30").values["broken"] is None
    assert only(config(f"{LOGIN}|smtp_force_implicit_tls: true"), "0.30").values["tls"] == "required"


def test_the_same_session_is_told_once() -> None:
    found = read(config(LOGIN, "", "", "smarthost: b.example:465"))
    assert [fact.values["account"] for fact in of_kind(found, "connection")] == ["r0", "r2"]
    assert len(of_kind(found, "secret")) == 1


def test_no_receiver_of_mail_is_no_session() -> None:
    text = "global: {smtp_smarthost: 'a:25'}\nroute: {receiver: r}\nreceivers:\n- name: r\n  webhook_configs: []\n"
    assert (read(text).facts, read(text).unread) == ((), ())


@pytest.mark.parametrize(
    ("text", "blamed_text"),
    [
        (config(f"{LOGIN}|smtp_smart_host: a:25"), "smtp_smart_host"),
        (config(LOGIN, "smart_host: a:25"), "smart_host"),
        (config(LOGIN, "require_tls: 'false'"), "'false'"),
        (config("smtp_from: a@b"), "r0"),
        (config().replace("route:", "rout: {}\nroute:"), "rout"),
    ],
)
def test_what_it_refuses_is_unread(text: str, blamed_text: str) -> None:
    (unread,) = read(text).unread
    line = text.split("\n")[unread.where.line - 1]
    assert line[unread.where.column - 1 : unread.where.end_column - 1] == blamed_text
    assert "does not start" in unread.why


def test_positions() -> None:
    text = config(f"{LOGIN}|smtp_require_tls: false")
    fact = only(text)
    assert blamed(text, fact, "host") == "smtp.example.org"
    assert blamed(text, fact, "port") == "587"
    assert blamed(text, fact, "tls") == "false"
    assert blamed(text, the(read(text), "secret"), "storage") == "hunter2"


def test_branches_of_a_template() -> None:
    text = config().replace("route:", "{% if x %}\n  smtp_require_tls: false\n{% else %}\n  smtp_require_tls: true\n"
                            "{% endif %}\nroute:")  # fmt: skip
    fact = only(text)
    assert "tls" not in fact.values
    assert read(text).unread == ()


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        (config(f"{LOGIN}|smtp_auth_password_file: /run/p"), "smtp_auth_password"),
        (config().replace("to: b@example.org", "html: b"), "html: b"),
        (config(f"{LOGIN}|smtp_require_tls: 'false'"), "'false'"),
        (config(f"{LOGIN}|smtp_tls: true"), "smtp_tls"),
    ],
)
def test_what_alertmanager_refuses(text: str, refused: str) -> None:
    (unread,) = read(text).unread
    assert "does not start" in unread.why and under(text, unread.where) == refused


def test_templates_of_its_own_within_texts() -> None:
    text = config().replace(
        "global:", "x: |-\n  {{ range .Alerts }}\n    *Alert:* `{{ .Labels.a }}`\n  {{ end }}\nglobal:"
    )
    assert only(text).values["tls"] == "required"


def test_a_text_in_a_manifest() -> None:
    inner = "".join(f"    {line}\n" for line in config(f"{LOGIN}|smtp_require_tls: false").splitlines())
    text = f"kind: Secret\nstringData:\n  alertmanager.yaml: |\n{inner}type: Opaque\n---\nkind: Service\n"
    fact = only(text)
    assert blamed(text, fact, "tls") == "false"


def test_a_resource_of_the_operator_is_none() -> None:
    found = read(
        "kind: AlertmanagerConfig\nspec:\n  route: {receiver: a}\n  inhibitRules: []\n  receivers:\n  - name: a\n"
    )
    assert not found.unread and "no configuration" in found.notes[0]


def test_values_of_a_chart() -> None:
    inner = "".join(f"    {line}\n" for line in config().splitlines())
    text = f"alertmanager:\n  config:\n{inner}"
    assert alertmanager.sniff(text)
    assert blamed(text, only(text), "port") == "587"


def test_what_is_no_yaml() -> None:
    (unread,) = read("route:\nreceivers:\n- {\n").unread
    assert unread.fatal
    (unread,) = read("route:\nreceivers:\n- { a: {{ b }}\n").unread
    assert not unread.fatal


def test_sniff() -> None:
    assert alertmanager.sniff(config())
    assert not alertmanager.sniff("kind: CustomResourceDefinition\nspec:\n  route:\n  receivers:\n")
    assert not alertmanager.sniff("kind: Deployment\nspec:\n  template: {}\n")
