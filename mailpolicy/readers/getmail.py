"""getmail, a POP3 and IMAP retriever: ``~/.getmail/getmailrc``, ``~/.config/getmail/*``.

After getmail, retrievers.py, _retrieverbases.py and utilities.py of getmail6 6.18.11 to 6.20.01. It knows no STARTTLS:
the class that ``type`` names has TLS from the first byte or none. A certificate is checked only with ``ca_certs`` or
``ssl_fingerprints``.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence

from mailpolicy import python_config
from mailpolicy.facts import begun
from mailpolicy.lean import NamedTuple
from mailpolicy.passwords import is_placeholder, secret
from mailpolicy.placeholders import PLACEHOLDER
from mailpolicy.python_config import Config, Option
from mailpolicy.sessions import Told, connection, maybe, unknown
from mailpolicy.text import Source
from mailpolicy.tree import Tree
from mailpolicy.types import Fact, Inventory, Origin, Unread, Unreadable, Version, unreadable

SOFTWARE = "getmail"
FILES = "getmailrc*, files in .getmail/ and .config/getmail/"
PROVEN = "getmail6 6.18.11, run with the same files; up to 6.20.01 from its source"
LIMITS = "what is in a netrc file; options of the command line"

_NEWEST = (6, 20, 1)
_TYPE = re.compile(r"(?P<kind>Simple|BrokenUIDL|Multidrop)(?P<protocol>POP3|IMAP|SDPS)(?P<ssl>SSL)?Retriever")
_COMMON = frozenset({"timeout", "server", "port", "username", "password", "password_command", "getmaildir", "type"})
_POP3 = frozenset({"use_apop"})
_IMAP = frozenset({
    "mailboxes", "use_peek", "move_on_delete", "record_mailbox", "use_cram_md5", "use_kerberos", "use_xoauth2",
    "imap_search", "imap_on_delete", "uid_cache", "imap_id_extension",
})  # fmt: skip
_TLS = frozenset({
    "keyfile", "certfile", "ca_certs", "ssl_fingerprints", "ssl_version", "ssl_ciphers", "ssl_cert_hostname",
})  # fmt: skip
_POP3_TOKENS = (6, 19, 4)
_YES = dict.fromkeys(("1", "yes", "true", "on"), True)
_BOOLEANS: Mapping[str, bool] = {**_YES, **dict.fromkeys(("0", "no", "false", "off"), False)}
_VERSIONS = {"sslv23": "", "tlsv1": "TLSv1.0", "tlsv1_1": "TLSv1.1", "tlsv1_2": "TLSv1.2"}
_PORTS = {("pop3", False): 110, ("pop3", True): 995, ("imap", False): 143, ("imap", True): 993}
_SHOWN = 50
_MOST = 10_000
"""Longest text of a tuple, in characters, that is evaluated."""
_SECTION = re.compile(r"^\[retriever\]\s*$", re.MULTILINE)
_RETRIEVER = re.compile(r"^type\s*[=:]\s*\w+Retriever\s*$", re.MULTILINE)


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Each file by itself: one file is one account."""
    return [(path,) for path in paths]


def sniff(text: str) -> bool:
    """Whether there is a section ``retriever`` with a type of getmail's."""
    return _SECTION.search(text) is not None and _RETRIEVER.search(text) is not None


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """The one account of a file, and its password."""
    path = paths[0]
    try:
        source = tree.source(path)
    except Unreadable as problem:
        return unreadable((path,), str(problem))
    named = "getmailrc" in posixpath.basename(path)
    if not source.text.strip():
        return unreadable((path,), "is empty")
    numbers = version.numbers if version else _NEWEST
    config = python_config.parse(source, 3 if numbers >= (6,) else 2)
    if "retriever" not in config.sections:
        if not named and "[retriever" not in source.text:
            return Inventory(notes=(f"{path}: is no configuration of getmail: it has no section retriever",))
        why = "is no configuration of getmail: it has no section retriever"
        first = config.wrong[0].where if config.wrong else source.start()
        return unreadable((path,), why, first)
    return _Account(source, config, path, numbers).inventory()


