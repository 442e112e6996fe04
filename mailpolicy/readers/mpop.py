"""mpop, a POP3 client: ``~/.mpoprc``, ``mpop/config``.

After mpop(1), ``read_conffile``, ``check_account`` and ``pop3_auth`` of mpop 1.4.18 to 1.4.23. Its files are like those
of msmtp, but the first command must open a section, there is always a login, and mail is removed after delivery.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mailpolicy import account_inventory
from mailpolicy.account_files import Account
from mailpolicy.account_inventory import Program
from mailpolicy.account_lines import NO_ARGUMENT, NUMBER, ON_OFF, OTHER, PORT, TEXT, Dialect
from mailpolicy.account_views import NO_PASSWORD, TOKEN, View, credential, default_port, place, security, unusable
from mailpolicy.facts import begun
from mailpolicy.mailboxes import mailbox
from mailpolicy.providers import wants_oauth2
from mailpolicy.tree import Tree
from mailpolicy.types import Fact, Inventory, Origin, Unread, Version

SOFTWARE = "mpop"
FILES = ".mpoprc, mpop/config"
PROVEN = "mpop 1.4.18, run with the same files; up to 1.4.23 from its source"
LIMITS = "what eval prints unless it is a plain echo; key rings and .netrc"

_TRUST_BY_DEFAULT = (1, 4, 2)
_IN_CLEAR = frozenset({"user", "plain", "login", *TOKEN})
_KEPT = re.compile(r"(?:[0-9]+[dhms])+")
_SECONDS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_DURATIONS = (1, 4, 23)
_SIZE = re.compile(r"[0-9]+[kKmM]?")

_COMMANDS: dict[str, str] = {
    **dict.fromkeys(("tls", "tls_starttls", "tls_certcheck", "only_new", "received_header"), ON_OFF),
    **dict.fromkeys(("user", "password", "passwordeval", "ntlmdomain", "filter", "proxy_host", "source_ip"), TEXT),
    **dict.fromkeys(("tls_key_file", "tls_cert_file", "tls_trust_file", "tls_crl_file", "tls_priorities"), TEXT),
    **dict.fromkeys(("tls_host_override", "tls_force_sslv3", "socket", "host", "uidls_file"), TEXT),
    **dict.fromkeys(("account", "eval", "auth", "timeout", "pipelining", "delivery", "keep", "killsize"), OTHER),
    **dict.fromkeys(("skipsize", "tls_fingerprint"), OTHER),
    "defaults": NO_ARGUMENT,
    "port": PORT,
    "proxy_port": PORT,
    "tls_min_dh_prime_bits": NUMBER,
}
_SINCE = {"source_ip": (1, 2, 8), "socket": (1, 4, 8), "tls_host_override": (1, 4, 8), "eval": (1, 4, 17)}
_METHODS: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(("user", "plain", "apop", "gssapi", "external", "cram-md5", "digest-md5", "login", "ntlm"), ()),
    "scram-sha-1": (),
    "oauthbearer": (1, 4, 4),
    "xoauth2": (1, 4, 11),
    "scram-sha-256": (1, 4, 13),
    "scram-sha-1-plus": (1, 4, 19),
    "scram-sha-256-plus": (1, 4, 19),
}
_TAINTED = (
    "host", "port", "socket", "tls", "tls_starttls", "tls_certcheck", "tls_fingerprint", "tls_trust_file",
    "tls_priorities", "tls_host_override", "tls_key_file", "tls_cert_file", "tls_crl_file",
    "auth", "user", "password", "passwordeval", "keep", "only_new", "delivery",
)  # fmt: skip


def _accepts(command: str, argument: str, version: tuple[int, ...]) -> bool | None:
    if command == "keep":
        lasting = version >= _DURATIONS and _KEPT.fullmatch(argument) is not None
        return argument in ("", "on", "off") or lasting
    if command == "delivery":
        return re.match(r"(?:mda|maildir|mbox|exchange)[ \t]", argument) is not None
    if command in ("killsize", "skipsize"):
        return argument == "off" or _SIZE.fullmatch(argument) is not None
    return None


_DIALECT = Dialect(
    software=SOFTWARE,
    newest=(1, 4, 23),
    commands=_COMMANDS,
    since=_SINCE,
    methods=_METHODS,
    method_words=("", "on"),
    needed=frozenset({"host", "port", "timeout", "delivery", "uidls_file", "killsize", "skipsize", "eval"}),
    words={"pipelining": ("", "auto", "on", "off")},
    accepts=_accepts,
    tainted=_TAINTED,
    implicit=False,
)
_TELLING = frozenset(
    {"account", "delivery", "keep", "killsize", "skipsize", "only_new", "uidls_file", "received_header"}
)


def groups(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Each file by itself."""
    return [(path,) for path in paths]


