"""sendmail.mc: what its macros say (cf/m4/cfhead.m4, proto.m4 and cf/feature/*.m4 of 8.17.1.9)."""

from __future__ import annotations

import re

from mailpolicy.readers.sendmail import cf
from mailpolicy.readers.sendmail.core import BUILTINS
from mailpolicy.readers.sendmail.m4 import Call, Machine, Stopped, plain
from mailpolicy.readers.sendmail.model import Config, Feature, Run, Setting, Text, sets
from mailpolicy.readers.sendmail.names import (
    CLASSES,
    DEBIAN,
    DEFAULTS,
    DOMAINS,
    FEATURES,
    OPTIONS,
    OSTYPE_DEBIAN,
    SECTIONS,
    SILENT,
)
from mailpolicy.readers.sendmail.tables import placed
from mailpolicy.types import Span, Unread, Unreadable

_OWN = re.compile(r"(?:^|/)(?:m4/(?:cf|cfhead|proto|version)|debian/autoconf)\.m4$")
_EMPTY = re.compile(r"(?:^|/)mail/m4/(?:dialup|provider)\.m4$")
"""Files that Debian's package makes, with nothing in them that matters here."""

_MOST = 100
_TEMPLATE = re.compile(r"\{\{|\{%|<%|\$\{[A-Z_]+\}|\$[A-Z_]{3,}|__[A-Z_]+__|@[A-Z_]+@")


class Mc(Machine):
    """m4 with the macros of Sendmail."""

    def __init__(self, config: Config) -> None:
        super().__init__({**BUILTINS, **MACROS})
        self.config = config
        self.includes = 0
        for name, text in DEFAULTS.items():
            self.define(name, plain(text))

    def open(self, path: str) -> None:
        """Puts a file in front of the input. Raises Unreadable, Stopped."""
        source = self.config.tree.source(path)
        self.includes += 1
        if self.includes > _MOST:
            raise Stopped("this file includes itself", Span(path, 1, 1, 2))
        self.push(Text([Run(source.text, source)]))
        if path not in self.config.files:
            self.config.files.append(path)


def load(config: Config) -> None:
    """Everything that a sendmail.mc says. Raises Unreadable for the file itself."""
    machine = Mc(config)
    text = config.tree.source(config.path).text
    machine.comments = re.search(r"include\(.*m4/cf\.m4", text) is not None  # else built by: m4 cf.m4 sendmail.mc
    try:
        machine.open(config.path)
        machine.run()
    except Stopped as end:
        config.broken.append(Unread(end.where or Span(config.path, 1, 1, 2), str(end)))
    _daemons(machine)
    for number in sorted(machine.output):
        cf.lines(config, Text(machine.output[number]), True)
    _options(machine)
    _files(machine)
    _hosts(machine)


def _options(machine: Mc) -> None:
    for name, option in OPTIONS.items():
        macro = machine.value(name)
        if macro is not None:
            text = machine.expand(macro.body)
            known = not _TEMPLATE.search(text.text)
            machine.config.settings[option] = Setting(text if known else None, sets(macro.where))


def _files(machine: Mc) -> None:
    """The file of class R."""
    macro = machine.value("confCR_FILE")
    if macro is not None:
        cf.class_file(machine.config, "R", machine.expand(macro.body).text)


def _hosts(machine: Mc) -> None:
    """Where mail is sent, as proto.m4 writes it to macros of the configuration."""
    names = {"SMART_HOST": "S", "MAIL_HUB": "H", "LOCAL_RELAY": "R", "RELAY_MAILER_ARGS": "{relay}",
             "ESMTP_MAILER_ARGS": "{esmtp}", "SMTP_MAILER_ARGS": "{smtp}", "confDOMAIN_NAME": "j"}  # fmt: skip
    for name, letter in names.items():
        macro = machine.value(name)
        if macro is not None:
            machine.config.macros[letter] = machine.expand(macro.body)


def _daemons(machine: Mc) -> None:
    """The sockets that proto.m4 adds: MTA where none is named, and MSA unless it is told not to."""
    config = machine.config
    old = machine.value("confDAEMON_OPTIONS")
    if old is not None:
        config.daemons.append(machine.expand(old.body))
    if not config.daemons:
        config.daemons.append(plain("Name=MTA"))
    if "no_default_msa" not in config.features:
        config.daemons.append(plain("Port=587, Name=MSA, M=E"))


def _ostype(machine: Machine, call: Call) -> None:
    config = _config(machine)
    config.bsd = re.match(r"(?:open|free|net)bsd", call.arg(1).text) is not None
    if call.arg(1).text == "debian":
        config.debian = True
        for name, text in (*DEBIAN.items(), *OSTYPE_DEBIAN.items()):
            machine.define(name, plain(text))


