"""Every example of the page on addresses, birth dates and sex is what the code says."""

from datetime import date

import attrs
import pytest
from tests.meta.project import ROOT, rows, section

from kumihimo.people.address_levels import AddressLevel, compare_addresses
from kumihimo.people.addresses import Address, AddressParts, address_parts
from kumihimo.people.birth_levels import BirthLevel, compare_births
from kumihimo.people.births import BirthDate
from kumihimo.people.renamings import Renamings
from kumihimo.people.sexes import Sex

PAGE = (ROOT / "docs" / "reference" / "comparing-addresses.md").read_text("utf-8")


def examples(heading, columns):
    """Return the rows of the table with these columns below a heading."""
    found = rows(section(PAGE, heading))
    start = found.index(list(columns)) + 1
    ends = [
        n
        for n, row in enumerate(found)
        if n > start and (len(row) != len(columns) or row[0] in {"one", "level"})
    ]
    return found[start : ends[0] if ends else None]


PARTS = examples("## Parts of an address", ["written", *attrs.fields_dict(AddressParts)])
ADDRESSES = examples("## Levels of two addresses", ["one", "other", "level"])
DATES = examples("## Birth dates", ["written", "read as"])
BIRTHS = examples("## Birth dates", ["one", "other", "level"])


@pytest.mark.parametrize(("written", "parts"), [(row[0], tuple(row[1:])) for row in PARTS])
def test_an_address_has_the_parts_that_the_page_says(written, parts):
    assert attrs.astuple(address_parts(written)) == parts


@pytest.mark.parametrize(("one", "other", "level"), ADDRESSES)
def test_two_addresses_agree_as_the_page_says(one, other, level):
    assert compare_addresses(Address.parse(one), Address.parse(other)) == level


@pytest.mark.parametrize(("written", "read"), DATES)
def test_a_birth_date_is_read_as_the_page_says(written, read):
    assert BirthDate.parse(written).reveal_canonical() == read


@pytest.mark.parametrize(("one", "other", "level"), BIRTHS)
def test_two_birth_dates_agree_as_the_page_says(one, other, level):
    assert compare_births(BirthDate.parse(one), BirthDate.parse(other)) == level


@pytest.mark.parametrize(
    ("heading", "levels"),
    [("## Levels of two addresses", AddressLevel), ("## Birth dates", BirthLevel)],
)
def test_the_page_has_every_level_in_its_order(heading, levels):
    listed = [row[0].strip("`") for row in examples(heading, ["level", "meaning"])]
    assert listed == list(levels)


def test_the_table_of_renamings_on_the_page_is_one():
    line = section(PAGE, "## Places that were renamed").split("```text\n")[1].split("```")[0]
    table = Renamings.parse(line, on=date(2026, 4, 1))
    found = table.renamed(address_parts("篠山市北新町41"))
    assert found == address_parts("兵庫県丹波篠山市北新町41")


def test_the_words_of_sex_are_those_on_the_page():
    told, untold, *_ = section(PAGE, "## Sex").split(";")
    assert all(Sex.parse(word) for word in ("1", "男", "男性", "M", "2", "女", "女性", "F"))
    assert all(word in told for word in ("男性", "女性"))
    for word in ("0", "3", "9", "不明", "不詳", "その他"):
        assert word in untold
        assert Sex.parse(word) is None
