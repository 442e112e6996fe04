"""What Haraka's folder says of the server as a whole, and settings that stand where nothing reads them."""

from __future__ import annotations

from collections.abc import Iterator

from mailpolicy.addresses import network_scope
from mailpolicy.facts import Draft
from mailpolicy.readers.haraka.folder import CONNECTION_INI, Folder
from mailpolicy.readers.haraka.ini import Ini
from mailpolicy.readers.haraka.listeners import login
from mailpolicy.types import Fact, Origin


def settings(folder: Folder) -> Iterator[Fact]:
    """Settings that stand in a file where no version looks for them, or this one no longer."""
    connection, smtp = folder.inis.get("connection.ini", Ini()), folder.inis.get("smtp.ini", Ini())
    listen = connection.last("listen")
    wrong = [(listen, "listen in smtp.ini")] if listen else []
    if folder.version >= CONNECTION_INI:
        hidden = smtp.last("show_version", "headers")
        wrong += [(hidden, "show_version in connection.ini, [headers]")] if hidden else []
    for item, instead in wrong:
        draft = folder.draft("setting", item.where)
        draft.put("name", item.name, item.origins)
        draft.put("state", "ignored", item.origins)
        draft.put("instead", instead, item.origins)
        yield draft.fact()


def server(folder: Folder) -> Fact:
    """The server: its name, greeting, and who may tell it other addresses."""
    draft = folder.draft("server", folder.start)
    named = folder.lists.get("me")
    if named:
        draft.put("host", named[0].text, (Origin("sets", named[0].where),))
    draft.put("vrfy", False, (folder.by(),))
    _put_banner(draft, folder)
    offered = login(folder)
    if offered.mechanisms:
        draft.put("login_throttle", True, offered.origins)
    _put_forged(draft, folder)
    return draft.fact()


def _put_banner(draft: Draft, folder: Folder) -> None:
    """A greeting of one's own has no version; the built-in one has it unless ``show_version`` is off."""
    new = folder.version >= CONNECTION_INI
    ini = folder.inis.get("connection.ini" if new else "smtp.ini", Ini())
    greeting = ini.last("greeting", "message") if new else None
    show = ini.last("show_version", "headers")
    words = () if new else folder.lists.get("smtpgreeting", ())
    if greeting is not None and greeting.value:
        draft.put("banner_version", False, greeting.origins)
    elif words:
        draft.put("banner_version", False, (Origin("sets", words[0].where),))
    elif show is not None:
        draft.maybe("banner_version", show.yes, show.origins)
    elif folder.version >= (3, 0):
        draft.put("banner_version", True, (folder.by(),))
    else:
        draft.unknown("banner_version", (folder.by(),))


def _put_forged(draft: Draft, folder: Folder) -> None:
    """Hosts that may use PROXY, and XCLIENT where its plugin is loaded."""
    if folder.version >= CONNECTION_INI:
        hosts = [
            (i.value, i.where) for i in folder.inis.get("connection.ini", Ini()).all("hosts", "haproxy") if i.known
        ]
    else:
        hosts = [(word.text, word.where) for word in folder.lists.get("haproxy_hosts", ())]
    if folder.plugin("xclient"):
        hosts += [(word.text, word.where) for word in folder.lists.get("xclient.hosts", ())]
    if hosts:
        scope = network_scope(text for text, _ in hosts)
        by = tuple(Origin("sets", where) for text, where in hosts if network_scope((text,)) == scope)
        draft.put("forged_client_networks", tuple(text for text, _ in hosts), by)
        draft.maybe("forged_client_scope", scope, by)
