"""Cipher suites and Diffie-Hellman groups of one smtpd (Postfix 3.7 tls_misc.c tls_set_ciphers(), smtpd.c)."""

from __future__ import annotations

from mailpolicy.facts import Draft
from mailpolicy.readers.postfix.params import View
from mailpolicy.types import Span

_ASKED_BY_GRADE = {"low": "LOW", "export": "EXP:LOW"}
"""What a grade by itself asks for, beside ``null``; ``high`` and ``medium`` are Postfix's own lists."""

_REFUSED = frozenset(("anonymous",))
"""Postfix sets security level 0: a list without !eNULL lets clients in that do not encrypt. Anonymous suites are in
its own lists, too, for the sake of mail servers."""

_LISTS = tuple(f"tls_{grade}_cipherlist" for grade in ("high", "medium", "low", "export", "null"))


def put(draft: Draft, view: View, tls: str) -> None:
    """``tls``: optional, required or implicit."""
    _put_ciphers(draft, view, tls)
    if view.is_set("tls_preempt_cipherlist"):
        flag = view.flag("tls_preempt_cipherlist")
        whose = {True: "server", False: "client"}.get(flag) if flag is not None else None
        draft.maybe("cipher_preference", whose, view.get("tls_preempt_cipherlist").origins)
    if view.is_set("smtpd_tls_dh1024_param_file"):
        group = view.get("smtpd_tls_dh1024_param_file")
        if group.text in ("", "auto"):
            draft.put("dh_file", None, group.origins)
        else:
            draft.maybe("dh_file", group.text, group.origins)


def _put_ciphers(draft: Draft, view: View, tls: str) -> None:
    kind = "smtpd_tls_" if tls == "optional" else "smtpd_tls_mandatory_"
    excluding = ("smtpd_tls_exclude_ciphers", *((f"{kind}exclude_ciphers",) if tls != "optional" else ()))
    if not any(map(view.is_set, (f"{kind}ciphers", *_LISTS))):
        return
    grade = view.get(f"{kind}ciphers")
    word = (grade.text or "").lower()
    if word == "null":
        draft.put("broken_ciphers", ("null",), grade.origins)
        return
    asked = _ASKED_BY_GRADE.get(word)
    name = f"tls_{'medium' if word in ('low', 'export') and view.version >= (3, 8) else word}_cipherlist"
    listed: list[tuple[str, Span | None]] = []
    chain = grade.origins
    if view.is_set(name):
        chain = (*chain, *view.get(name).origins)
        listed = view.elements(name)
    elif asked and view.is_set(f"{kind}ciphers"):
        listed = [(asked, grade.locate(0, len(grade.raw)))]
    unsure = grade.text is None or any(view.get(n).text is None for n in (name, *excluding))
    if not listed and not unsure:
        return
    from mailpolicy import ciphers

    out = [(f"!{part}", None) for e in excluding for text, _ in view.elements(e) for part in text.split(":") if part]
    out += [("!aNULL", None)] if view.flag("smtpd_tls_ask_ccert") else []
    ciphers.put(draft, None if unsure else [*listed, *out], chain, view.default(name) or "", _REFUSED)
