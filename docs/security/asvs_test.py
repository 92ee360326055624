"""The table of ASVS 5.0 names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TABLE = (Path(__file__).parent / "asvs.md").read_text()


def every_test_that_is_named_exists() -> None:
    sources = [*ROOT.glob("crates/**/*.rs"), *ROOT.glob("deploy/keycloak/tests/*_test.py")]
    tree = "\n".join(path.read_text() for path in sources if "node_modules" not in path.parts)
    defined = set(re.findall(r"\b(?:fn|def) (\w+)", tree))
    rows = [line.split("|")[4] for line in TABLE.splitlines() if re.match(r"\| \d", line)]
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert len(named) > 100
    assert sorted(named - defined) == []


def every_chapter_is_there() -> None:
    chapters = [int(number) for number in re.findall(r"^## V(\d+) ", TABLE, re.MULTILINE)]
    assert chapters == list(range(1, 18))
