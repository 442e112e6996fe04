"""The fields of the session that a repository opens.

STARTTLS is used where the server offers it and nothing of the certificate is checked then; a tunnel goes before ssl.
"""

from __future__ import annotations

from mailpolicy.readers.offlineimap.repositories import Repository
from mailpolicy.readers.offlineimap.tunnels import tunnel
from mailpolicy.sessions import Told, maybe, unknown

_READABLE = frozenset({"PLAIN", "LOGIN", "XOAUTH2"})


def fields(repository: Repository) -> tuple[dict[str, Told], Told | None]:
    """Fields of schemas/connection.schema.json, and the login name."""
    ssl, mechanisms = repository.ssl(), repository.mechanisms()
    preauth = None if repository.gmail else repository.text("preauthtunnel")
    transport = repository.text("transporttunnel")
    told = {"protocol": Told("imap"), "role": Told("access")}
    if preauth is not None and transport is not None:
        repository.fault("there are two tunnels: preauthtunnel and transporttunnel", transport.by)
    command = preauth if preauth is not None and (preauth.value or not preauth.known) else transport
    if command is not None and (command.value or not command.known):
        told |= _through(repository, command, ssl, mechanisms)
    else:
        told["host"] = repository.host()
        told["port"], stated = repository.port(ssl)
        told["port_stated"] = Told(stated, told["port"].by)
        told |= _directly(repository, ssl, mechanisms)
    if command is not None and command is preauth:
        told["authenticates"] = Told(False, preauth.by)
        return told, None
    told |= _login(repository, mechanisms, told["tls"])
    return told, repository.evaluated("remoteusereval") or repository.text("remoteuser")


def _directly(repository: Repository, ssl: Told, mechanisms: Told) -> dict[str, Told]:
    checked, algorithm = repository.checked() if ssl.value is not False else (Told("none"), None)
    if ssl.value is False and _empty(repository.text("sslcacertfile")):
        repository.fault("sslcacertfile is empty: OfflineIMAP finds no such file", ssl.by)
    if not ssl.known:
        return {"tls": unknown(ssl.by), "verify": unknown(ssl.by)}
    if not ssl.value:
        return _starttls(repository, ssl, mechanisms)
    told = {"tls": Told("implicit", ssl.by), "verify": checked}
    version = repository.tls_version()
    if version is not None:
        told["tls_min"] = version
    if algorithm in ("sha1", "sha256", "sha512"):
        told["fingerprint_hash"] = Told(algorithm, checked.by)
    return told


def _empty(told: Told | None) -> bool:
    return told is not None and told.known and not told.value


def _starttls(repository: Repository, ssl: Told, mechanisms: Told) -> dict[str, Told]:
    """What a session that begins in clear comes to. GSSAPI alone is tried without TLS."""
    starttls = repository.starttls()
    by = (*ssl.by, *starttls.by)
    if not starttls.known or (starttls.value and not mechanisms.known):
        return {"tls": unknown((*by, *mechanisms.by)), "verify": Told("none", by)}
    if not starttls.value:
        return {"tls": Told("none", by)}
    if mechanisms.value == ("GSSAPI",):
        return {"tls": Told("none", mechanisms.by)}
    return {"tls": Told("opportunistic", by), "verify": Told("none", by)}


def _through(repository: Repository, command: Told, ssl: Told, mechanisms: Told) -> dict[str, Told]:
    """A command to talk through. Without ssl = no, STARTTLS is not asked for in it either."""
    by = command.by
    end = tunnel(str(command.value)) if command.known else tunnel("")
    told = {
        "host": maybe(end.host, by),
        "port": maybe(end.port, by),
        "port_stated": Told(end.port is not None, by),
        "tls": maybe(end.tls, by),
        "verify": maybe(end.verify, by),
    }
    if end.tls == "none" and end.host != "localhost" and ssl.value is False:
        told |= _starttls(repository, ssl, mechanisms)
    return told


def _login(repository: Repository, mechanisms: Told, tls: Told) -> dict[str, Told]:
    tokens = repository.tokens()
    told = {"authenticates": Told(True, mechanisms.by)}
    if not mechanisms.known:
        told |= {"mechanisms": mechanisms, "credential": unknown(mechanisms.by)}
        told["cleartext_credentials"] = Told(False, tls.by) if _covered(tls) else unknown((*tls.by, *mechanisms.by))
        return told
    words = mechanisms.value if isinstance(mechanisms.value, tuple) else ()
    chosen = repository.text("auth_mechanisms") is not None
    told["mechanisms"] = Told(
        words if chosen or tokens is not None else (), (*mechanisms.by, *(tokens.by if tokens else ()))
    )
    if words == ("GSSAPI",):
        told["credential"] = Told("none", mechanisms.by)
    elif set(words) <= {"GSSAPI", "XOAUTH2"}:
        if tokens is None and "GSSAPI" not in words:
            repository.fault(
                "XOAUTH2 has no token: neither oauth2_refresh_token nor oauth2_access_token", mechanisms.by
            )
        told["credential"] = tokens if tokens is not None else Told("none", mechanisms.by)
    else:
        told["credential"] = repository.password()
    readable = bool(_READABLE.intersection(map(str, words)))
    if not readable or _covered(tls):
        told["cleartext_credentials"] = Told(False, (*tls.by, *mechanisms.by) if not readable else tls.by)
    else:
        told["cleartext_credentials"] = Told(True, tls.by) if tls.known else unknown(tls.by)
    return told


def _covered(tls: Told) -> bool:
    return tls.value in ("implicit", "required")
