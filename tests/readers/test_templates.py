"""Templates of servers' files: no fault of theirs, and no claim about what they fill in."""

from __future__ import annotations

import pytest

from mailpolicy.readers import dovecot, postfix
from mailpolicy.types import Inventory, Value
from tests.readers.reading import of_kind, read_group

SMTPD = "smtp inet n - n - - smtpd\n"


def mta(main: str, master: str = SMTPD) -> Inventory:
    return read_group(postfix, {"main.cf": main, "master.cf": master}, ["main.cf", "master.cf"])


def values(inventory: Inventory, kind: str, field: str) -> list[Value]:
    return [fact.values.get(field) for fact in of_kind(inventory, kind)]


@pytest.mark.parametrize(
    "text",
    [
        "ssl_prefer_server_ciphers = {{ tls.preferred\n   | ternary('yes', 'no') }}\n",
        "{% set order = {\n  'a': '-'\n} %}\n",
        "namespace private {\n{% for box in boxes %}\n  mailbox {{ box }} {\n    auto = no\n  }\n{% endfor %}\n}\n",
    ],
)
def test_a_template_of_dovecot_is_no_fault(text: str) -> None:
    inventory = read_group(dovecot, {"dovecot.conf": "protocols = imap\n" + text}, ["dovecot.conf"])
    assert inventory.unread == ()
    assert 993 in values(inventory, "listener", "port")


@pytest.mark.parametrize(
    ("main", "master"),
    [
        ("myhostname = mx.example.test\nmessage_size_limit = %message_size_limit\n", SMTPD),
        ('myhostname = ${env["HOST"]}\nmydestination = $myhostname\n', SMTPD),
        ("myhostname = mx.example.test\n", "{% set defaults = {\n  'private': '-'\n} %}\n" + SMTPD),
    ],
)
def test_a_template_of_postfix_is_no_fault(main: str, master: str) -> None:
    inventory = mta(main, master)
    assert inventory.unread == ()
    assert values(inventory, "listener", "port") == [25]


@pytest.mark.parametrize("line", ["{{ postfix_config | encode_ini }}", "<%= settings %>", "{{ name }} = {{ value }}"])
def test_what_a_template_may_set_has_no_default(line: str) -> None:
    assert values(mta(f"{line}\nmyhostname = mx.example.test\n"), "listener", "tls") == [None]


@pytest.mark.parametrize("line", ["{{ ansible_managed | comment }}", "{% if x %}\nbiff = no\n{% endif %}"])
def test_a_remark_sets_nothing(line: str) -> None:
    assert values(mta(f"{line}\nmyhostname = mx.example.test\n"), "listener", "tls") == ["none"]


def test_a_variable_of_the_shell_is_not_an_empty_certificate() -> None:
    pair = "smtpd_tls_cert_file = $MAIL_CERT\nsmtpd_tls_key_file = $MAIL_KEY\n"
    main = "compatibility_level = 3.6\nsmtpd_tls_security_level = may\n" + pair
    assert values(mta(main), "listener", "broken") == [None]


def test_a_switch_in_front_of_a_setting_makes_it_unknown() -> None:
    assert values(mta("%{with_dovecot}smtpd_sasl_auth_enable = yes\n"), "listener", "auth") == [None]


def test_an_include_from_a_folder_that_is_not_in_the_tree_leaves_the_rest_known() -> None:
    text = "!include site.d/*.conf\nprotocols = imap\nssl = required\n"
    inventory = read_group(dovecot, {"dovecot.conf": text}, ["dovecot.conf"])
    assert inventory.unread == ()
    assert 993 in values(inventory, "listener", "port")
