"""What the command line takes."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from mailpolicy.version import VERSION

argparse._ = str  # type: ignore[attr-defined]  # no translations: looking for them costs a twentieth of a small run
FORMATS = ("text", "json", "sarif", "github")
_HELP = """\
Reads mail server and client configuration, works out what the software would really do, and says
where that breaks mail policy.

  mailpolicy check DIR        findings in everything below DIR
  mailpolicy inspect DIR      what the listeners and clients configured there would do
  mailpolicy explain RULE     why a rule exists, and how to mend what it finds

exit codes: 0 clean; 1 findings; 2 wrong use, or a file that cannot be read; 3 no mail configuration found
"""


class _Parser(argparse.ArgumentParser):
    """Names the nearest option or command when one is unknown."""

    def error(self, message: str) -> None:  # type: ignore[override]
        from mailpolicy.rules import nearest

        hint = ""
        for prefix in ("unrecognized arguments: ", "invalid choice: "):
            if prefix in message:
                word = message.split(prefix)[1].split()[0].strip("'")
                hint = nearest(word, self._known())
        print(f"mailpolicy: {message}{hint}", file=sys.stderr)
        print(f"usage: see '{self.prog} --help'", file=sys.stderr)
        raise SystemExit(2)

    def _known(self) -> list[str]:
        known = [option for action in self._actions for option in action.option_strings]
        for action in self._actions:
            known += [str(choice) for choice in action.choices or ()]
        return known


def _formatter(prog: str) -> argparse.HelpFormatter:
    """With a width of its own: else argparse imports shutil, and that all compression modules, at every start."""
    try:
        width = os.get_terminal_size().columns - 2
    except (OSError, ValueError):
        width = 100
    return argparse.RawDescriptionHelpFormatter(prog, width=min(width, 100))


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The options, as attributes. Exits with 2 on wrong use."""
    if arguments and arguments[0] in COMMANDS:
        # the parser of one command alone: making all of them takes longer than checking a small file
        parser = _Parser(prog=f"mailpolicy {arguments[0]}", formatter_class=_formatter, allow_abbrev=False)
        COMMANDS[arguments[0]][1](parser)
        wanted = parser.parse_args(arguments[1:])
        wanted.command = arguments[0]
    else:
        parser = _whole()
        wanted = parser.parse_args(arguments)
    if "paths" in wanted:
        wanted.paths = wanted.paths or ["."]
    if wanted.command == "check":
        _pair_outputs(parser, wanted)
    return wanted


def _whole() -> _Parser:
    """What stands before a command."""
    parser = _Parser(prog="mailpolicy", description=_HELP, formatter_class=_formatter, allow_abbrev=False)
    parser.add_argument("-V", "--version", action="version", version=f"mailpolicy {VERSION}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", prog="mailpolicy")
    for name, (words, add) in COMMANDS.items():
        add(commands.add_parser(name, help=words, allow_abbrev=False, formatter_class=_formatter))
    return parser


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", metavar="PATH", nargs="*", help="files and folders (default: the current folder)")
    parser.add_argument(
        "--assume",
        metavar="SOFTWARE=VERSION,...",
        type=_assumptions,
        default={},
        help="versions of the programs, as postfix=3.7,dovecot=2.3, where the files do not tell",
    )
    parser.add_argument("--allow-empty", action="store_true", help="exit 0 when no mail configuration is found")
    parser.add_argument("--output", metavar="FILE", action="append", help="write there instead of to stdout")


def _add_check(parser: argparse.ArgumentParser) -> None:
    _add_common(parser)
    parser.add_argument(
        "--format",
        choices=FORMATS,
        action="append",
        help="form of the output; give --format and --output several times for several outputs",
    )
    parser.add_argument(
        "--fail-on",
        choices=("error", "warning", "note", "never"),
        default="warning",
        help="exit 1 for findings at or above this severity (default: warning)",
    )
    parser.add_argument("--strict", action="store_true", help="exit 1 also when a value could not be worked out")
    parser.add_argument("--profile", metavar="NAME", help="default or strict")
    parser.add_argument("--rules", dest="rules_dir", metavar="DIR", help="check the rules in this folder too")
    parser.add_argument(
        "--today", metavar="YYYY-MM-DD", type=_day, help="the day to hold suppressions and certificates against"
    )
    parser.add_argument(
        "--skip-expiry",
        action="store_true",
        help="do not hold certificates against the day, so that no commit fails because time passes",
    )
    parser.add_argument("--color", choices=("auto", "always", "never"), default="auto")
    parser.add_argument("-q", "--quiet", action="store_true", help="findings only, no summary")


def _add_inspect(parser: argparse.ArgumentParser) -> None:
    _add_common(parser)
    parser.add_argument("--format", choices=("text", "json"), default="text")


def _add_rules(parser: argparse.ArgumentParser) -> None:
    """The list of rules takes no options."""


def _add_explain(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("rule", metavar="RULE")


def _add_init(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directory", metavar="DIR", nargs="?", default=".")


COMMANDS: dict[str, tuple[str, Callable[[argparse.ArgumentParser], None]]] = {
    "check": ("check files and folders", _add_check),
    "inspect": ("show what the configuration amounts to", _add_inspect),
    "rules": ("list the rules", _add_rules),
    "explain": ("explain a rule", _add_explain),
    "init": ("write a first mailpolicy.yaml", _add_init),
}


def _assumptions(text: str) -> dict[str, str]:
    found = {}
    for part in text.split(","):
        name, equals, version = part.partition("=")
        if not equals or not any(char.isdigit() for char in version):
            raise argparse.ArgumentTypeError(f"{part!r} is not of the form postfix=3.7")
        found[name.strip().lower()] = version.strip()
    return found


def _day(text: str) -> str:
    from datetime import date

    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day of the form 2027-03-01") from None


def _pair_outputs(parser: argparse.ArgumentParser, wanted: argparse.Namespace) -> None:
    """``--format`` and ``--output`` belong together in order; one more format than outputs goes to stdout."""
    formats = wanted.format or ["text"]
    outputs = wanted.output or []
    if len(outputs) > len(formats) or len(formats) - len(outputs) > 1:
        parser.error("give an --output for each --format; only one may go to stdout")
    wanted.outputs = list(zip(formats, [*outputs, None], strict=False))
