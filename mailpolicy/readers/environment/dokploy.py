"""template.toml of a Dokploy blueprint: ``config.env``, with what ``variables`` sets; ``${domain}`` is unknown."""

from __future__ import annotations

from mailpolicy import toml_positions
from mailpolicy.envfile import Setting
from mailpolicy.readers.environment.compose import of_node
from mailpolicy.readers.environment.places import Place, filled
from mailpolicy.strict_yaml import merged
from mailpolicy.text import Source


def place(source: Source) -> Place:
    """The variables that the compose file beside is given. Raises YamlError."""
    top = merged(toml_positions.load(source))
    variables = {name: filled(one, {}) for name, one in of_node(top.get("variables"), source).items()}
    env = merged(top.get("config")).get("env") or top.get("env")
    found = {name: _unquoted(filled(one, variables)) for name, one in of_node(env, source).items()}
    return Place("", "", env.key or env.where if env is not None else source.start(), found, True)


def _unquoted(one: Setting) -> Setting:
    """A value without quotes of its own: it becomes a line of a ``.env`` file."""
    text = one.value or ""
    if len(text) < 2 or text[0] not in ("'", '"') or text[-1] != text[0]:
        return one
    where = one.where._replace(column=one.where.column + 1, end_column=one.where.end_column - 1)
    return one._replace(value=text[1:-1], where=where if where.column < where.end_column else one.where)
