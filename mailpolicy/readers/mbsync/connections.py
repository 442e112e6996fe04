"""What mbsync does with an account: one ``connection`` each, and the passwords that stand in the file.

After ``imap_parse_store``, ``imap_open_store_authenticate`` and ``socket_start_tls`` of isync 1.4.4 and 1.5.1, and of
1.1 for what was before ``SSLType``. Since 1.2 no TLS is only tried: STARTTLS is there or the session ends.
"""

from __future__ import annotations

from mailpolicy.facts import begun
from mailpolicy.passwords import echoed, echoed_secret, is_placeholder, secret
from mailpolicy.placeholders import PLACEHOLDER
from mailpolicy.readers.mbsync.sections import Section
from mailpolicy.readers.mbsync.syntax import BOOLEANS, LEGACY, OLDEST_TLS, RENAMED
from mailpolicy.readers.mbsync.tunnels import UNKNOWN, Tunnel, tunnel
from mailpolicy.sessions import Told, connection, maybe, unknown
from mailpolicy.types import Fact, Origin, Unread

SOFTWARE = "mbsync"
_TYPES = {"none": "none", "starttls": "required", "imaps": "implicit"}
_READABLE = frozenset({"LOGIN", "PLAIN", "XOAUTH2", "OAUTHBEARER"})
_NO_PASSWORD = frozenset({"EXTERNAL", "GSSAPI"})
_ORDER = ("SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")
_WORDS = {"sslv3": "SSLv3", "tlsv1": "TLSv1.0", "tlsv1.1": "TLSv1.1", "tlsv1.2": "TLSv1.2", "tlsv1.3": "TLSv1.3"}
_NAME_CHECKED = (1, 0, 6)
_WITHOUT_SSLV3 = (1, 4, 0)
_MODES = frozenset({"requiressl", "useimaps"})
_SWITCHES = ("requiressl", "useimaps", "usetlsv1", "usetlsv1.1", "usetlsv1.2", "usetlsv1.3")


class Account:
    """The settings of one connection, as mbsync of a version takes them."""

    def __init__(self, section: Section, version: tuple[int, ...]) -> None:
        self.section, self.version = section, version
        self.default = Origin("default", None, f"mbsync {'.'.join(map(str, version))}")

    def get(self, *names: str) -> Told | None:
        """The argument that holds of keywords that set the same; None where no line sets it."""
        section = self.section
        found = [line for name in names for line in section.settings.get(name, ())]
        if not found:
            return unknown((Origin("sets", section.open),)) if section.open else None
        last = max(found, key=lambda line: line.where)
        word, by = last.arguments[0], section.by(*names)
        unsure = not section.unsure.isdisjoint(names) or (section.open is not None and last.where < section.open)
        if word.text is None or unsure or (PLACEHOLDER.search(word.text) and "cmd" not in last.keyword):
            return unknown(by)
        return Told(word.text, by)

    def text(self, name: str, default: str = "") -> Told:
        """The same, or a default."""
        return self.get(name) or Told(default, (self.default,))

    def switch(self, name: str) -> bool | None:
        """A yes or no; None where it is not set or unknown."""
        told = self.get(name)
        return None if told is None or not told.known else BOOLEANS.get(str(told.value).lower())

    def has(self, *names: str) -> bool:
        """Whether a line sets one of these."""
        return any(name in self.section.settings for name in names)

    @property
    def host(self) -> Told:
        """The host, without the old URL notation."""
        told = self.text("host")
        text = str(told.value or "")
        prefix = next((p for p in ("imaps:", "imap:") if text.startswith(p)), "") if self.version < RENAMED else ""
        bare = text.removeprefix(prefix)
        bare = bare.removeprefix("//") if self.version < RENAMED else bare
        if not told.known or bare == text:
            return told
        last = told.by[-1]
        where = last.where._replace(column=last.where.column + len(text) - len(bare)) if last.where else None
        return Told(bare, (*told.by[:-1], last._replace(where=where)))

    @property
    def tunnel(self) -> Tunnel | None:
        """Where the tunnel leads, if there is one."""
        told = self.get("tunnel")
        if told is None or (not told.known and not self.has("tunnel")):
            return None
        return tunnel(str(told.value)) if told.known else UNKNOWN


def tls(account: Account) -> Told:
    """The mode that the settings of TLS come to, without what a tunnel adds."""
    version = account.version
    if version >= RENAMED:
        stated = account.get("tlstype", "ssltype")
    elif version < OLDEST_TLS:
        return _oldest(account)
    else:
        stated = _stated(account)
        if stated is None and account.has(*_SWITCHES):
            return _legacy(account)
    if stated is None:
        by_tunnel = account.section.by("tunnel")
        return Told("none" if by_tunnel else "required", (account.default, *by_tunnel))
    return Told(_TYPES.get(str(stated.value).lower()), stated.by, stated.known)


