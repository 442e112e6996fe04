"""Spring Boot: what spring.mail means, in properties and YAML and by profile, and where each field's text stands."""

from __future__ import annotations

import pytest

from mailpolicy.readers import spring
from tests.readers.reading import MainFile, blamed, of_kind, read_group, the

NAME = "src/main/resources/application.properties"
BASE = "spring.mail.host=smtp.example.org\nspring.mail.username=u\nspring.mail.password=hunter2\n"
JAVA = "spring.mail.properties.mail.smtp"

read = MainFile(spring, NAME).read


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("", {"tls": "none", "port": 25, "port_stated": False, "cleartext_credentials": True, "credential": "literal"}),
        (f"{JAVA}.starttls.enable=true", {"tls": "opportunistic", "verify": "ca", "cleartext_credentials": True}),
        (f"{JAVA}.starttls.enable=TRUE", {"tls": "opportunistic"}),
        (f"{JAVA}.starttls.enable=true ", {"tls": "none"}),
        (f"{JAVA}.starttls.enable=yes", {"tls": "none"}),
        (f"{JAVA}.starttls.required=true", {"tls": "required", "cleartext_credentials": False}),
        (f"{JAVA}.starttls.enable=true\n{JAVA}.starttls.required=false", {"tls": "opportunistic"}),
        (f"{JAVA}.ssl.enable=true", {"tls": "implicit", "port": 465, "port_stated": False}),
        (f"{JAVA}.ssl.enable: true\n{JAVA}.port 587", {"tls": "implicit", "port": 587}),
        ("spring.mail.ssl.enabled=true\nspring.mail.port=465", {"tls": "implicit", "port": 465}),
        ("spring.mail.protocol=smtps", {"tls": "implicit", "port": 465}),
        (f"spring.mail.protocol=smtps\n{JAVA}.ssl.trust=*", {"verify": "ca"}),
        ("spring.mail.protocol=smtps\nspring.mail.properties.mail.smtps.ssl.trust=*", {"verify": "name-only"}),
        (f"{JAVA}.ssl.enable=true\n{JAVA}.ssl.trust=smtp.example.org", {"verify": "name-only", "broken": None}),
        (f"{JAVA}.ssl.enable=true\n{JAVA}.ssl.checkserveridentity=false", {"verify": "ca-noname"}),
        (f"{JAVA}.ssl.enable=true\n{JAVA}.ssl.checkserveridentity=no", {"verify": "ca"}),
        (f"spring.mail.ssl.enabled=true\n{JAVA}.ssl.checkserveridentity=false", {"verify": "ca"}),
        (f"{JAVA}.socketFactory.class=javax.net.ssl.SSLSocketFactory\n{JAVA}.socketFactory.port=465",
         {"tls": "implicit", "port": 465, "cleartext_credentials": True}),
        (f"{JAVA}.socketFactory.class=javax.net.ssl.SSLSocketFactory\n{JAVA}.socketFactory.fallback=false",
         {"tls": "implicit"}),
        (f"{JAVA}.socketFactory.class=javax.net.ssl.SSLSocketFactory\nspring.mail.port=587",
         {"tls": "opportunistic", "port": 587, "cleartext_credentials": True}),
        (f"{JAVA}.ssl.enable=true\n{JAVA}.ssl.socketFactory.class=com.example.All", {"verify": None}),
        (f"{JAVA}.auth=false", {"authenticates": True}),
        (f"{JAVA}.auth.mechanisms=XOAUTH2", {"mechanisms": ("XOAUTH2",)}),
        (f"{JAVA}.auth.mechanisms=DIGEST-MD5", {"cleartext_credentials": False}),
        ("spring.mail.username=", {"authenticates": False, "credential": "none", "broken": None}),
        ("spring.mail.username=${U}", {"authenticates": None}),
        ("spring.mail.password=${P:hunter2}", {"credential": "environment"}),
        ("spring.mail.password=ENC(abc)", {"credential": "file"}),
        ("spring.mail.password=@p@", {"credential": None}),
        ("spring.mail.port=${P:25}", {"port": None, "port_stated": True}),
        (f"{JAVA}.starttls.enable=${{X:true}}", {"tls": None, "verify": None}),
        ("SPRING.Mail.Port = 26", {"port": 26}),
        ("spring.mail.properties[mail.smtp.starttls.required]=true", {"tls": "required"}),
        ("spring.mail.\\\n   port=26", {"port": 26}),
        ("spring.mail.host=a\\u002eb", {"host": "a.b"}),
        ("spring.mail.host=", {"host": "localhost"}),
        ("! spring.mail.port=26", {"port": 25}),
    ],
)  # fmt: skip
def test_properties_mean_what_jakarta_mail_makes_of_them(lines: str, expected: dict[str, object]) -> None:
    values = the(read(f"{BASE}{lines}\n"), "connection").values
    assert {name: values.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("version", "lines", "expected"),
    [
        ("2.7", f"{JAVA}.ssl.enable=true", {"verify": "ca-noname"}),
        ("3.0", f"{JAVA}.ssl.enable=true\n{JAVA}.ssl.trust=*", {"verify": "none"}),
        ("3.1", f"{JAVA}.ssl.enable=true", {"verify": "ca"}),
        ("3.3", "spring.mail.ssl.enabled=true", {"tls": "none"}),
        ("3.4", f"spring.mail.ssl.enabled=true\n{JAVA}.ssl.checkserveridentity=false", {"verify": "ca-noname"}),
        ("4.1", "spring.mail.ssl.enabled=true\nspring.mail.ssl.verifyHostname=false", {"verify": "ca"}),
    ],
)
def test_versions(version: str, lines: str, expected: dict[str, object]) -> None:
    values = the(read(f"{BASE}{lines}\n", version), "connection").values
    assert {name: values.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("lines", "blame"),
    [
        (f"{JAVA}.auth=true\nspring.mail.username=", "true"),
        ("spring.mail.host=smtp.example.org ", "smtp.example.org"),
        ("spring.mail.protocol=ssl", "ssl"),
        (f"{JAVA}.ssl.enable=true\n{JAVA}.ssl.trust=a.example.org", "a.example.org"),
    ],
)
def test_what_cannot_work(lines: str, blame: str) -> None:
    text = f"{BASE}{lines}\n"
    fact = the(read(text), "connection")
    assert fact.values["broken"]
    assert blamed({NAME: text}, fact, "broken") == blame


