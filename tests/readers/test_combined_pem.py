"""One PEM file for key and certificate: what its name alone can tell."""

from __future__ import annotations

import pytest

from mailpolicy.readers import postfix
from mailpolicy.tree import Memory

MAIN = "compatibility_level = 3.6\nsmtpd_tls_security_level = may\nsmtpd_tls_cert_file = /run/secrets/cert.pem\n"


@pytest.mark.parametrize(("more", "broken"), [("", True), ("smtpd_tls_key_file = /run/secrets/cert.pem\n", False)])
def test_a_file_that_is_named_twice_holds_both(more: str, broken: bool) -> None:
    tree = Memory({"main.cf": MAIN + more, "master.cf": "smtp inet n - n - - smtpd\n"})
    facts = postfix.read(tree, ("main.cf", "master.cf"), None).facts
    listener = next(fact for fact in facts if fact.kind == "listener")
    assert (listener.values["broken"] is not None) is broken
