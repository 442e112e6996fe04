"""Ansible: what tasks that send mail do, which tasks these are, and where each field's text stands."""

from __future__ import annotations

import pytest

from mailpolicy.readers import ansible
from tests.readers.reading import MainFile, blamed, of_kind, the

HEAD = "- name: tell\n  community.general.mail:\n    subject: s\n"
LOGIN = "    host: smtp.example.org\n    username: u\n    password: hunter2\n"

read = MainFile(ansible, "tasks/main.yml").read


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("", {"tls": "opportunistic", "verify": "none", "port": 25, "cleartext_credentials": True}),
        ("    secure: try\n", {"tls": "opportunistic"}),
        ("    secure: starttls\n    port: 587\n", {"tls": "required", "port": 587, "cleartext_credentials": False}),
        ("    secure: always\n", {"tls": "implicit", "verify": "none", "cleartext_credentials": True}),
        ("    secure: never\n", {"tls": "none", "cleartext_credentials": True}),
        ("    port: 465\n", {"tls": "implicit", "cleartext_credentials": True}),
        ("    port: 465\n    secure: starttls\n", {"tls": "implicit", "cleartext_credentials": False}),
        ("    secure: '{{ s }}'\n", {"tls": None}),
        ("    port: '{{ p }}'\n", {"port": None, "port_stated": True, "tls": None}),
        ("    port: '{{ p }}'\n    secure: never\n", {"tls": "none"}),
    ],
)
def test_arguments_mean_what_the_module_makes_of_them(lines: str, expected: dict[str, object]) -> None:
    values = the(read(f"{HEAD}{LOGIN}{lines}"), "connection").values
    assert {name: values.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("", {"host": "localhost", "authenticates": False, "scope": "loopback", "broken": None}),
        ("    username: '{{ u }}'\n    password: '{{ p }}'\n", {"authenticates": None, "credential": None}),
        ("    username: u\n    password: '{{ p }}'\n", {"authenticates": True, "cleartext_credentials": True}),
        (
            "    username: u\n    password: !vault |\n      $ANSIBLE_VAULT;1.1\n      33\n",
            {"credential": "file"},
        ),
        ("    username: u\n", {"broken": "username and password go together: the module refuses one alone"}),
        ("    secure: tls\n", {"broken": "secure is none of always, never, starttls and try", "tls": None}),
    ],
)
def test_logins(lines: str, expected: dict[str, object]) -> None:
    values = the(read(f"{HEAD}{lines}"), "connection").values
    assert {name: values.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("- mail: {subject: s, host: a}\n", ["a"]),
        ("- mail:\n    host: a\n", []),
        ("- ansible.builtin.mail: {msg: s, host: a}\n", ["a"]),
        ("- mail: host=a subject='b c'\n", ["a"]),
        ('- local_action: mail host="a" subject=b\n', ["a"]),
        ("- action:\n    module: mail\n    host: a\n    subject: b\n", ["a"]),
        ("- action: copy src=mail subject=b\n", []),
        ("- mail: subject=b\n  args:\n    host: a\n", ["a"]),
        ("- hosts: all\n  handlers:\n    - mail: {subject: s, host: a}\n", ["a"]),
        ("- block:\n    - debug:\n  rescue:\n    - mail: {subject: s, host: a}\n", ["a"]),
        ("- module_defaults: {community.general.mail: {host: a}}\n  block:\n    - mail: {subject: s}\n", ["a"]),
        ("- vars:\n    mail: {subject: s, host: a}\n", []),
        ("mail: {subject: s, host: a}\n", []),
        ('- mail: {subject: s, host: "{{ a }}"}\n', [None]),
        ("- mail: host={{ a }} subject=b\n", [None]),
    ],
)
def test_which_tasks_send_mail(text: str, hosts: list[str | None]) -> None:
    assert [fact.values.get("host") for fact in of_kind(read(text), "connection")] == hosts


def test_a_file_without_such_a_task_is_not_ours() -> None:
    found = read("- debug:\n    mail: {subject: s}\n")
    assert found.facts == () and found.files == () and found.notes


def test_positions() -> None:
    text = f"{HEAD}{LOGIN}    port: 25\n    secure: never\n"
    fact = the(read(text), "connection")
    assert fact.values["account"] == "tell"
    assert blamed(text, fact, "tls") == "never"
    assert blamed(text, fact, "port") == "25"
    assert blamed(text, the(read(text), "secret"), "storage") == "hunter2"
    text = "- mail: host=a secure=never subject=b\n"
    assert blamed(text, the(read(text), "connection"), "tls") == "never"


def test_what_is_no_yaml() -> None:
    (unread,) = read("- mail: {subject: s\n").unread
    assert unread.fatal


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        (HEAD, True),
        ("- mail: {subject: s}\n", True),
        ("- local_action: mail subject=s\n", True),
        ("- name: x\n  mail:\n    msg: s\n", True),
        ("mail:\n  subject: s\n", False),
        ("- name: x\n  debug:\n    msg: mail\n", False),
        ("# - mail: {subject: s}\n", False),
        ("spring:\n  mail:\n    host: a\n", False),
    ],
)
def test_sniff(text: str, ours: bool) -> None:
    assert ansible.sniff(text) is ours