def _stated(account: Account) -> Told | None:
    """``SSLType``, or a host of the form ``imaps:NAME``, whichever is the last."""
    stated, host = account.get("ssltype"), account.get("host")
    if host is None or not str(host.value or "").startswith("imaps:"):
        return stated
    after = stated is not None and _last(stated) > _last(host)
    return stated if after else Told("imaps", host.by)


def _last(told: Told) -> tuple[int, int]:
    """Line and column of what holds."""
    where = told.by[-1].where if told.by else None
    return (where.line, where.column) if where else (0, 0)


def _legacy(account: Account) -> Told:
    """The words of before 1.2 as 1.2 to 1.4 understand them: ``RequireSSL no`` alone takes nothing away."""
    by = account.section.by(*_SWITCHES)
    if any(not told.known for told in map(account.get, _SWITCHES) if told is not None):
        return unknown(by)
    if account.switch("useimaps"):
        return Told("implicit", account.section.by("useimaps"))
    if account.switch("requiressl") is not False or versions(account):
        return Told("required", by)
    return Told("none", by)


def _oldest(account: Account) -> Told:
    """Before 1.2: STARTTLS where the server offers it, and ``RequireSSL`` (the default) insists."""
    names = (*_SWITCHES, "usesslv2", "usesslv3")
    by = account.section.by(*names) or (account.default,)
    if any(not told.known for told in map(account.get, names) if told is not None):
        return unknown(by)
    host = account.get("host")
    if account.switch("useimaps") or (host is not None and str(host.value or "").startswith("imaps:")):
        return Told("implicit", account.section.by("useimaps", "host"))
    if not (account.switch("usesslv2") or account.switch("usesslv3") or account.switch("usetlsv1") is not False):
        return Told("none", by)
    return Told("opportunistic" if account.switch("requiressl") is False else "required", by)


def versions(account: Account) -> set[str] | None:
    """The versions of TLS that the file allows; None where it does not say."""
    old = account.version < RENAMED
    if old and account.has(*LEGACY):
        found = {"TLSv1.0"} if account.switch("usetlsv1") is not False else set()
        found |= {f"TLSv1.{n}" for n in range(1, 4) if account.switch(f"usetlsv1.{n}")}
        return found | ({"SSLv3"} if account.switch("usesslv3") and account.version < _WITHOUT_SSLV3 else set())
    names = ("sslversion", "sslversions") if old else ("sslversion", "sslversions", "tlsversions")
    lines = sorted((line for n in names for line in account.section.settings.get(n, ())), key=lambda line: line.where)
    if not lines:
        return None
    allowed = {"TLSv1.2", "TLSv1.3"}
    for line in lines:
        words = [(word.text or "").lower() for word in line.arguments]
        if line.keyword == "tlsversions":
            for word in words:
                one = f"TLSv{word[1:]}"
                allowed = allowed | {one} if word.startswith("+") else allowed - {one}
        else:
            allowed = {_WORDS[word] for word in words if word in _WORDS}
    return allowed - ({"SSLv3"} if account.version >= _WITHOUT_SSLV3 else set())


def fact(account: Account, path: str, refused: Unread | None) -> Fact:
    """The connection of one account."""
    section = account.section
    draft = begun("connection", section.where, SOFTWARE, ".".join(map(str, account.version)), path)
    mode = tls(account)
    told = {
        "account": maybe(section.name),
        "protocol": Told("imap"),
        "role": Told("access"),
        "tls": mode,
        **_place(account, mode),
        **_versions(account, mode),
        "authenticates": Told(True),
        "mechanisms": _mechanisms(account),
        "credential": _credential(account),
        "expunges": Told(False),
    }
    told["verify"] = _verify(account, told["tls"])
    _through(account, told)
    if "cleartext_credentials" not in told:
        told["cleartext_credentials"] = _in_clear(told["mechanisms"], told["tls"])
    told["broken"] = _broken(account, mode, refused)
    user = account.get("user")
    return connection(draft, told, user if user is not None and user.known else None)


def _place(account: Account, mode: Told) -> dict[str, Told]:
    host = account.host
    port = account.get("port")
    told = {"host": maybe(host.value or None, host.by), "port_stated": Told(port is not None, port.by if port else ())}
    if port is not None and (not port.known or int(str(port.value)) > 0):
        return {**told, "port": maybe(int(str(port.value)) if port.known else None, port.by)}
    by = tuple(origin._replace(how="implies") if origin.where else origin for origin in mode.by)
    number = {"implicit": 993, None: None}.get(str(mode.value) if mode.known else None, 143)
    return {**told, "port": maybe(number, (account.default, *by))}


