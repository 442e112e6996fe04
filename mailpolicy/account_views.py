"""What msmtp and mpop do with an account alike: TLS, the check of certificates, where the password is.

After ``check_account`` and the main functions of msmtp 1.8.23 and mpop 1.4.18 to 1.4.23.
"""

from __future__ import annotations

from mailpolicy.account_files import Account, Value
from mailpolicy.account_lines import FINGERPRINTS, Dialect, number
from mailpolicy.addresses import host_scope
from mailpolicy.facts import Draft
from mailpolicy.passwords import echoed, echoed_secret, is_placeholder, secret
from mailpolicy.placeholders import PLACEHOLDER
from mailpolicy.tls_priorities import lowest
from mailpolicy.types import Fact, Origin

NO_PASSWORD = frozenset({"external", "gssapi"})
"""Login methods without a password of the file's."""
TOKEN = frozenset({"oauthbearer", "xoauth2"})


class View:
    """An account as the program of one version completes it. None stands for unknown."""

    def __init__(
        self, account: Account, dialect: Dialect, version: tuple[int, ...], trust_since: tuple[int, ...]
    ) -> None:
        self.account = account
        self.software = dialect.software
        self.trust_since = trust_since
        """The version from which on the system's certificates are trusted by default."""
        self.version = version
        self.builtin = Origin("default", None, f"{self.software} {'.'.join(map(str, version))}")

    def text(self, name: str, default: str = "") -> str | None:
        """The argument that holds, the default when no line sets it, None when a template decides."""
        value = self.account.last(name)
        return default if value is None else value.text

    def switch(self, name: str, default: bool) -> bool | None:
        """An on/off setting; a bare command means on."""
        text = self.text(name, "on" if default else "off")
        return None if text is None else text != "off"

    def origins(self, *names: str) -> tuple[Origin, ...]:
        """The chains of some settings one after the other; a setting without a line brings its default."""
        out: list[Origin] = []
        for name in names:
            out.extend(self.account.origins(name) or (self.builtin,))
        return tuple(sorted(dict.fromkeys(out), key=lambda origin: origin.where is not None))

    @property
    def tls(self) -> str | None:
        """The connection's mode."""
        on, starttls = self.switch("tls", False), self.switch("tls_starttls", True)
        if on is False:
            return "none"
        if on is None or starttls is None:
            return None
        return "required" if starttls else "implicit"

    @property
    def trust(self) -> str | None:
        """The trust file: an empty argument in ``defaults`` falls back to the system's, in an account it does not."""
        value = (self.account.own.get("tls_trust_file") or (None,))[-1]
        if value is None:
            value = self.account.last("tls_trust_file")
            if value is None or value.text == "":
                return "system" if self.version >= self.trust_since else ""
        return value.text


def missing_host(view: View) -> bool:
    """Whether the account names nothing to connect to."""
    return view.text("host") == "" and view.text("socket") == ""


def place(draft: Draft, view: View) -> bool:
    """Puts host, scope and the port that is stated; False when the port is left to say."""
    socket, host = view.text("socket"), view.text("host")
    if socket:
        draft.put("host", socket, view.origins("socket"))
        draft.put("scope", "loopback", view.origins("socket"))
        return True
    host = None if socket is None else host
    draft.maybe("host", host or None, view.origins("host"))
    draft.maybe("scope", host_scope(host) if host else None, view.origins("host"))
    stated = view.account.last("port")
    if stated is not None:
        port = number(stated.text) if stated.text else None
        draft.maybe("port", port, view.origins("port"))
        draft.put("port_stated", True, view.origins("port"))
        return True
    draft.put("port_stated", False, (view.builtin,))
    return False


def default_port(draft: Draft, view: View, implicit: int, other: int) -> None:
    """Puts the port that the program takes by itself, which TLS from the first byte changes."""
    if view.tls is None:
        draft.unknown("port", view.origins("tls", "tls_starttls"))
        return
    first = view.tls == "implicit"
    why = tuple(o._replace(how="implies") for o in view.account.origins("tls_starttls")) if first else ()
    draft.put("port", implicit if first else other, (view.builtin, *why))


