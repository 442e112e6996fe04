"""One repository of OfflineIMAP: what its settings come to.

After repository/IMAP.py, repository/Gmail.py, imapserver.py and imaplibutil.py of OfflineIMAP 6.5.6 to 8.0.1.
"""

from __future__ import annotations

import re

from mailpolicy.python_config import Config, Got
from mailpolicy.sessions import Told, maybe, unknown
from mailpolicy.types import Origin

SOFTWARE = "offlineimap"
NEWEST = (8, 0, 1)
SSL_BY_DEFAULT = (6, 6)
_STARTTLS_OPTION = (7, 0)
_GMAIL_SETTINGS = (7, 0, 10)
"""Host, port and ssl of a Gmail repository can be set."""
_LONG_PINS = (7, 2, 1)
"""Fingerprints of SHA-2, and colons in them."""
_NO_BLIND_SSL = (6, 5, 6)
"""SSL without a CA file or a fingerprint is refused."""
_BOOLEANS = {
    **dict.fromkeys(("1", "yes", "true", "on"), True),
    **dict.fromkeys(("0", "no", "false", "off"), False),
}
MECHANISMS = ("GSSAPI", "XOAUTH2", "CRAM-MD5", "PLAIN", "LOGIN")
_LITERAL = re.compile(r"""[bu]?(?P<quote>['"])(?P<text>[^'"\\\n]*)(?P=quote)""")
_HASHES = {40: "sha1", 56: "sha224", 64: "sha256", 96: "sha384", 128: "sha512"}
_VERSIONS = {"tls1": "TLSv1.0", "tls1_1": "TLSv1.1", "tls1_2": "TLSv1.2"}
_LEVELS = {
    "tls_secure": frozenset({"tls1_1", "tls1_2"}),
    "tls_no_ssl": frozenset({"tls1", "tls1_1", "tls1_2"}),
    "tls_compat": frozenset({"tls1", "tls1_1", "tls1_2", "ssl23", "ssl3"}),
}
_ENVIRONMENT = re.compile(r"\benviron\b|\bgetenv\(")