def sniff(text: str) -> bool:
    """Whether the first lines are all mpop's (or a template's), with a host and two commands that msmtp has not."""
    return account_inventory.sniff(text, _DIALECT, _TELLING, 2)


def read(tree: Tree, paths: tuple[str, ...], version: Version | None) -> Inventory:
    """The accounts of one file as connections, and its passwords."""
    return account_inventory.inventory(tree, paths[0], version, _PROGRAM)


def _view(account: Account, version: tuple[int, ...]) -> View:
    return View(account, _DIALECT, version, _TRUST_BY_DEFAULT)


def _method(view: View) -> str | None:
    """Login method in lower case; ``on`` when mpop chooses: without TLS none that shows the password."""
    text = view.text("auth", "on")
    return "on" if text == "" else text


def _connection(view: View, names: Sequence[str], path: str, refused: Unread | None) -> Fact:
    draft = begun("connection", view.account.where, SOFTWARE, ".".join(map(str, view.version)), path)
    if len(names) > 1:
        draft.declared = draft.declared._replace(note=f"also account {', '.join(names[:-1])}")
    draft.maybe("account", names[-1] if names else None)
    draft.put("protocol", "pop3")
    draft.put("role", "access")
    if not place(draft, view):
        default_port(draft, view, 995, 110)
    security(draft, view)
    method = _method(view)
    auth = view.origins("auth")
    draft.put("authenticates", True, auth)
    draft.maybe("mechanisms", None if method is None else () if method == "on" else (method.upper(),), auth)
    draft.maybe("cleartext_credentials", _in_clear(method, view.tls), view.origins("auth", "tls"))
    draft.maybe("credential", *credential(view, method or "on"))
    if wants_oauth2(view.text("host") or "") and method not in (None, *TOKEN, *NO_PASSWORD):
        draft.put("provider", "oauth2", view.origins("host", "auth"))
    host, user = view.text("tls_host_override" if view.text("socket") else "host"), view.text("user")
    if host and user:
        draft.put("mailbox", mailbox(user, host), view.origins("host", "user"))
    kept, days = _kept(view)
    draft.maybe("deletes_on_server", kept, view.origins("keep"))
    if days is not None:
        draft.put("keeps_days", days, view.origins("keep"))
    draft.maybe("uidl", view.switch("only_new", True), view.origins("only_new"))
    draft.put("broken", *((refused.why, (Origin("sets", refused.where),)) if refused else _broken(view)))
    return draft.fact()


def _in_clear(method: str | None, tls: str | None) -> bool | None:
    if tls in ("required", "implicit") or (method is not None and method not in _IN_CLEAR):
        return False
    return None if method is None or tls is None else True


def _kept(view: View) -> tuple[bool | None, int | None]:
    """Whether mail is removed after delivery, and after how many days; without ``keep`` it is removed at once."""
    text = view.text("keep", "off")
    if text is None or text in ("", "on", "off"):
        return (None, None) if text is None else (text == "off", None)
    seconds = sum(int(n) * _SECONDS[unit] for n, unit in re.findall(r"([0-9]+)([dhms])", text))
    return True, seconds // 86400


def _broken(view: View) -> tuple[str | None, tuple[Origin, ...]]:
    """Why mpop opens no session although it reads the file."""
    why = unusable(view)
    if why[0] is not None:
        return why
    if view.account.last("delivery") is None:
        return "no delivery is set", (view.builtin,)
    if view.text("user") == "" and _method(view) not in (None, "external"):
        return "a login needs a user", view.origins("user")
    return None, ()


_IDENTITY = (
    "host", "port", "socket", "tls_fingerprint", "tls_priorities", "auth", "user", "password", "passwordeval", "keep",
    "only_new",
)  # fmt: skip
_PROGRAM = Program(_DIALECT, _view, _connection, _IDENTITY)