def security(draft: Draft, view: View) -> None:
    """Puts tls, verify and what belongs to them."""
    tls = view.tls
    blamed = ("tls",) if tls == "none" else ("tls", "tls_starttls")
    draft.maybe("tls", tls, view.origins(*blamed))
    check = view.switch("tls_certcheck", True)
    fingerprint = view.text("tls_fingerprint")
    if tls == "none":
        draft.put("verify", "none", view.origins("tls"))
    elif check is False:
        draft.put("verify", "none", view.origins("tls_certcheck"))
    elif tls is None or check is None or fingerprint is None:
        draft.unknown("verify", view.origins("tls_certcheck", "tls_fingerprint", "tls"))
    elif fingerprint:
        draft.put("verify", "fingerprint", view.origins("tls_certcheck", "tls_fingerprint"))
        draft.put("fingerprint_hash", FINGERPRINTS[len(fingerprint)], view.origins("tls_fingerprint"))
    else:
        draft.put("verify", "ca", view.origins("tls_certcheck"))
    priorities = view.account.last("tls_priorities")
    if tls != "none" and priorities is not None and priorities.text != "":
        known, floor = lowest(priorities.text or "")
        if floor or not known:
            draft.maybe("tls_min", floor, view.origins("tls_priorities"))


def credential(view: View, method: str) -> tuple[str | None, tuple[Origin, ...]]:
    """Where the password is kept; ``password`` wins over ``passwordeval``."""
    if method == "off" or method in NO_PASSWORD:
        return "none", view.origins("auth")
    for name, kept in (("password", "literal"), ("passwordeval", "command")):
        text = view.text(name)
        if text is None or (name == "password" and text and is_placeholder(text)):
            return None, view.origins(name)
        if text:
            return "literal" if echoed(text) and kept == "command" else kept, view.origins(name)
    return "prompt", (view.builtin._replace(note=f"{view.builtin.note}: key ring, ~/.netrc, else it asks"),)


def unusable(view: View) -> tuple[str | None, tuple[Origin, ...]]:
    """Why the program opens no session for the account although it reads the file (``check_account``)."""
    unchecked = _unchecked(view) if view.tls in ("required", "implicit") else None
    if unchecked is not None:
        return unchecked
    key, certificate = view.text("tls_key_file"), view.text("tls_cert_file")
    if (key == "") != (certificate == "") and None not in (key, certificate):
        missing = "tls_key_file" if key == "" else "tls_cert_file"
        return f"{missing} is missing", view.origins("tls_key_file", "tls_cert_file")
    if view.trust == "" and view.text("tls_crl_file"):
        return "tls_crl_file needs a tls_trust_file", view.origins("tls_trust_file", "tls_crl_file")
    return None, ()


def _unchecked(view: View) -> tuple[str, tuple[Origin, ...]] | None:
    """Why TLS cannot begin."""
    if view.text("socket") and view.text("host") == "" and view.text("tls_host_override") == "":
        return "TLS over a socket needs a host name to check", view.origins("socket")
    pinned = view.text("tls_fingerprint") != "" or view.switch("tls_certcheck", True) is not True
    if view.trust == "" and not pinned:
        return "TLS has nothing to check the certificate with", view.origins("tls", "tls_trust_file")
    return None


def secrets(software: str, name: str, value: Value, path: str, version: tuple[int, ...]) -> Fact | None:
    """The secret fact of a password that stands in the file; None for commands, placeholders and empty values."""
    text, shown = value.text or "", ".".join(map(str, version))
    if name == "passwordeval":
        return echoed_secret(software, shown, path, name, text, value.where)
    if " " in text and PLACEHOLDER.search(text):
        return None
    return secret(software, shown, path, name, text, value.where)