def _versions(account: Account, mode: Told) -> dict[str, Told]:
    allowed = versions(account) if mode.value != "none" else None
    if not allowed:
        return {}
    by = account.section.by("sslversion", "sslversions", "tlsversions", *(LEGACY - _MODES))
    if not by:  # the old words of the mode alone mean TLS 1.0
        by = (account.default, *(origin._replace(how="implies") for origin in account.section.by(*_MODES)))
    return {"tls_min": Told(min(allowed, key=_ORDER.index), by)}


def _verify(account: Account, mode: Told) -> Told:
    if not mode.known or mode.value == "none":
        return Told("none", mode.by) if mode.known else unknown(mode.by)
    return Told(
        "ca" if account.version >= _NAME_CHECKED else "ca-noname",
        (account.default, *account.section.by("certificatefile")),
    )


def _mechanisms(account: Account) -> Told:
    section = account.section
    if account.switch("requirecram"):
        return Told(("CRAM-MD5",), section.by("requirecram"))
    words, by = section.words("authmech", "authmechs"), section.by("authmech", "authmechs")
    if any(word.text is None or PLACEHOLDER.search(word.text) for word in words):
        return unknown(by)
    if not section.unsure.isdisjoint(("authmech", "authmechs")) or (section.open and not words):
        return unknown(by or (Origin("sets", section.open),))
    names = tuple(dict.fromkeys((word.text or "").upper() for word in words))
    return Told(() if "*" in names else names, by or (account.default,))


def _in_clear(mechanisms: Told, mode: Told) -> Told:
    by = (*mechanisms.by, *mode.by)
    if mode.known and mode.value in ("required", "implicit"):
        return Told(False, mode.by)
    names = mechanisms.value if isinstance(mechanisms.value, tuple) else ()
    readable = not names or not _READABLE.isdisjoint(map(str, names))
    if mechanisms.known and not readable:
        return Told(False, mechanisms.by)
    return Told(True, by) if mechanisms.known and mode.known else unknown(by)


def _credential(account: Account) -> Told:
    mechanisms = _mechanisms(account)
    names = mechanisms.value if isinstance(mechanisms.value, tuple) else ()
    if names and _NO_PASSWORD.issuperset(map(str, names)):
        return Told("none", mechanisms.by)
    password, command = account.get("pass"), account.get("passcmd")
    if password is not None and (account.has("pass") or command is None):
        known = password.known and not is_placeholder(str(password.value))
        return Told("literal", password.by) if known else unknown(password.by)
    if command is not None:
        literal = command.known and echoed(str(command.value).removeprefix("+"))
        return Told("literal" if literal else "command", command.by)
    if account.switch("usekeychain"):
        return Told("keyring", account.section.by("usekeychain"))
    return Told("prompt", (account.default,))


def _through(account: Account, told: dict[str, Told]) -> None:
    """Changes what a tunnel changes: where the connection leads, and what protects it if mbsync does not."""
    way = account.tunnel
    if way is None:
        return
    by = account.section.by("tunnel")
    told["host"], told["port"] = maybe(way.host, by), maybe(way.port, by)
    told["port_stated"] = Told(True, by)
    if told["tls"].value != "none":
        return
    if way.tls == "local":
        told["scope"] = Told("loopback", by)
        told["cleartext_credentials"] = Told(False, by)
    elif way.tls == "ssh":
        told["tls"] = told["verify"] = unknown(by)
        told["cleartext_credentials"] = Told(False, by)
    else:
        told["tls"], told["verify"] = maybe(way.tls, by), Told(way.verify, by, way.tls is not None)


def _broken(account: Account, mode: Told, refused: Unread | None) -> Told:
    if refused is not None:
        return Told(refused.why, (Origin("sets", refused.where),))
    if mode.value in (None, "none"):
        return Told(None)
    for word in account.section.words("disableextension", "disableextensions"):
        if mode.value == "required" and (word.text or "").lower() == "starttls":
            return Told("STARTTLS is required and disabled", (*mode.by, Origin("sets", word.where)))
    if account.switch("systemcertificates") is False and not account.has("certificatefile"):
        return Told("no certificate is trusted", account.section.by("systemcertificates"))
    if versions(account) == set():
        return Told("no version of TLS is allowed", _versions_by(account))
    return Told(None)


def _versions_by(account: Account) -> tuple[Origin, ...]:
    return account.section.by("sslversion", "sslversions", "tlsversions", *sorted(LEGACY))


def secrets(section: Section, path: str, version: tuple[int, ...]) -> list[Fact]:
    """The passwords of a section: those that mbsync reads, and those that a command only echoes."""
    shown = ".".join(map(str, version))
    found: list[Fact] = []
    for word in section.words("pass"):
        made = secret(SOFTWARE, shown, path, "Pass", word.text or "", word.where)
        found += [made] if made else []
    for word in section.words("passcmd"):
        shift = (word.text or "").startswith("+")
        where = word.where._replace(column=word.where.column + shift)
        made = echoed_secret(SOFTWARE, shown, path, "PassCmd", (word.text or "")[shift:], where)
        found += [made] if made else []
    return found
