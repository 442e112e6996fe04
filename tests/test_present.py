"""What reports show of paths and notes."""

from __future__ import annotations

from mailpolicy import present


def test_paths_are_shown_from_the_root_and_left_alone_outside_of_it() -> None:
    assert present.shown("/srv/repo/etc/main.cf", "/srv/repo") == "etc/main.cf"
    assert present.shown("/etc/main.cf", "/srv/repo") == "/etc/main.cf"
    assert present.shown("etc/main.cf", None) == "etc/main.cf"


def test_what_is_said_of_several_places_is_said_once() -> None:
    raw = ["/r/a: /r/d.conf does not include it", "/r/b:2:1: /r/d.conf does not include it", "/r/c: other words"]
    assert present.notes(raw, "/r") == ("d.conf does not include it: a, b:2:1", "c: other words")
    many = [f"/r/{n}: same" for n in range(9)]
    assert present.notes(many, "/r") == ("same: 0, 1, 2 and 6 more",)
