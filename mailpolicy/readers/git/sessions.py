"""What ``git send-email`` and ``git imap-send`` do with their settings.

After git-send-email.perl and imap-send.c of 2.39 to 2.55, Net::SMTP 3.14 and Authen::SASL 2.16.
"""

from __future__ import annotations

import re

from mailpolicy.facts import begun
from mailpolicy.passwords import secret
from mailpolicy.readers.git.config import SOFTWARE, Loaded, View, boolean, helper
from mailpolicy.sessions import Told, connection, maybe, unknown
from mailpolicy.types import Fact, Origin

_SERVICES = {"smtp": 25, "smtps": 465, "submission": 587, "submissions": 465, "imap": 143, "imaps": 993}
_CHALLENGES = frozenset({"CRAM-MD5", "DIGEST-MD5", "EXTERNAL"})
"""What Authen::SASL takes before PLAIN and LOGIN, whatever the server offers."""
_CHECKED = (2, 47)
"""From this version on a port that is no number and no known service is refused."""
RELEVANT = ("smtpserver", "smtpserverport", "smtpencryption", "smtpuser", "smtppass", "smtpauth", "smtpsslcertpath",
            "sendmailcmd")  # fmt: skip


def sends(view: View) -> bool:
    """Whether git send-email opens a session by itself: a server is named, and is no program."""
    server, command = view.text("smtpserver"), view.last("sendmailcmd")
    if command is not None or view.last("smtpserver") is None:
        return False
    return server is None or not server.startswith("/")


def outgoing(view: View, account: str, path: str, version: str) -> Fact:
    """The session of git send-email."""
    entry = view.last("smtpserver")
    assert entry is not None
    encryption = view.text("smtpencryption")
    tls = None if encryption is None else {"ssl": "implicit", "tls": "required"}.get(encryption, "none")
    mode = view.by("smtpencryption")
    told = {"account": Told(account), "protocol": Told("smtp"), "role": Told("submission"), "tls": maybe(tls, mode)}
    told |= _place(view, tls, mode)
    told["verify"] = _verify(view, tls, mode)
    told |= _login(view, tls, mode)
    broken = _broken(view, version)
    if broken is not None:
        told["broken"] = broken
    return connection(begun("connection", entry.head, SOFTWARE, version, path), told)


def _place(view: View, tls: str | None, mode: tuple[Origin, ...]) -> dict[str, Told]:
    """Host and port; a port behind the host's name wins."""
    server, by = view.text("smtpserver"), view.by("smtpserver")
    found = re.fullmatch(r"(\[[^\]]*\]|[^:]*)(?::(\w+))?", server or "")
    if server is None or found is None:
        host, behind = (None if server is None else server), None
    else:
        host, behind = found[1].strip("[]"), found[2]
    told = {"host": maybe((host or "").lower() or None, by)}
    stated = view.last("smtpserverport")
    port = view.text("smtpserverport")
    if behind:
        entry = view.last("smtpserver")
        assert entry is not None
        where = entry.where._replace(column=max(entry.where.column, entry.where.end_column - len(behind)))
        return told | {
            "port": _port(behind, (Origin("sets", where),)),
            "port_stated": Told(True, (Origin("sets", where),)),
        }
    if stated is not None and port not in ("", "0"):
        where_ = view.by("smtpserverport")
        return told | {"port": _port(port, where_), "port_stated": Told(True, where_)}
    known = tls is not None and (stated is not None or view.loaded.missing is None) and server is not None
    default = maybe((465 if tls == "implicit" else 25) if known else None, (*view.by("smtpserverport"), *mode))
    return told | {"port": default, "port_stated": Told(False, view.by("smtpserverport"))}


def _port(text: str | None, by: tuple[Origin, ...]) -> Told:
    number = _SERVICES.get((text or "").lower(), int(text) if text and re.fullmatch(r"\d{1,5}", text) else 0)
    return maybe(number if 0 < number < 65536 else None, by)


def _verify(view: View, tls: str | None, mode: tuple[Origin, ...]) -> Told:
    """An empty smtpsslcertpath turns the check off; without one the system's authorities count."""
    path, by = view.text("smtpsslcertpath", "system"), (*mode, *view.by("smtpsslcertpath"))
    if tls == "none":
        return Told("none", mode)
    if tls is None or (path is None and view.last("smtpsslcertpath") is None):
        return unknown(by)
    return Told("none" if path == "" else "ca", by)


def _login(view: View, tls: str | None, mode: tuple[Origin, ...]) -> dict[str, Told]:
    user, auth = view.last("smtpuser"), view.text("smtpauth")
    by = (*view.by("smtpuser"), *view.by("smtpauth"))
    if (user is None and view.loaded.missing is None) or auth == "none":
        return {"authenticates": Told(False, view.by("smtpauth" if auth == "none" else "smtpuser"))}
    told = {"authenticates": Told(True, by)}
    if user is None or auth is None or not user.certain:
        told = {"authenticates": unknown(by)}
    mechanisms = None if auth is None else tuple(auth.split())
    told["mechanisms"] = maybe(mechanisms, view.by("smtpauth"))
    told["credential"] = _credential(view, "smtppass", told["authenticates"].known)
    readable = None if mechanisms is None else not _CHALLENGES.intersection(mechanisms)
    in_clear = (*by, *mode)
    if tls in ("required", "implicit"):
        told["cleartext_credentials"] = Told(False, in_clear)
    else:
        sure = tls is not None and told["authenticates"].known
        told["cleartext_credentials"] = maybe(readable if sure else None, in_clear)
    return told