class _Kind(NamedTuple):
    """What a retriever's class is."""

    protocol: str
    ssl: bool
    broken_uidl: bool
    parameters: frozenset[str]


def _kind(name: str, version: tuple[int, ...]) -> _Kind | None:
    found = _TYPE.fullmatch(name)
    if found is None or name in ("MultidropSDPSSSLRetriever", "BrokenUIDLIMAPRetriever", "BrokenUIDLIMAPSSLRetriever"):
        return None
    if found["protocol"] == "SDPS" and found["kind"] != "Multidrop":
        return None
    protocol = "imap" if found["protocol"] == "IMAP" else "pop3"
    parameters = _COMMON | (_IMAP if protocol == "imap" else _POP3)
    if protocol == "pop3" and version >= _POP3_TOKENS:
        parameters |= {"use_xoauth2"}
    if protocol == "pop3" and found["kind"] == "Simple":
        parameters |= {"delete_dup_msgids"}
    if found["kind"] == "Multidrop" and found["protocol"] != "SDPS":
        parameters |= {"envelope_recipient"}
    return _Kind(
        protocol,
        found["ssl"] is not None,
        found["kind"] == "BrokenUIDL",
        parameters | (_TLS if found["ssl"] else frozenset()),
    )


class _Account:
    """One file, as getmail of a version takes it."""

    def __init__(self, source: Source, config: Config, path: str, version: tuple[int, ...]) -> None:
        self.source, self.config, self.path = source, config, path
        self.version = ".".join(map(str, version))
        self.retriever = config.sections["retriever"]
        self.declared = config.headers["retriever"]
        kind = self.retriever.get("type")
        self.type = kind.text if kind and kind.text and not PLACEHOLDER.search(kind.text) else None
        self.kind = _kind(self.type, version) if self.type else None
        self.default = Origin("default", None, f"getmail {self.version}")
        self.faults: list[tuple[str, tuple[Origin, ...]]] = []

    def text(self, name: str, section: str = "retriever") -> Told | None:
        """What an option is set to; None where it is not, or the class has no such parameter."""
        found = self.option(name, section)
        if found is None:
            return None
        by = (Origin("sets", found.where),)
        return unknown(by) if found.text is None or PLACEHOLDER.search(found.text) else Told(found.text, by)

    def option(self, name: str, section: str) -> Option | None:
        if section == "options":  # [DEFAULT] is taken away before the retriever is read
            own = self.config.sections.get("options")
            return None if own is None else own.get(name) or self.config.defaults.get(name)
        if self.kind is not None and name not in self.kind.parameters:
            return None
        return self.retriever.get(name)

    def fault(self, why: str, by: tuple[Origin, ...]) -> None:
        self.faults.append((why, by))

    def boolean(self, name: str, default: bool, section: str = "retriever") -> Told:
        """An option that is on or off."""
        told = self.text(name, section)
        if told is None:
            return Told(default, (self.default,))
        if not told.known:
            return told
        value = _BOOLEANS.get(str(told.value).lower())
        if value is None:
            self.fault(f"{name} must be true or false", told.by)
        return maybe(value, told.by)

    def integer(self, name: str, default: int, section: str = "retriever") -> Told:
        """An option that is a number."""
        told = self.text(name, section)
        if told is None:
            return Told(default, (self.default,))
        if not told.known:
            return told
        text = str(told.value)
        if not re.fullmatch(r"\s*[-+]?(?:[1-9][0-9]{0,9}|0+)\s*", text):
            self.fault(f"{name} must be a number", told.by)
            return unknown(told.by)
        return Told(int(text), told.by)

    def inventory(self) -> Inventory:
        refused = self.config.wrong
        first = next((number for number, one in enumerate(refused) if one.twice), len(refused))
        refused = refused[: first + 1]
        unread = [Unread(one.where, f"getmail refuses the file: the line {one.why}") for one in refused[:_SHOWN]]
        if len(refused) > _SHOWN:
            unread.append(Unread(refused[0].where, f"{len(refused) - _SHOWN} more lines that getmail refuses"))
        facts = [self.connection()]
        password = self.retriever.get("password")
        if password is not None and password.text is not None:
            found = secret(SOFTWARE, self.version, self.path, "password", password.text.split("\n")[0], password.where)
            facts += [found] if found else []
        return Inventory(tuple(facts), (*unread, *self.ignored()), (self.path,))

    def ignored(self) -> list[Unread]:
        """Parameters that the class does not have: getmail warns and goes on without them."""
        if self.kind is None:
            return []
        strange = [option for name, option in self.retriever.items() if name not in self.kind.parameters]
        why = f"getmail ignores it: {self.type} has no such parameter"
        return [Unread(option.where, why) for option in strange]

    def connection(self) -> Fact:
        draft = begun("connection", self.declared, SOFTWARE, self.version, self.path)
        type_by = self.told_type()
        told: dict[str, Told] = {"account": Told(posixpath.basename(self.path)), "role": Told("access")}
        if self.kind is None:
            nothing = unknown(type_by)
            told |= dict.fromkeys(("protocol", "tls", "verify", "cleartext_credentials", "port"), nothing)
            told["host"] = self.required("server")
        else:
            told |= {
                "protocol": Told(self.kind.protocol, type_by),
                "host": self.required("server"),
                "tls": Told("implicit" if self.kind.ssl else "none", type_by),
                **self.port(self.kind),
                **self.checked(self.kind),
                **self.login(self.kind, type_by),
                **self.removal(self.kind, type_by),
            }
        user = self.user()
        told["broken"] = self.broken()
        return connection(draft, told, user)

    def told_type(self) -> tuple[Origin, ...]:
        kind = self.retriever.get("type")
        if kind is None:
            self.fault("the section retriever has no type", ())
            return ()
        by = (Origin("sets", kind.where),)
        if self.type is not None and self.kind is None:
            self.fault("getmail has no retriever of this type", by)
        return by

    def required(self, name: str) -> Told:
        told = self.text(name)
        if told is None:
            self.fault(f"{name} is missing", ())
            return unknown()
        return told

    def user(self) -> Told | None:
        netrc = self.boolean("use_netrc", False, "options")
        if netrc.value is not False:
            return None
        told = self.required("username")
        return told if told.known else None

    def port(self, kind: _Kind) -> dict[str, Told]:
        by = self.told_type()
        stated = self.integer("port", _PORTS[kind.protocol, kind.ssl])
        if self.text("port") is None:
            return {"port": Told(stated.value, (self.default, *by)), "port_stated": Told(False, (self.default,))}
        if stated.known and not 0 < int(str(stated.value)) < 65536:
            self.fault("port is no port", stated.by)
            stated = unknown(stated.by)
        return {"port": stated, "port_stated": Told(True, stated.by)}

    def checked(self, kind: _Kind) -> dict[str, Told]:
        """How the certificate is checked; without a word of the file it is not."""
        if not kind.ssl:
            return {}
        found: dict[str, Told] = {}
        pins, ca, type_by = self.text("ssl_fingerprints"), self.text("ca_certs"), self.told_type()
        pinned = None if pins is None or not pins.known else self.pins(pins)
        if pins is not None and (not pins.known or pinned):
            found["verify"] = Told("fingerprint", pins.by) if pinned else unknown(pins.by)
            found |= {"fingerprint_hash": Told("sha256", pins.by)} if pinned else {}
        elif ca is not None:
            found["verify"] = Told("ca", ca.by) if ca.value != "" else unknown(ca.by)
            if ca.value == "":
                self.fault("ca_certs is no file", ca.by)
        else:
            found["verify"] = Told("none", (*type_by, self.default))
        if (self.text("keyfile") is None) != (self.text("certfile") is None):
            self.fault("certfile and keyfile must be set together", ())
        return found | self.lowest()

    def pins(self, told: Told) -> bool | None:
        """Whether certificates are pinned; None when getmail does not take the value."""
        values = _tuple(str(told.value))
        if values is None:
            self.fault("ssl_fingerprints must be a tuple of strings", told.by)
            return None
        if any(len(value.replace(":", "")) != 64 for value in values):
            self.fault("ssl_fingerprints must be SHA-256 hashes", told.by)
        return bool(values)

    def lowest(self) -> dict[str, Told]:
        told = self.text("ssl_version")
        if told is None or not told.known:
            return {} if told is None else {"tls_min": told}
        version = _VERSIONS.get(str(told.value).lower())
        if version is None:
            self.fault("ssl_version is unknown or not supported", told.by)
        return {"tls_min": Told(version, told.by)} if version else {}

    def login(self, kind: _Kind, type_by: tuple[Origin, ...]) -> dict[str, Told]:
        mechanism = self.mechanism(kind)
        readable = None if not mechanism.known else mechanism.value in (("USER",), ("LOGIN",), ("XOAUTH2",))
        clear = False if kind.ssl else readable
        return {
            "authenticates": Told(True),
            "mechanisms": mechanism,
            "cleartext_credentials": maybe(clear, (*mechanism.by, *type_by)),
            "credential": self.credential(mechanism),
        }

    def mechanism(self, kind: _Kind) -> Told:
        """The one way in which getmail logs in; it never looks what the server offers."""
        for name, mechanism in (
            ("use_kerberos", "GSSAPI"),
            ("use_cram_md5", "CRAM-MD5"),
            ("use_apop", "APOP"),
            ("use_xoauth2", "XOAUTH2"),
        ):
            if name not in kind.parameters:
                continue
            told = self.boolean(name, False)
            if told.value is not False:
                return Told((mechanism,), told.by) if told.known else unknown(told.by)
        return Told(("LOGIN",) if kind.protocol == "imap" else ("USER",), (self.default,))

    def credential(self, mechanism: Told) -> Told:
        """netrc before the file's own, and a token always from the command."""
        if mechanism.value == ("GSSAPI",):
            return Told("none", mechanism.by)
        netrc = self.boolean("use_netrc", False, "options")
        if netrc.value is not False:
            return Told("file", netrc.by) if netrc.known else unknown(netrc.by)
        password, command = self.text("password"), self.text("password_command")
        token = mechanism.value == ("XOAUTH2",) and self.kind is not None and self.kind.protocol == "imap"
        if password is not None and not token:
            literal = password.known and not is_placeholder(str(password.value))
            return Told("literal", password.by) if literal else unknown(password.by)
        if command is not None:
            if command.known and _tuple(str(command.value)) is None:
                self.fault("password_command must be a tuple of strings", command.by)
            return Told("command", command.by)
        return Told("prompt", (self.default._replace(note=f"{self.default.note}: key ring, else it asks"),))

    def removal(self, kind: _Kind, type_by: tuple[Origin, ...]) -> dict[str, Told]:
        delete = self.boolean("delete", False, "options")
        after = self.integer("delete_after", 0, "options")
        late = bool(after.known and after.value)
        large = self.integer("delete_bigger_than", 0, "options")
        later = [maybe(bool(one.value) or None, one.by) for one in (after, large) if one.value or not one.known]
        sure = [one for one in later if one.known]
        removes = delete if delete.value is True or not later else (sure or later)[0]
        if kind.protocol == "imap":
            return {"expunges": removes}
        found = {"deletes_on_server": removes, "uidl": self.remembers(kind, type_by)}
        if late and delete.value is False:
            found["keeps_days"] = after
        return found

    def remembers(self, kind: _Kind, type_by: tuple[Origin, ...]) -> Told:
        """Whether it leaves out what it has fetched before: by default it fetches all that is there."""
        every = self.boolean("read_all", True, "options")
        if kind.broken_uidl:
            return Told(False, type_by)
        return Told(not every.value, every.by, every.known)

    def broken(self) -> Told:
        if self.config.wrong:
            first = self.config.wrong[0]
            return Told(
                f"getmail refuses the file: line {first.where.line} {first.why}", (Origin("sets", first.where),)
            )
        if "destination" not in self.config.sections and not self.config.templated:
            return Told("getmail refuses the file: it has no section destination")
        return Told(*self.faults[0]) if self.faults else Told(None)


def _tuple(text: str) -> tuple[str, ...] | None:
    """A Python tuple of strings, as getmail evaluates it; None when it is none."""
    import ast  # imported late: only these options need it

    if not text:
        return ()
    try:
        value = ast.literal_eval(text.strip()) if len(text) < _MOST else None
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    return tuple(map(str, value)) if isinstance(value, tuple) else None
