"""The server fact: what belongs to no single socket."""

from __future__ import annotations

import re

from mailpolicy.facts import Draft, begun
from mailpolicy.readers.sendmail import session
from mailpolicy.readers.sendmail.model import SOFTWARE, Config, sets
from mailpolicy.types import Fact, Origin, Span

_STRICT_ENDS = (8, 18)


def fact(config: Config, heard: list[Fact], start: Span) -> Fact:
    """Settings of the whole instance."""
    draft = begun("server", start, SOFTWARE, config.version, config.path)
    name = config.macros.get("j")
    if name is not None and re.fullmatch(r"[A-Za-z0-9.-]+", name.text.strip()):
        draft.put("host", name.text.strip(), sets(name.whole()))
    public = any(f.values.get("role") == "mx" and f.values.get("scope") not in ("loopback", None) for f in heard)
    draft.put("public_mx", public)
    _put_vrfy(draft, config)
    _put_banner(draft, config)
    _put_protections(draft, config)
    draft.put("tls_logged", True, config.builtin())
    return draft.fact()


def _put_vrfy(draft: Draft, config: Config) -> None:
    """VRFY and EXPN tell unless novrfy and noexpn, or goaway, are among the privacy options."""
    setting = config.setting("PrivacyOptions")
    if setting is not None and setting.value is None:
        draft.unknown("vrfy", setting.origins)
        return
    text = setting.value.text.lower() if setting is not None and setting.value is not None else ""
    words = set(re.split(r"[\s,]+", text))
    switch = session.feature(config, "x")
    quiet = "goaway" in words or ("novrfy" in words and "noexpn" in words)
    if "goaway" not in words and "novrfy" in words and switch is not None and not switch[0]:
        quiet = True
    draft.put("vrfy", not quiet, setting.origins if setting and setting.origins else config.builtin())


def _put_banner(draft: Draft, config: Config) -> None:
    """$v is the program's version, $Z that of the configuration."""
    setting = config.setting("SmtpGreetingMessage")
    if setting is None:
        draft.put("banner_version", True, config.builtin())
    elif setting.value is None:
        draft.unknown("banner_version", setting.origins)
    else:
        found = re.search(r"\$&?[vZ]|\b8\.1[0-9]\.[0-9]", setting.value.text)
        span = setting.value.span(found.start(), found.end()) if found else setting.value.whole()
        draft.put("banner_version", found is not None, sets(span) or setting.origins or config.builtin())


def _put_protections(draft: Draft, config: Config) -> None:
    """8.18 takes CR LF . CR LF alone for the end (CVE-2023-51765); Srv_Features with O takes that back."""
    loose = session.feature(config, "o")
    if loose is not None and not loose[0]:
        draft.put("smuggling_protection", False, sets(loose[1]))
    elif config.numbers >= _STRICT_ENDS or config.patched:
        draft.put("smuggling_protection", True, config.builtin())
    elif config.debian:
        draft.unknown("smuggling_protection", (Origin("default", None, "Debian has mended older versions too"),))
    else:
        draft.put("smuggling_protection", False, config.builtin())
    waits = config.features.get("greet_pause")
    if waits is not None:
        draft.put("pipelining_protection", True, sets(waits.where))
    elif config.numbers >= _STRICT_ENDS or config.debian:
        draft.unknown("pipelining_protection", config.builtin())
    else:
        draft.put("pipelining_protection", False, config.builtin())
