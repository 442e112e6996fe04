"""What of ``typing`` is there at run time, without importing ``typing``.

Start-up is what users of a pre-commit hook wait for: importing typing and letting it check the
annotations of some fifty records costs a fifth of a small run. Type checkers see the real things.
"""

from __future__ import annotations

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import NamedTuple, Protocol, cast
else:
    from collections import namedtuple

    class _Record(type):
        """Makes of a class body with annotations what typing.NamedTuple makes of it, but checks no annotation."""

        def __new__(mcs, name, bases, space):
            if not bases:
                return type.__new__(mcs, name, bases, space)
            fields = space.get("__annotations__", {})
            defaults = [space[field] for field in fields if field in space]
            made = namedtuple(name, fields, defaults=defaults, module=space["__module__"])
            for key, value in space.items():
                if key not in fields and key not in ("__module__", "__qualname__", "__annotations__"):
                    setattr(made, key, value)
            made.__annotations__ = dict(fields)
            return made

    class NamedTuple(metaclass=_Record):
        """A tuple with named fields."""

    class Protocol:
        """A shape that modules and classes have without naming it."""

    def cast(kind, value):
        """The value as it is."""
        return value


__all__ = ["TYPE_CHECKING", "NamedTuple", "Protocol", "cast"]