def _domain(machine: Machine, call: Call) -> None:
    config, name = _config(machine), call.arg(1).text
    known = DOMAINS.get(name)
    if known is not None:
        for macro, text in known.items():
            machine.define(macro, plain(text))
        if name == "debian-msp":
            config.features["no_default_msa"] = Feature(call.where)
        return
    _include_file(machine, call, f"/usr/share/sendmail/cf/domain/{name}.m4")


def _feature(machine: Machine, call: Call) -> None:
    config = _config(machine)
    name, where = call.arg(1).text.strip(), call.arg(1).whole() or call.where
    if not name:
        return
    if name not in FEATURES:
        if where is not None and not _TEMPLATE.search(name):
            config.unread.append(Unread(where, f"m4 finds no feature {name}: this has no effect"))
        return
    if name == "relay_mail_from" and "access_db" not in config.features:
        if where is not None:
            config.unread.append(Unread(where, "relay_mail_from has no effect without access_db before it"))
        return
    config.features[name] = Feature(where, tuple(machine.expand(arg) for arg in call.args[1:]))
    if name == "msp":
        config.submits = True
    elif name == "nullclient":
        for macro in ("MAIL_HUB", "SMART_HOST"):
            machine.define(macro, call.arg(2), call.arg(2).whole())
    elif name == "greet_pause" and not call.arg(2).text:
        del config.features[name]


def _daemon_options(machine: Machine, call: Call) -> None:
    config = _config(machine)
    config.daemons.append(machine.expand(call.arg(1)))
    for extra in call.args[1:]:
        where = extra.whole()
        if where is not None and extra.text.strip():
            why = "m4 drops this: the argument of DAEMON_OPTIONS is not quoted, and ends at the first comma"
            config.unread.append(Unread(where, why))


def _client_options(machine: Machine, call: Call) -> None:
    _config(machine).macros["{client}"] = machine.expand(call.arg(1))


def _class(machine: Machine, call: Call) -> None:
    config = _config(machine)
    name = call.name.removesuffix("_FILE")
    text = machine.expand(call.arg(1))
    if name != call.name:
        cf.class_file(config, CLASSES[name], text.text)
    else:
        cf.class_words(config, CLASSES[name], text)


def _versionid(machine: Machine, call: Call) -> None:
    """Debian's package writes its version into the file that it brings along."""
    config = _config(machine)
    found = re.search(r"\.mc, *v (8)\.(1[0-9])\.[0-9.]+(?:-\S*?deb(\d+)u\d)?", call.arg(1).text)
    if found and not config.fixed:
        config.numbers = (int(found[1]), int(found[2]))
        config.patched = found[3] is not None


def _section(machine: Machine, call: Call) -> Text | None:
    machine.diversion = SECTIONS[call.name]
    return None


def _include(machine: Machine, call: Call) -> None:
    _include_file(machine, call, call.arg(1).text.strip())


def _include_file(machine: Machine, call: Call, name: str) -> None:
    config = _config(machine)
    assert isinstance(machine, Mc)
    if _OWN.search(name):
        machine.comments = False
        if name.endswith("autoconf.m4"):
            for macro, text in DEBIAN.items():
                machine.define(macro, plain(text))
        return
    path = placed(config, name)
    where = call.arg(1).whole() or call.where
    if path is None or not config.tree.exists(path):
        if call.name == "sinclude" or _EMPTY.search(name) or where is None:
            return
        config.gap = config.gap or where
        config.notes.append(f"{where}: {name} is not here; what it sets is not known")
        return
    try:
        machine.open(path)
    except Unreadable as problem:
        config.unread.append(Unread(where or Span(config.path, 1, 1, 2), f"{name} {problem}"))


def _config(machine: Machine) -> Config:
    assert isinstance(machine, Mc)
    return machine.config


def _nothing(machine: Machine, call: Call) -> None:
    """A macro that says nothing that facts come from."""


MACROS = {
    "OSTYPE": (_ostype, True), "DOMAIN": (_domain, True), "FEATURE": (_feature, True),
    "DAEMON_OPTIONS": (_daemon_options, True), "CLIENT_OPTIONS": (_client_options, True),
    "VERSIONID": (_versionid, True),
    "include": (_include, False), "sinclude": (_include, False),
    **dict.fromkeys(CLASSES, (_class, True)), **{f"{name}_FILE": (_class, True) for name in CLASSES},
    **dict.fromkeys(SECTIONS, (_section, True)), **dict.fromkeys(SILENT, (_nothing, True)),
}  # fmt: skip
