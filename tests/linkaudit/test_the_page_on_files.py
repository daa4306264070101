"""`docs/reference/audit-files.md` has every key of the mapping and every column, and no others."""

import re

import pytest

from kumihimo.linkaudit import schema
from kumihimo.linkaudit.intake.faults import FAULTS
from kumihimo.linkaudit.intake.mapping import Layout, Mapping
from tests.meta.project import ROOT, rows, section

PAGE = (ROOT / "docs" / "reference" / "audit-files.md").read_text("utf-8")


def names(heading):
    """Return the names in the first column of a section's tables."""
    cells = (row[0] for row in rows(section(PAGE, heading)))
    return [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]


@pytest.mark.parametrize(
    ("heading", "columns"),
    [
        ("### rows", schema.ROWS),
        ("### snapshot", schema.SNAPSHOT),
        ("### history", schema.HISTORY),
        ("### bad_rows", schema.BAD_ROWS),
        ("### findings", schema.FINDINGS),
        ("### patterns", [*schema.PATTERNS, "approved_by", "approved_on"]),
        ("### proposals", schema.PROPOSALS),
        ("### collisions", schema.COLLISIONS),
        ("### holders", schema.HOLDERS),
        ("### estimates", schema.ESTIMATES),
    ],
)
def test_every_column_of_a_table_stands_on_the_page_once(heading, columns):
    assert sorted(names(heading)) == sorted(columns)


def test_every_key_of_a_mapping_stands_on_the_page():
    sides = {"rows", "snapshot", "history"}
    keys = {*Mapping.__struct_fields__, *Layout.__struct_fields__} - sides
    assert set(names("## The mapping file")) == keys


def test_every_fault_of_a_row_stands_on_the_page_and_has_a_sentence():
    assert set(names("## What a row is listed for")) == set(schema.Fault) == set(FAULTS)