YAML = """\
spring:
  mail:
    host: smtp.example.org
    username: u
    password: hunter2
    properties:
      "[mail.smtp.auth]": true
      mail:
        smtp.starttls:
          enable: yes
---
spring:
  config.activate.on-profile: prod
  mail:
    port: 587
    properties.mail.smtp.starttls.required: true
"""


def test_yaml_and_profiles() -> None:
    text = {"application.yml": YAML}
    base, prod = of_kind(read(text), "connection")
    assert (base.values["account"], base.values["tls"], base.values["port"]) == ("spring.mail", "opportunistic", 25)
    assert (prod.values["account"], prod.values["tls"], prod.values["port"]) == ("prod", "required", 587)
    assert blamed(text, base, "tls") == "yes"
    assert blamed(text, the(read(text), "secret"), "storage") == "hunter2"


def test_files_of_profiles_and_forms() -> None:
    files = {
        "r/application-dev.yml": "spring.mail.host: localhost\nspring.mail.username: ''\n",
        "r/application.yml": f"{YAML}",
        "r/application.properties": "spring.mail.host=other.example.org\n#---\nspring.profiles=test\nx=1\n",
        "r/bootstrap.yml": "spring.mail.port: 2525\n",
    }
    (group,) = spring.groups(list(files))
    assert group[0] == "r/bootstrap.yml" and group[-1] == "r/application-dev.yml"
    found = {
        str(fact.values["account"]): fact.values for fact in of_kind(read_group(spring, files, group), "connection")
    }
    assert {name: (one["host"], one["port"]) for name, one in found.items()} == {
        "spring.mail": ("other.example.org", 2525), "prod": ("other.example.org", 587), "dev": ("localhost", 2525)
    }  # fmt: skip
    assert found["dev"]["authenticates"] is False


@pytest.mark.parametrize(
    "text", ["spring.mail.port=25\n", "spring.mail.jndi-name=java:/Mail\n", "spring.mailing.host=a\nspring.mail.x=1\n"]
)
def test_no_session(text: str) -> None:
    found = read(text)
    assert found.facts == () and found.notes


def test_what_is_no_yaml() -> None:
    (unread,) = read({"application.yml": "spring:\n  mail: [a\n"}).unread
    assert unread.fatal


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        (BASE, True),
        (YAML, True),
        ("spring.mail.host: a\n", True),
        ("#spring.mail.host=a\nserver.port=1\n", False),
        ("spring:\n  application:\n    name: mail\n", False),
        ("app:\n  mail:\n    host: a\n", False),
    ],
)
def test_sniff(text: str, ours: bool) -> None:
    assert spring.sniff(text) is ours
