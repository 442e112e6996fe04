"""What is wrong with a mailpolicy.yaml, in words: jsonschema finds it, this module says it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from mailpolicy import compiled
from mailpolicy.rules import nearest
from mailpolicy.strict_yaml import Node
from mailpolicy.types import Span, Unread


def explain(node: Node, plain: object) -> tuple[Unread, ...]:
    """Every place where the declaration breaks its schema, in the order of the file."""
    validator = Draft202012Validator(dict(compiled.load().declaration))
    found = [unread for error in validator.iter_errors(plain) for unread in _unread(node, error)]
    return tuple(sorted(set(found), key=lambda unread: unread.where))


def _unread(node: Node, error: ValidationError) -> Iterator[Unread]:
    at = node.at(list(error.absolute_path))
    name = _name(error)
    if error.validator == "additionalProperties" and isinstance(error.schema, Mapping):
        known = error.schema.get("properties", {})
        for key in [key for key in at.items or {} if key not in known]:
            where = (at.items or {})[key].key or at.where
            yield Unread(where, f"{name} has no key {key!r}{nearest(key, known)}{_known(known)}", True)
        return
    yield Unread(_place(at, error), f"{name}: {_words(error)}", True)


def _place(at: Node, error: ValidationError) -> Span:
    return at.key if error.validator == "required" and at.key else at.where


def _name(error: ValidationError) -> str:
    path = ".".join(str(step) for step in error.absolute_path if isinstance(step, str))
    return path or "mailpolicy.yaml"


def _known(known: Mapping[str, object]) -> str:
    return f" (known: {', '.join(known)})" if len(known) <= 8 else ""


def _words(error: ValidationError) -> str:
    value, expected = error.instance, cast(Any, error.validator_value)
    shown = value if isinstance(value, int | float | bool | str) or value is None else type(value).__name__
    if error.validator == "enum":
        allowed = [str(one) for one in expected]
        return f"{shown!r} is not allowed{nearest(str(shown), allowed)}; use {', '.join(allowed)}"
    if error.validator == "type":
        kinds = expected
        kinds = kinds if isinstance(kinds, str) else " or ".join(kinds)
        hint = "; write it in quotes" if kinds == "string" and isinstance(value, int | float) else ""
        return f"{shown!r} should be of type {kinds}{hint}"
    if error.validator == "required":
        missing = [key for key in expected if isinstance(value, dict) and key not in value]
        return f"lacks {', '.join(missing)}"
    if error.validator in ("minimum", "maximum"):
        return f"{shown!r} is out of range: {error.validator} is {expected}"
    if error.validator == "pattern":
        return f"{shown!r} does not look like a version such as '3.7'"
    return error.message
