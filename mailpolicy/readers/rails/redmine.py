"""``config/configuration.yml`` of Redmine: ``email_delivery`` of each environment, over that of ``default``."""

from __future__ import annotations

from collections.abc import Iterator

from mailpolicy.applications.rails import FLAGS
from mailpolicy.envfile import Setting
from mailpolicy.lean import TYPE_CHECKING
from mailpolicy.readers.rails.statements import Sender
from mailpolicy.strict_yaml import merged
from mailpolicy.text import Source

if TYPE_CHECKING:
    from mailpolicy.strict_yaml import Node
    from mailpolicy.template_yaml import Document

_METHODS = ("smtp", "async_smtp")


def senders(source: Source) -> Iterator[Sender]:
    """The settings of each environment that has some. Raises YamlError."""
    from mailpolicy import template_yaml

    document = template_yaml.read(source)
    for name, environment in (document.top.items or {}).items():
        items = {key.lstrip(":"): node for key, node in merged(environment).items()}
        delivery = {key.lstrip(":"): node for key, node in merged(items.get("email_delivery")).items()}
        method = delivery.get("delivery_method")
        word = "smtp" if method is None else str(method.scalar).lstrip(":")
        for kind in _METHODS:
            held = delivery.get(f"{kind}_settings")
            if held is not None:
                yield Sender(name, held.key or held.where, dict(_settings(document, held)), word in _METHODS)


def _settings(document: Document, held: Node) -> Iterator[tuple[str, Setting]]:
    for key, node in merged(held).items():
        name = key.lstrip(":")
        one = document.setting(name, node)
        if node.scalar is None and node.items is None and one.value is not None:
            one = one._replace(value="nil")
        elif name in FLAGS and one.value is not None and not isinstance(node.scalar, bool):
            one = one._replace(value=f"'{one.value}'")
        yield name, one
