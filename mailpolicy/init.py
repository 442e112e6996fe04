"""A first mailpolicy.yaml for a project."""

from __future__ import annotations

import os

_TEXT = """\
# What this project asks of its mail configuration. Everything here is optional.
# Reference: mailpolicy rules, mailpolicy explain RULE, schemas/declaration.schema.json
policy:
  profile: default
  rules: {}
    # starttls-access-port-open: off
  exclude: []

# Public host names, the folders that hold their files, and the versions of the programs there:
# hosts:
#   mail.example.org:
#     directories: [etc]
#     software: {postfix: "3.7", dovecot: "2.3"}

# Clients that no file here configures:
# clients:
#   - {name: scanner, protocol: smtp, host: mail.example.org, port: 587, tls: required}
"""


def create(directory: str) -> str:
    """Writes ``mailpolicy.yaml`` into a folder and says so. Raises OSError; never overwrites."""
    path = os.path.join(directory, "mailpolicy.yaml") if directory != "." else "mailpolicy.yaml"
    with open(path, "x", encoding="utf-8") as file:
        file.write(_TEXT)
    return f"wrote {path}; next: mailpolicy check {directory}"
