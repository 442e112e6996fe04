"""What an access list says to one client (exim spec, chapter 43)."""

from __future__ import annotations

from collections.abc import Mapping

from mailpolicy.lean import NamedTuple
from mailpolicy.readers.exim.expand import SOME, Expander, Failed
from mailpolicy.readers.exim.lists import Client, Lists
from mailpolicy.readers.exim.marked import Marked, unplaced
from mailpolicy.readers.exim.model import VERBS, Condition, Model, Option, Statement
from mailpolicy.types import Span

_DEEPEST = 15
_MOST_STEPS = 5000
"""Statements that one session is followed through: lists may ask one another."""
_NEVER = frozenset(
    [
        "dnslists",
        "malware",
        "spam",
        "ratelimit",
        "regex",
        "mime_regex",
        "decode",
        "spf",
        "spf_guess",
        "demime",
        "dcc",
        "seen",
        "bmi_optin",
    ]
)
"""Conditions that a client which sends decent mail at a decent rate does not meet."""
_CHOICE = frozenset(("senders", "sender_domains", "local_parts"))
"""Conditions on what the client chooses."""


class Answer(NamedTuple):
    """What a list says: let in or not, None where it cannot be told; the statement that says so."""

    accepts: bool | None
    where: Span | None
    value: Marked | None = None
    """The condition that lets in or keeps out, where one does."""


class Asked:
    """One client in one session; remembers ``acl_c`` and ``acl_m`` variables."""

    def __init__(self, model: Model, lists: Lists, client: Client, offered: tuple[str, ...] = ()) -> None:
        self.model, self.lists, self.client, self.offered = model, lists, client, offered
        self.steps = 0
        self.variables: dict[str, str | None] = dict(_variables(model, client))
        self.expander = Expander(self.variables, self._exists, self._matches)

    def _exists(self, name: str) -> bool | None:
        from mailpolicy.tree import place

        path = place(name, self.lists.home, self.lists.folder)
        if path is None:
            return None
        inside = name.startswith(self.lists.home + "/") and self.lists.home == "/etc/exim4"
        return True if self.lists.tree.exists(path) else False if inside else None

    def _matches(self, kind: str, subject: str, text: str) -> bool | None:
        if kind == "match_ip":
            return self.lists.hosts(unplaced(text), self.client._replace(address=subject), self.expander)
        if kind == "match_domain":
            return self.lists.domains(unplaced(text), subject, self.expander)
        if kind in ("inlist", "inlisti") and SOME not in text:
            from mailpolicy.readers.exim.marked import elements

            return subject in [element.text for element in elements(unplaced(text))]
        return None

    def truth(self, option: Option | None, default: str) -> bool | None:
        """An option that is a condition."""
        if option is None:
            return self.expander.truth(default)
        return self.expander.truth(option.value.text) if option.known else None

    def among(self, option: Option | None, default: bool | None) -> bool | None:
        """An option that is a host list."""
        if option is None:
            return default
        if not option.known:
            return None
        return self.lists.hosts(option.value, self.client, self.expander)

    def ask(self, name: str, unset: bool | None) -> Answer:
        """The list that ``acl_smtp_<name>`` names; ``unset`` where there is none."""
        option = self.model.options.get(f"acl_smtp_{name}")
        if option is None:
            return Answer(None if self.model.hidden else unset, None)
        if not option.known:
            return Answer(None, None)
        return self.run(option.value, 0)

    def run(self, value: Marked, depth: int) -> Answer:
        """The list that a value means: a name, or the list itself."""
        try:
            text = self.expander.expand(value.text)
        except Failed:
            text = ""
        if text is None or depth > _DEEPEST:
            return Answer(None, value.span())
        words = text.split()
        word = words[0] if words else ""
        found = self.model.acls.get(word)
        if found is not None:
            self._arguments(words[1:])
            return self._statements(found, depth)
        if not text.strip():
            return Answer(True, None)
        if word.startswith("/"):
            lines = self.lists.statements(word)
            return Answer(None, value.span()) if lines is None else self._inline(lines, depth)
        if word in VERBS:
            return self._inline([unplaced(line) for line in text.split("\n")] if "\n" in text else [value], depth)
        return Answer(None if self.model.hidden else False, value.span())

    def _inline(self, lines: list[Marked], depth: int) -> Answer:
        """A list that stands in the option itself, or in a file of its own: a fault in it is met by each client."""
        inline: list[Statement] = []
        refused, self.model.lexer.refused = self.model.lexer.refused, []
        for line in lines:
            self.model.statement(inline, line, False)
        faults, self.model.lexer.refused = self.model.lexer.refused, refused
        return Answer(False, faults[0].where) if faults else self._statements(inline, depth)

    def _arguments(self, words: list[str]) -> None:
        """What a list is called with."""
        for number in range(1, 10):
            self.variables[f"acl_arg{number}"] = words[number - 1] if number <= len(words) else ""
        self.variables["acl_narg"] = str(len(words))

    def _statements(self, statements: list[Statement], depth: int) -> Answer:
        perhaps: dict[bool, Answer] = {}
        for statement in statements:
            self.steps += 1
            if self.steps > _MOST_STEPS:
                return Answer(None, statement.where)
            if statement.verb == "unknown":
                perhaps.setdefault(True, Answer(None, None))
                perhaps.setdefault(False, Answer(None, None))
                continue
            if statement.verb == "warn":
                self._holds(statement, depth)
                continue
            holds, ended, reason = self._holds(statement, depth)
            said = _says(statement.verb, holds, ended)
            for accepts in said:
                if accepts is None:
                    continue
                answer = Answer(accepts, statement.where, reason)
                if len(said) == 1 and not statement.maybe:
                    return _with(answer, perhaps)
                perhaps.setdefault(accepts, answer)
        return _with(Answer(False, None), perhaps)

    def _holds(self, statement: Statement, depth: int) -> tuple[bool | None, bool, Marked | None]:
        """Whether all conditions hold, whether ``endpass`` was passed, and the one that decided."""
        whole: bool | None = True
        ended = False
        reason: Marked | None = None
        for condition in statement.conditions:
            if condition.name == "endpass":
                ended = ended or whole is True
            elif condition.name == "set":
                self._set(condition, whole)
            else:
                holds = self._one(condition, statement.verb, depth)
                if holds is False:
                    return False, ended, condition.value
                if holds is None:
                    whole = None
                elif condition.name in ("hosts", "domains", "condition", "authenticated", "recipients"):
                    reason = condition.value if reason is None or condition.name != "domains" else reason
        return whole, ended, reason

    def _set(self, condition: Condition, whole: bool | None) -> None:
        name, _, value = condition.value.text.partition("=")
        try:
            made = self.expander.expand(value.strip())
        except Failed:
            return
        certain = whole is True and not condition.maybe and condition.value.known
        self.variables[name.strip()] = made if certain else None

    def _one(self, condition: Condition, verb: str, depth: int) -> bool | None:
        if condition.maybe:
            return None
        if condition.name in _CHOICE:
            return self._choice(condition, verb)
        holds = self._plain(condition, depth)
        return holds if holds is None or not condition.negated else not holds

    def _choice(self, condition: Condition, verb: str) -> bool | None:
        """The client takes what suits it: it is not refused, but a list that lets it in by what it says is unknown."""
        if condition.value.known and condition.value.text.strip() in ("*", "*@*"):
            return not condition.negated
        return {"deny": False, "drop": False, "defer": False, "discard": False, "require": True}.get(verb)

    def _plain(self, condition: Condition, depth: int) -> bool | None:
        name, value = condition.name, condition.value
        if name in _NEVER:
            return False
        if name == "hosts":
            return self.lists.hosts(value, self.client, self.expander)
        if name == "domains":
            return self.lists.domains(value, self.client.domain, self.expander)
        if name == "recipients":
            return self.lists.addresses(value, self.client, self.expander)
        if name == "encrypted":
            return _any(value, self.client.tls)
        if name == "authenticated":
            return self._authenticated(value)
        if name == "condition":
            return self.expander.truth(value.text) if value.known else None
        if name == "verify":
            return self._verified(value.text)
        if name == "acl":
            return self.run(value, depth + 1).accepts
        if name == "unknown" or name.startswith(("dkim", "dmarc", "arc")):
            return None
        return True

    def _authenticated(self, value: Marked) -> bool | None:
        if not self.client.login:
            return False
        if value.text.strip() == "*":
            return True
        words = {word.strip().upper() for word in value.text.split(":")}
        return bool(words & set(self.offered))

    def _verified(self, text: str) -> bool | None:
        word = text.strip().split("=")[0].split("/")[0].strip()
        if word == "recipient":
            return True if self.client.domain != "elsewhere.invalid" or self._routes() else None
        if word == "certificate":
            return False
        known = ("sender", "helo", "header_syntax", "header_sender", "header_names_ascii", "not_blind",
                 "reverse_host_lookup", "csa")  # fmt: skip
        return True if word in known else None

    def _routes(self) -> bool:
        drivers = (router.text("driver") for router in self.model.drivers["routers"].values())
        return any(driver in ("dnslookup", "manualroute") for driver in drivers)


