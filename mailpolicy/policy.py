"""What a site asks for: the policy and hosts of mailpolicy.yaml, and what the command line says."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from mailpolicy.lean import TYPE_CHECKING, NamedTuple
from mailpolicy.types import Number, Rule, Version

if TYPE_CHECKING:
    from typing import Any

    from mailpolicy.strict_yaml import Node

NAMES = ("mailpolicy.yaml", "mailpolicy.yml", ".mailpolicy.yaml", ".mailpolicy.yml")


class BadPolicy(Exception):
    """A policy that cannot be followed: an unknown rule, profile or file. ``str()`` is for users."""


class Policy(NamedTuple):
    """A site's policy; the default is what holds without a mailpolicy.yaml."""

    path: str = ""
    profile: str = "default"
    rules: Mapping[str, str] = {}
    """Rule id -> off or a severity."""
    numbers: Mapping[str, int] = {}
    """Limits by name, in place of the profile's."""
    ports: str = ""
    rules_dir: str = ""
    exclude: tuple[str, ...] = ()
    versions: tuple[tuple[str, str, Version], ...] = ()
    """(absolute folder, program, version) as ``hosts:`` declares them."""
    hosts: tuple[tuple[str, str, str], ...] = ()
    """(absolute folder, public name of its host, role of its host or "")."""

    @property
    def folder(self) -> str:
        """The folder that paths in the policy are relative to."""
        return os.path.dirname(self.path)


def find(start: str) -> str | None:
    """The nearest mailpolicy.yaml: beside ``start`` or above it, no higher than the repository."""
    folder = os.path.abspath(start if os.path.isdir(start) else os.path.dirname(start) or ".")
    while True:
        for name in NAMES:
            path = os.path.join(folder, name)
            if os.path.isfile(path):
                return path
        above = os.path.dirname(folder)
        if above == folder or os.path.exists(os.path.join(folder, ".git")):
            return None
        folder = above


def read(path: str, node: Node) -> Policy:
    """The policy in a declaration that keeps to its schema."""
    items = node.items or {}
    policy = items["policy"].items or {} if "policy" in items else {}

    def text(key: str) -> str:
        return str(policy[key].scalar) if key in policy else ""

    folder = os.path.dirname(path)
    rules = policy["rules"].items or {} if "rules" in policy else {}
    limits = policy["numbers"].plain() if "numbers" in policy else {}
    return Policy(
        path=path,
        profile=text("profile") or "default",
        rules={name: str(entry.scalar) for name, entry in rules.items()},
        numbers={name: int(limit) for name, limit in limits.items()} if isinstance(limits, dict) else {},
        ports=os.path.join(folder, text("ports")) if text("ports") else "",
        rules_dir=os.path.join(folder, text("rules_dir")) if text("rules_dir") else "",
        exclude=tuple(str(e.scalar) for e in policy["exclude"].entries or ()) if "exclude" in policy else (),
        versions=tuple(_versions(folder, items["hosts"])) if "hosts" in items else (),
        hosts=tuple(_hosts(folder, items["hosts"])) if "hosts" in items else (),
    )


def _folders(folder: str, entries: Mapping[str, Node]) -> list[str]:
    """The absolute folders that hold a host's files; the declaration's own where none is named."""
    named = [str(e.scalar) for e in entries["directories"].entries or ()] if "directories" in entries else ["."]
    return [os.path.abspath(os.path.join(folder, name)) for name in named]


def _versions(folder: str, hosts: Node) -> list[tuple[str, str, Version]]:
    found = []
    for name, host in (hosts.items or {}).items():
        entries = host.items or {}
        software = entries["software"].items or {} if "software" in entries else {}
        for program, version in software.items():
            made = Version(numbers(str(version.scalar)), f"hosts: {name}")
            found += [(where, program, made) for where in _folders(folder, entries)]
    return found


def _hosts(folder: str, hosts: Node) -> list[tuple[str, str, str]]:
    found = []
    for name, host in (hosts.items or {}).items():
        entries = host.items or {}
        role = str(entries["role"].scalar) if "role" in entries else ""
        found += [(where, name, role) for where in _folders(folder, entries)]
    return found


