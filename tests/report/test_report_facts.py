"""What ``inspect`` shows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from mailpolicy.facts import Draft
from mailpolicy.report import facts
from mailpolicy.types import Fact, Origin, Span, Unread, Value

ROOT = Path(__file__).parents[2]
MAIN, MASTER = "etc/postfix/main.cf", "etc/postfix/master.cf"
OWNER: dict[str, Value] = {"software": "postfix", "version": "3.7", "instance": "etc/postfix"}
SET = (Origin("default", None, "Postfix 3.7"), Origin("sets", Span(MAIN, 12, 28, 31)))


def listener(address: str, port: int, service: str, role: str, broken: str | None = None) -> Draft:
    draft = Draft("listener", Span(MASTER, port, 1, 5))
    own: dict[str, Value] = {
        "service": service,
        "protocol": "smtp",
        "role": role,
        "address": address,
        "port": port,
        "broken": broken,
    }
    for field, value in (OWNER | own).items():
        draft.put(field, value)
    return draft


def samples() -> list[Fact]:
    mx = listener("*", 25, "smtp", "mx")
    mx.put("tls", "optional", SET[:1])
    mx.put("tls_min", "TLSv1.2")
    submission = listener("::1", 587, "submission", "submission", "no certificate")
    submission.unknown("tls", SET)
    server = Draft("server", Span(MAIN, 1, 1, 2))
    for field, value in OWNER.items():
        server.put(field, value)
    server.put("vrfy", False, [Origin("sets", Span(MAIN, 3, 1, 2))])
    server.put("trusted_networks", ("127.0.0.0/8", "[::1]/128"), [Origin("sets", Span("other.cf", 4, 1, 2))])
    server.unknown("banner_version")
    secret = Draft("secret", Span("msmtprc", 5, 1, 9))
    secret.put("software", "msmtp")
    secret.put("storage", "literal")
    secret.put("default", True)
    return [draft.fact() for draft in (server, mx, submission, secret)]


UNREAD = [Unread(Span("a\x1b.cf", 3, 1, 9), "is no\nsetting"), Unread(Span("b.cf", 1, 1, 2), "is binary", True)]

TABLE = """\
Listeners (2)
  postfix 3.7 in etc/postfix
    address:port  service     role             tls       tls min  tls set by
    *:25          smtp        smtp mx          optional  TLSv1.2  default of Postfix 3.7
    [::1]:587     submission  smtp submission  ?         -        main.cf:12
    broken: [::1]:587: no certificate

Servers (1)
  postfix 3.7 in etc/postfix
    vrfy              no                     main.cf:3
    trusted networks  127.0.0.0/8 [::1]/128  other.cf:4
    banner version    ?                      main.cf:1

Secrets (1)
  msmtp
    storage  default  at
    literal  yes      msmtprc:5

Not read (2)
  a\\x1b.cf:3:1: is no setting
  b.cf:1:1: is binary
"""


def test_table() -> None:
    assert facts.table(samples(), UNREAD) == TABLE


def test_table_of_nothing() -> None:
    assert facts.table([], []) == "Nothing found.\n"


def test_json_follows_the_schemas() -> None:
    document = json.loads(facts.as_json(samples(), UNREAD))
    schema = json.loads((ROOT / "schemas/inspect.schema.json").read_text(encoding="utf-8"))
    assert list(Draft202012Validator(schema).iter_errors(document)) == []
    for fact in document["facts"]:
        own = json.loads((ROOT / f"schemas/{fact['kind']}.schema.json").read_text(encoding="utf-8"))
        fields = {field: value for field, value in fact.items() if field not in ("kind", "origins")}
        assert list(Draft202012Validator(own).iter_errors(fields)) == []


def test_json_of_an_unknown_field() -> None:
    submission = json.loads(facts.as_json(samples(), []))["facts"][2]
    assert "tls" not in submission
    assert submission["origins"]["tls"] == [
        {"how": "declares", "note": "", "file": MASTER, "line": 587, "column": 1, "end_column": 5},
        {"how": "default", "note": "Postfix 3.7", "file": None, "line": None, "column": None, "end_column": None},
        {"how": "sets", "note": "", "file": MAIN, "line": 12, "column": 28, "end_column": 31},
    ]


def test_json_of_what_was_not_read() -> None:
    assert json.loads(facts.as_json([], UNREAD[1:])) == {
        "version": 1,
        "facts": [],
        "unread": [{"file": "b.cf", "line": 1, "column": 1, "end_column": 2, "why": "is binary", "fatal": True}],
    }


@pytest.mark.parametrize("field", ["tls", "host"])
def test_hostile_values_are_escaped(field: str) -> None:
    draft = listener("*", 25, "s", "mx")
    draft.put(field, "x\x1b[2J\u202e")
    assert "\x1b" not in facts.table([draft.fact()], [])