def _with(answer: Answer, perhaps: Mapping[bool, Answer]) -> Answer:
    """The answer, unknown where an earlier statement may have given the other."""
    other = perhaps.get(not answer.accepts)
    return Answer(None, other.where, other.value) if other is not None else answer


def _any(value: Marked, is_so: bool) -> bool | None:
    if not is_so or not value.known:
        return None if not value.known else False
    return True if value.text.strip() == "*" else None


def _says(verb: str, holds: bool | None, ended: bool) -> tuple[bool | None, ...]:
    """All that a statement may say; None for nothing."""
    yes: bool | None = {"accept": True, "discard": False, "require": None}.get(verb, False)
    no: bool | None = False if verb == "require" or (verb in ("accept", "discard") and ended) else None
    if holds is None:
        return (yes, no) if yes != no else (yes,)
    return (yes,) if holds else (no,)


def _variables(model: Model, client: Client) -> Mapping[str, str | None]:
    """What a client's session gives to expansions."""
    tls = SOME if client.tls else ""
    found: dict[str, str | None] = dict.fromkeys(
        ("tls_in_cipher", "tls_cipher", "tls_in_ver", "tls_in_cipher_std"), tls
    )
    found.update(dict.fromkeys(("tls_in_bits", "tls_bits"), "256" if client.tls else "0"))
    found.update(dict.fromkeys(("received_port", "interface_port"), str(client.port)))
    found.update(dict.fromkeys(("received_ip_address", "interface_address"), client.local_address or SOME))
    found.update(dict.fromkeys(("authenticated_id", "sender_host_authenticated"), SOME if client.login else ""))
    found["sender_host_address"] = client.address
    found["domain"] = client.domain
    found["tls_in_peerdn"] = found["tls_peerdn"] = None
    for name in ("primary_hostname", "qualify_domain"):
        option = model.options.get(name)
        if option is not None and option.known and "$" not in option.value.text:
            found[name] = option.value.text
    return found