class Repository:
    """The settings of ``[Repository NAME]`` and DEFAULT, and the faults for which OfflineIMAP gives it up."""

    def __init__(self, config: Config, section: str, version: tuple[int, ...]) -> None:
        self.config, self.section, self.version = config, section, version
        self.faults: list[tuple[str, tuple[Origin, ...]]] = []
        kind = self.text("type")
        self.gmail = (kind.value if kind is not None else None) == "Gmail"
        self.fixed = self.gmail and version < _GMAIL_SETTINGS

    def got(self, name: str) -> Got | None:
        found = self.config.get(self.section, name)
        if found is not None and found.fault:
            self.fault(f"{name}: {found.fault}", (Origin("sets", found.where),))
        return found

    def fault(self, why: str, by: tuple[Origin, ...]) -> None:
        self.faults.append((why, by))

    def default(self, name: str) -> tuple[Origin, ...]:
        return (Origin("default", None, f"OfflineIMAP {'.'.join(map(str, self.version))}, by {name}"),)

    def text(self, name: str) -> Told | None:
        """The value of a setting, or None where nothing sets it."""
        found = self.got(name)
        if found is None:
            return None
        by = (Origin("sets", found.where),)
        return unknown(by) if found.text is None or found.fault else Told(found.text, by)

    def boolean(self, name: str, default: bool) -> Told:
        found = self.text(name)
        if found is None:
            return Told(default, self.default(name))
        if not found.known:
            return found
        value = _BOOLEANS.get(str(found.value).lower())
        if value is None:
            self.fault(f"{name} is neither yes nor no", found.by)
        return maybe(value, found.by)

    def evaluated(self, name: str) -> Told | None:
        """A Python expression: its value where it is a plain string."""
        found = self.text(name)
        if found is None or not found.known:
            return found
        literal = _LITERAL.fullmatch(str(found.value).strip())
        return Told(literal["text"], found.by) if literal else unknown(found.by)

    def host(self) -> Told:
        told = None if self.fixed else self.evaluated("remotehosteval") or self.text("remotehost")
        if told is None and self.gmail:
            return Told("imap.gmail.com", self.default("type = Gmail"))
        if told is None:
            by = self.default("remotehost")
            self.fault("there is no remotehost", by)
            return unknown(by)
        if told.known and not told.value:
            self.fault("remotehost is empty", told.by)
            return unknown(told.by)
        return told

    def port(self, ssl: Told) -> tuple[Told, bool]:
        """The port, and whether it is written."""
        told = None if self.fixed else self.text("remoteporteval") or self.text("remoteport")
        if told is not None:
            number = str(told.value).strip() if told.known else ""
            port = int(number) if number.isascii() and number.isdecimal() and len(number) < 6 else 0
            if told.known and not 0 < port < 65536:
                if self.config.get(self.section, "remoteporteval") is None:
                    self.fault("remoteport is no port", told.by)
                return unknown(told.by), True
            return maybe(port or None, told.by), True
        if self.gmail:
            return Told(993, self.default("type = Gmail")), False
        if not ssl.known:
            return unknown(ssl.by), False
        return Told(993 if ssl.value else 143, (*self.default("remoteport"), *ssl.by)), False

    def ssl(self) -> Told:
        if self.fixed:
            return Told(True, self.default("type = Gmail"))
        return self.boolean("ssl", self.gmail or self.version >= SSL_BY_DEFAULT)

    def starttls(self) -> Told:
        if self.version < _STARTTLS_OPTION:
            return Told(True, self.default("starttls"))
        return self.boolean("starttls", True)

    def mechanisms(self) -> Told:
        """Login mechanisms in the order in which they are tried."""
        told = self.text("auth_mechanisms")
        if told is None:
            return Told(MECHANISMS, self.default("auth_mechanisms"))
        if not told.known:
            return told
        words = tuple(re.split(r",\s*", str(told.value).strip()))
        if not set(words) <= set(MECHANISMS):
            self.fault("auth_mechanisms holds a word that is none of " + ", ".join(MECHANISMS), told.by)
            return unknown(told.by)
        return Told(words, told.by)

    def pins(self) -> tuple[Told, str | None]:
        """Whether fingerprints are set, and the weakest hash among them."""
        told = self.text("cert_fingerprint")
        if told is None:
            return Told(False), None
        if not told.known:
            return told, None
        pins = [pin.strip().lower().replace(":", "") for pin in str(told.value).split(",") if pin]
        lengths = _HASHES if self.version >= _LONG_PINS else {40: "sha1"}
        usable = sorted({len(pin) for pin in pins if re.fullmatch("[0-9a-f]+", pin)} & lengths.keys())
        if pins and not usable:
            self.fault("cert_fingerprint holds no fingerprint that OfflineIMAP compares", told.by)
        return Told(bool(pins), told.by), lengths[usable[0]] if usable else None

    def tokens(self) -> Told | None:
        """An OAuth 2 token, refreshed or not, by its first setting."""
        for name in ("oauth2_refresh_token", "oauth2_access_token"):
            told = self.text(name)
            if told is not None:
                return Told("literal", told.by) if told.known else told
            told = self.text(f"{name}_eval")
            if told is not None and not (told.known and str(told.value).strip() == "None"):
                return Told(self.kept(told), told.by)
        return None

    def kept(self, told: Told) -> str:
        """Where a Python expression has its password from."""
        text = str(told.value or "")
        if told.known and _LITERAL.fullmatch(text.strip()):
            return "literal"
        if _ENVIRONMENT.search(text):
            return "environment"
        return "keyring" if "keyring" in text else "file" if re.search(r"\bopen\(", text) else "command"

    def password(self) -> Told:
        """Where the password is."""
        told = self.text("remotepasseval")
        if told is not None:
            return Told(self.kept(told), told.by)
        told = self.text("remotepass")
        if told is not None:
            if not told.known:
                found = self.config.get(self.section, "remotepass")
                return Told("literal", told.by) if found is not None and found.fault else unknown(told.by)
            return Told("literal" if told.value else "prompt", told.by)
        told = self.text("remotepassfile")
        if told is not None:
            return Told("file", told.by)
        return unknown(
            (Origin("default", None, "OfflineIMAP: ~/.netrc, /etc/netrc, since 8.0.1 the key ring, else it asks"),)
        )

    def tls_version(self) -> Told | None:
        """The one TLS version that ssl_version stands for, where it does."""
        version, level = self.text("ssl_version"), self.text("tls_level")
        if (version is not None and not version.known) or (level is not None and not level.known):
            return unknown((*(version.by if version else ()), *(level.by if level else ())))
        allowed = _LEVELS.get(str(level.value) if level is not None else "tls_compat")
        if level is not None and allowed is None:
            self.fault("tls_level is none of " + ", ".join(_LEVELS), level.by)
        elif version is None and level is not None and level.value != "tls_compat":
            self.fault("tls_level needs an ssl_version beside it", level.by)
        elif version is not None and allowed is not None and version.value not in allowed:
            self.fault("ssl_version is none that tls_level allows", version.by)
        if version is None or str(version.value) not in _VERSIONS:
            return None
        return Told(_VERSIONS[str(version.value)], version.by)

    def checked(self) -> tuple[Told, str | None]:
        """How the certificate is checked under ssl, and the hash of the pins."""
        pinned, algorithm = self.pins()
        authority = self.text("sslcacertfile")
        if authority is not None and authority.known and not authority.value:
            self.fault("sslcacertfile is empty: OfflineIMAP finds no such file", authority.by)
        if not pinned.known:
            return pinned, None
        if pinned.value:
            return Told("fingerprint", (*(authority.by if authority else ()), *pinned.by)), algorithm
        if authority is not None:
            return Told("ca", authority.by), None
        by = self.default("sslcacertfile")
        if self.version >= _NO_BLIND_SSL:
            self.fault("ssl has nothing to check the certificate with: neither sslcacertfile nor cert_fingerprint", by)
        return Told("none", by), None
