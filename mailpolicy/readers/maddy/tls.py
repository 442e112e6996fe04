"""The TLS of an endpoint: where it is set, versions, certificate.

After framework/config/tls and internal/tls of Maddy 0.5 to 0.9; what Go's crypto/tls does with it was tried with 1.24.
"""

from __future__ import annotations

from mailpolicy.lean import NamedTuple
from mailpolicy.readers.maddy.model import Config, sets
from mailpolicy.readers.maddy.syntax import Node, Refused, Word
from mailpolicy.types import Origin

LEVELS = ("TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")
_NAMES = {"tls1.0": "TLSv1.0", "tls1.1": "TLSv1.1", "tls1.2": "TLSv1.2", "tls1.3": "TLSv1.3"}
_KEYS = ("loader", "protocols", "ciphers", "curves")
GO_1_22 = (0, 8)
"""The first version whose go.mod asks for the defaults of Go 1.22: TLS 1.2 at least, where nothing is set."""


class Tls(NamedTuple):
    """TLS of one endpoint. None is unknown."""

    on: bool | None
    told: tuple[Origin, ...]
    versions: tuple[str, ...] | None = None
    versions_told: tuple[Origin, ...] = ()
    certificate: str | None = None
    certificate_told: tuple[Origin, ...] = ()
    broken: str = ""
    broken_told: tuple[Origin, ...] = ()


def tls(config: Config, endpoint: Node) -> Tls:
    """The directive of the endpoint, else the global one. Raises Refused where neither stands but one must."""
    node = endpoint.get("tls") or config.top("tls")
    if node is None:
        if config.partial:
            return Tls(None, ())
        if endpoint.name.text == "lmtp":
            return Tls(False, (config.builtin(),))
        raise Refused(endpoint.name.where, f"{endpoint.name.text} has no tls directive, and there is no global one")
    if node.args and not node.first.known and len(node.args) == 1:
        return Tls(None, sets(node.first.where))
    if node.args and node.first.text == "off":
        return Tls(False, sets(node.first.where))
    for child in node.children or ():
        if child.name.known and child.name.text not in _KEYS:
            raise Refused(child.name.where, f"tls has no directive {child.name.text[:60]}")
    versions, told = _versions(config, node)
    made = Tls(True, sets(node.first.where), versions, told)
    if versions == ():
        return made._replace(broken="no TLS version is left: the lowest is above the highest", broken_told=told)
    return _certificate(config, node, made)


def _certificate(config: Config, node: Node, made: Tls) -> Tls:
    loader = node.get("loader")
    words = loader.args if loader is not None else node.args
    block = loader or node
    if not words:
        if config.partial:
            return made
        why = "TLS has no certificate: the tls block names no loader"
        return made._replace(broken=why, broken_told=sets(node.name.where), certificate_told=sets(node.name.where))
    if words[0].text.startswith("&"):
        found = config.resolve(words[0])
        if found is None:
            return made._replace(certificate_told=sets(words[0].where))
        words, block = (found.name,), found
    if words[0].text.removeprefix("tls.loader.") != "file":
        return made._replace(certificate_told=sets(words[0].where))
    listed = block.get("certs") if block is not node else None
    files: tuple[Word, ...] = listed.args if listed is not None else words[1:]
    if len(words) % 2 == 0 and all(word.known for word in words):
        raise Refused(words[-1].where, "tls file takes pairs of a certificate and its key")
    if not files or not files[0].known:
        return made._replace(certificate_told=sets(words[-1].where))
    if not files[0].text.startswith("/"):
        raise Refused(files[0].where, "the certificate's path must be absolute")
    return made._replace(certificate=files[0].text, certificate_told=sets(files[0].where))


def _versions(config: Config, node: Node) -> tuple[tuple[str, ...] | None, tuple[Origin, ...]]:
    """What the server speaks. TLS 1.0 and up by default: Maddy sets it since 0.8, and Go did so before."""
    low, high, told = limits(node, "TLSv1.0", "TLSv1.2" if config.version >= GO_1_22 else "TLSv1.0")
    if low is None or high is None:
        return None, told
    spoken = LEVELS[LEVELS.index(low) : LEVELS.index(high) + 1]
    ciphers = node.get("ciphers")
    if ciphers is not None and all(word.known for word in ciphers.args):
        elder = [word for word in ciphers.args if word.text.endswith("-SHA")]
        if not elder and spoken and spoken[0] < "TLSv1.2":
            spoken = tuple(level for level in spoken if level >= "TLSv1.2")
            told = (*told, *(Origin("overrides", c.where, "these ciphers need TLS 1.2") for c in ciphers.args[:1]))
    return spoken, (config.builtin(), *told)


def limits(node: Node, low: str, empty: str) -> tuple[str | None, str | None, tuple[Origin, ...]]:
    """Lowest and highest version by ``protocols``; ``empty`` is the lowest where it is "". Raises Refused.

    One version alone is lowest and highest at once.
    """
    line = node.get("protocols")
    if line is None:
        return low, LEVELS[-1], ()
    told = sets(line.first.where)
    if not all(word.known for word in line.args):
        return None, None, told
    if len(line.args) not in (1, 2):
        raise Refused(line.name.where, "protocols takes the lowest version and the highest")
    for word in line.args:
        if word.text and word.text not in _NAMES:
            raise Refused(word.where, f"{word.text[:40]} is no version; they are tls1.0, tls1.1, tls1.2, tls1.3")
    first, last = line.args[0].text, line.args[-1].text
    return _NAMES.get(first, empty), _NAMES.get(last, LEVELS[-1]), told