def inside(path: str, folder: str) -> bool:
    """Whether a path lies in an absolute folder."""
    return os.path.abspath(path).startswith(folder.rstrip(os.sep) + os.sep)


def numbers(version: str) -> tuple[int, ...]:
    """The first numbers of a version, at most three: ``3.7.11-0+deb12u1`` and ``Postfix 3.7.11`` -> (3, 7, 11)."""
    found = re.search(r"\d+(?:\.\d+)*", version)
    return tuple(int(part) for part in found[0].split(".")[:3]) if found else ()


def excluded(policy: Policy, path: str) -> bool:
    """Whether a pattern of ``exclude`` names the path or a folder above it."""
    if not policy.exclude:
        return False
    shown = os.path.relpath(os.path.abspath(path), os.path.abspath(policy.folder or ".")).replace(os.sep, "/")
    return any(re.match(_glob(pattern), shown) for pattern in policy.exclude)


def _glob(pattern: str) -> str:
    """A shell pattern as a regular expression; ``**`` crosses folders, a pattern without a slash fits at any depth."""
    anchored = "/" in pattern.strip("/")
    out = "" if anchored else "(?:.*/)?"
    for piece in re.findall(r"\*\*/?|\*|\?|[^*?]+", pattern.strip("/").removeprefix("./")):
        out += {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(piece, re.escape(piece))
    return out + "(?:/.*)?$"


def apply(rules: Mapping[str, Rule], profiles: Mapping[str, Mapping[str, object]], policy: Policy) -> dict[str, Rule]:
    """The rules that are on, with the severities of the profile and then the policy. Raises BadPolicy."""
    changes: dict[str, str] = {}
    for profile in _profiles(profiles, policy.profile):
        changes |= profile.get("rules") or {}  # type: ignore[call-overload]
    for name in policy.rules:
        if name not in rules:
            raise BadPolicy(f"{policy.path}: policy.rules names the unknown rule {name!r}{_nearest(name, rules)}")
    changes = {**changes, **policy.rules}
    found = {}
    for name, rule in rules.items():
        change = changes.get(name)
        if change != "off":
            found[name] = rule._replace(severity=change, grades=()) if change else rule
    return found


def numbered(
    rules: Mapping[str, Rule], profiles: Mapping[str, Mapping[str, object]], policy: Policy
) -> dict[str, Rule]:
    """The rules with the limits of the profile and then the policy. Raises BadPolicy."""
    limits: dict[str, int] = {}
    for profile in _profiles(profiles, policy.profile):
        limits |= profile.get("numbers") or {}  # type: ignore[call-overload]
    limits |= policy.numbers
    held = profiles["default"].get("numbers") or {}
    if limits == held:  # the rules were made with these
        return dict(rules)
    return {name: _with_limits(rule, limits) for name, rule in rules.items()}


def _with_limits(rule: Rule, limits: Mapping[str, int]) -> Rule:
    grades = tuple(grade._replace(when=_limited(grade.when, limits)) for grade in rule.grades)
    return rule._replace(when=_limited(rule.when, limits), require=_limited(rule.require, limits), grades=grades)


def _limited(value: Any, limits: Mapping[str, int]) -> Any:
    if isinstance(value, Mapping):
        return {key: _limited(sub, limits) for key, sub in value.items()}
    if isinstance(value, list | tuple):
        return [_limited(sub, limits) for sub in value]
    return Number(value.name, limits.get(value.name, value)) if isinstance(value, Number) else value


def _profiles(profiles: Mapping[str, Mapping[str, object]], name: str) -> list[Mapping[str, object]]:
    """A profile after those that it extends: later ones win."""
    if name not in profiles:
        raise BadPolicy(f"unknown profile {name!r}{_nearest(name, profiles)}")
    base = profiles[name].get("extends")
    return [*(_profiles(profiles, str(base)) if base else []), profiles[name]]


def _nearest(word: str, known: object) -> str:
    from mailpolicy.rules import nearest

    return nearest(word, known)