def _credential(view: View, key: str, known: bool) -> Told:
    entry = view.last(key)
    if entry is not None and (entry.value or not entry.certain or entry.value is None):
        return maybe("literal" if entry.value and entry.certain else None, view.by(key))
    kept, where = helper(view.loaded)
    return maybe(kept if known and view.loaded.missing is None else None, (*view.by(key), *where))


def _broken(view: View, version: str) -> Told | None:
    """Why git send-email gives up before it has sent anything."""
    if view.loaded.refused is not None:
        return Told(view.loaded.refused.why, (Origin("sets", view.loaded.refused.where),))
    server, auth, port = view.text("smtpserver"), view.text("smtpauth"), view.text("smtpserverport")
    if server and "/" in server:
        return Told("smtpserver is neither a host nor a program's absolute path", view.by("smtpserver"))
    if auth and auth != "none" and not re.fullmatch(r"(?:[A-Z0-9_-]{1,20}\s*)*", auth):
        return Told("smtpauth is no name of a mechanism: upper case is needed", view.by("smtpauth"))
    numbers = tuple(map(int, re.findall(r"\d+", version)))
    odd = port and not port.isdecimal() and port.lower() not in _SERVICES
    if odd and numbers >= _CHECKED:
        return Told("smtpserverport is neither a port nor the name of a service", view.by("smtpserverport"))
    return None


def drafts(view: View, path: str, version: str) -> Fact | None:
    """The session of git imap-send, by libcurl; None without a host or through a tunnel."""
    entry = view.last("host")
    if entry is None or view.last("tunnel") is not None:
        return None
    text = view.text("host")
    scheme, rest = _scheme(text)
    by = view.by("host")
    tls = None if text is None else "implicit" if scheme else "opportunistic"
    told = {"account": Told("imap-send"), "protocol": Told("imap"), "role": Told("access"), "tls": maybe(tls, by)}
    told["host"] = maybe(rest.lower() or None, by)
    port, stated = view.text("port"), view.last("port")
    default = None if tls is None or port is None else 993 if scheme else 143
    if stated is not None and port != "0":
        told |= {"port": _port(port, view.by("port")), "port_stated": Told(True, view.by("port"))}
    else:
        told |= {"port": maybe(default, (*view.by("port"), *by)), "port_stated": Told(False, view.by("port"))}
    told["verify"] = _checked(view)
    method = view.text("authmethod")
    told["authenticates"] = Told(True, view.by("user"))
    told["mechanisms"] = maybe(None if method is None else (method.upper(),) if method else (), view.by("authmethod"))
    told["credential"] = _credential(view, "pass", True)
    readable = None if method is None else method.upper() not in _CHALLENGES
    told["cleartext_credentials"] = (
        Told(False, by) if scheme else maybe(readable if text is not None else None, (*by, *view.by("authmethod")))
    )
    broken = _broken_drafts(view, version)
    if broken is not None:
        told["broken"] = broken
    return connection(begun("connection", entry.head, SOFTWARE, version, path), told)


def _scheme(text: str | None) -> tuple[bool, str]:
    """Whether imaps: stands before a host, and the host."""
    rest = text or ""
    secure = rest.startswith("imaps:")
    rest = rest.removeprefix("imaps:") if secure else rest.removeprefix("imap:")
    return secure, rest.removeprefix("//").split("/")[0].split(":")[0]


def _checked(view: View) -> Told:
    entry = next(reversed(view.held.get("sslverify", ())), None)
    if entry is None:
        return maybe("ca" if view.loaded.missing is None else None, view.by("sslverify"))
    word = True if not entry.given else None if entry.value is None else boolean(entry.value)
    by = (Origin("sets", entry.where),)
    return maybe(None if word is None or not entry.certain else "ca" if word else "none", by)


def _broken_drafts(view: View, version: str) -> Told | None:
    if view.loaded.refused is not None:
        return Told(view.loaded.refused.why, (Origin("sets", view.loaded.refused.where),))
    numbers = tuple(map(int, re.findall(r"\d+", version)))
    if view.text("folder") == "" and numbers < (2, 51):
        return Told("git imap-send needs imap.folder", view.by("folder"))
    return None


def passwords(loaded: Loaded, version: str) -> list[Fact]:
    """Each password that a setting of send-email or imap-send holds."""
    found = []
    for entry in loaded.entries:
        if (entry.section, entry.key) in (("sendemail", "smtppass"), ("imap", "pass")) and entry.value:
            setting = f"{entry.section}.{entry.key}"
            found.append(secret(SOFTWARE, version, entry.where.file, setting, entry.value, entry.where))
    return [fact for fact in found if fact is not None]
