"""The pages name tests that exist, and the attack matrix has a row for each id that a test carries."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ASVS = (Path(__file__).parent / "asvs.md").read_text()
MATRIX = (Path(__file__).parent / "attack-matrix.md").read_text()
SOURCES = [
    path.read_text()
    for path in [*ROOT.glob("crates/**/*.rs"), *ROOT.glob("deploy/keycloak/tests/*_test.py")]
    if "node_modules" not in path.parts
]
DEFINED = {name for text in SOURCES for name in re.findall(r"\b(?:fn|def) (\w+)", text)}


def _rows(page: str, beginning: str) -> list[tuple[str, list[str]]]:
    """The id of each row that begins so, and the tests that its last cell names."""
    rows = [line.split("|") for line in page.splitlines() if re.match(beginning, line)]
    return [(cells[1].strip(), re.findall(r"`(\w+)`", cells[4])) for cells in rows]


REQUIREMENTS = _rows(ASVS, r"\| \d")
ATTACKS = _rows(MATRIX, r"\| [A-Z]\d")


@pytest.mark.parametrize("rows", [REQUIREMENTS, ATTACKS], ids=["asvs", "attack-matrix"])
def every_test_that_is_named_exists(rows: list[tuple[str, list[str]]]) -> None:
    named = {name for _, names in rows for name in names}
    assert len(named) > 100
    assert sorted(named - DEFINED) == []


def every_chapter_is_there() -> None:
    chapters = [int(number) for number in re.findall(r"^## V(\d+) ", ASVS, re.MULTILINE)]
    assert chapters == list(range(1, 18))


def every_id_in_the_name_of_a_test_has_a_row_that_names_it() -> None:
    named = {(number, name) for number, names in ATTACKS for name in names}
    carried = set()
    for name in DEFINED:
        ids = re.match(r"(?:[a-z]\d{2,}_)*", name)[0]
        carried |= {(number.upper(), name) for number in ids.split("_") if number}
    assert len(carried) > 100
    assert sorted(carried - named) == []


def every_id_beside_an_input_has_one_row() -> None:
    ids = [number for number, _ in ATTACKS]
    assert sorted(number for number in ids if ids.count(number) > 1) == []
    labels = [label for text in SOURCES for label in re.findall(r'"((?:[BDHIJ]\d{2,3}\b ?)+)', text)]
    beside = {number for label in labels for number in label.split()}
    assert len(beside) > 50
    assert sorted(beside - set(ids)) == []
