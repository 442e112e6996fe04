"""The version of mailpolicy."""

VERSION = "0.1.0"
