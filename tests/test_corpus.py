"""Real configurations, where the folder beside the checkout holds them: no crash, no silence, sound positions."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mailpolicy import compiled, gather, run
from mailpolicy.cli import main
from mailpolicy.policy import Policy
from mailpolicy.readers import format_of
from mailpolicy.tree import Disk, walk
from mailpolicy.types import Fact

CORPUS = Path(__file__).parent.parent.parent / "shared" / "corpus"
PLACES = sorted(path for kind in ("servers", "clients") for path in (CORPUS / kind).glob("*") if path.is_dir())

pytestmark = pytest.mark.skipif(not PLACES, reason=f"no corpus in {CORPUS}")


def recognised(place: Path) -> list[str]:
    return [path for path, is_folder in walk(str(place), []) if not is_folder and format_of(path)]


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_facts_and_findings_have_sound_positions(place: Path) -> None:
    tree = Disk()
    gathered = gather.gather(tree, [str(place)], Policy(), {})
    assert [why for _, why in gathered.errors if "mailpolicy failed" in why] == []
    spans = [o.where for f in gathered.inventory.facts for chain in f.origins.values() for o in chain if o.where]
    spans += [unread.where for unread in gathered.inventory.unread]
    rules = compiled.load().rules
    inventory, derived = run.derive(tree, gathered.inventory, run.this_day())
    findings = run.judged(tree, inventory, derived, rules, rules).findings
    spans += [finding.where for finding in findings]
    for span in set(spans):
        try:
            line = tree.source(span.file).line(span.line)
        except Exception:
            continue  # unreadable files have no lines
        assert 1 <= span.column < span.end_column <= max(2, len(line) + 1), span
    for fact in gathered.inventory.facts:
        assert_known_fields(fact)


def assert_known_fields(fact: Fact) -> None:
    from mailpolicy.rules import load_schema

    fields = load_schema(f"{fact.kind}.schema.json")["properties"]
    assert isinstance(fields, dict)
    assert set(fact.values) <= set(fields)


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_halves_of_files(place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number, path in enumerate(recognised(place)):
        data = Path(path).read_bytes()
        folder = tmp_path / str(number) / os.path.basename(os.path.dirname(path))
        folder.mkdir(parents=True)
        (folder / os.path.basename(path)).write_bytes(data[: len(data) // 2])
    if any(tmp_path.iterdir()):
        code = main(["check", str(tmp_path)])
        captured = capsys.readouterr()
        assert code in (0, 1, 2)
        assert "mailpolicy failed" not in captured.err + captured.out
        assert captured.err.strip()
