"""Roundcube, a webmail: ``config.inc.php``, ``main.inc.php`` of old versions, and the managesieve plugin's file.

After rcmail.php, rcube_imap_generic.php, rcube_smtp.php, rcube_config.php and the managesieve plugin of 1.2 to 1.7, and
Net_SMTP 1.11 and Net_Sieve 1.4.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from mailpolicy.readers.roundcube.config import SOFTWARE, Config, load
from mailpolicy.readers.roundcube.connections import imap, managesieve, secrets, smtp
from mailpolicy.tree import Tree
from mailpolicy.types import Fact, Inventory, Unreadable, Version, unreadable

__all__ = ["FILES", "LIMITS", "PROVEN", "SOFTWARE", "groups", "read", "sniff"]

FILES = "config.inc.php, defaults.inc.php, main.inc.php, plugins/managesieve/config.inc.php"
PROVEN = "1.6: run; 0.9 to 1.7: read in source"
LIMITS = (
    "what PHP code computes is unknown; files for single hosts and ROUNDCUBE_ variables are not read; "
    "fixes that a distribution put into an older release are not known by its number"
)

_SETTING = re.compile(r"^\s*\$(?:rcmail_)?config\[\s*['\"](\w+)['\"]\s*\]", re.MULTILINE)
_OWN = frozenset(
    {
        "imap_host", "default_host", "smtp_host", "smtp_server", "imap_conn_options", "smtp_conn_options", "des_key",
        "db_dsnw", "managesieve_host", "managesieve_usetls", "imap_auth_type", "product_name",
    }
)  # fmt: skip
_SNIFFED = 400_000


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Each file by itself; ``defaults.inc.php`` beside ``config.inc.php`` is loaded with it."""
    there = set(paths)
    found: list[tuple[str, ...]] = []
    for path in paths:
        folder, name = posixpath.split(path)
        defaults = posixpath.join(folder, "defaults.inc.php")
        if name == "config.inc.php" and defaults in there:
            found.append((path, defaults))
        elif name != "defaults.inc.php" or posixpath.join(folder, "config.inc.php") not in there:
            found.append((path,))
    return found


def sniff(text: str) -> bool:
    """Whether a PHP text sets one of Roundcube's own settings by its name."""
    return any(found[1] in _OWN for found in _SETTING.finditer(text[:_SNIFFED]))


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """The mailbox, submission and filter server that every user of the webmail is led to."""
    try:
        config = load(tree, paths, version)
    except Unreadable as problem:
        return unreadable(paths, str(problem))
    if config is None:
        why = "is no configuration of Roundcube: no line sets $config['...']"
        return unreadable(paths, why)
    return Inventory((*_connections(config), *secrets(config)), config.unread, paths)


def _connections(config: Config) -> list[Fact]:
    """A plugin's file names no mailbox; the main file names the plugin's server only where it is moved there."""
    plugin = "managesieve" in posixpath.dirname(config.path) or all(
        name.startswith("managesieve_") for name in config.values
    )
    facts = [] if plugin else [*imap(config), *smtp(config)]
    return facts + (managesieve(config) if plugin or "managesieve_host" in config.values else [])
