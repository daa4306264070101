"""Every example on the page on comparing is what the code says."""

from collections import defaultdict

from tests.meta.project import ROOT, rows, section

from kumihimo.people.bank_kana import bank_kana, kana_agree
from kumihimo.people.comparing import compare_names, read_names
from kumihimo.people.fits import Grade, fit
from kumihimo.people.kana import canonical_kana
from kumihimo.people.levels import HolderLevel, NameLevel
from kumihimo.people.names import canonical_name, weak_name

PAGE = (ROOT / "docs" / "reference" / "comparing.md").read_text("utf-8")


def tables(heading):
    """Return the rows under a heading by how many cells they have."""
    found = defaultdict(list)
    for row in rows(section(PAGE, heading)):
        found[len(row)].append(tuple(row))
    return found


def same(one, other, form):
    return "same" if form(one) == form(other) else "apart"


def test_what_the_page_says_of_the_keys_is_what_they_do():
    [heading, *examples] = tables("## What key A folds")[4]
    assert heading == ("one", "other", "key A", "key B")
    assert len(examples) > 15
    for one, other, strict, weak in examples:
        assert same(one, other, canonical_name) == strict, one
        assert same(one, other, weak_name) == weak, one


def test_what_the_page_says_of_readings_is_what_is_done():
    [_, *examples] = tables("## Readings")[3]
    assert examples
    for one, other, told in examples:
        assert same(one, other, canonical_kana) == told, one


def test_what_the_page_says_of_levels_is_what_is_answered():
    found = tables("## Levels of two sets of names")[2]
    at = found.index(("a record writes", "level"))
    told = {level for cell, _ in found[1:at] for level in cell.replace("`", "").split(", ")}
    assert told == {level.value for level in NameLevel}
    hers = read_names("渡邊　花子", kana="ワタナベ　ハナコ", former_surname="髙橋", alias="林　花")
    his = read_names("SMITH JOHN PAUL")
    for written, level in found[at + 1 :]:
        held = his if written.isascii() else hers
        assert compare_names(read_names(written), held) == level, written


def test_what_the_page_says_of_holders_is_what_is_answered():
    found = tables("## Holders of accounts")
    for reading, banks in found[2][1:]:
        assert bank_kana(reading) == banks
    told = set()
    for reading, holder, level in found[3][1:]:
        assert kana_agree(reading, holder) == level, reading
        told.add(level)
    assert told == {level.value for level in HolderLevel} - {"missing"}


def test_what_the_page_says_of_fits_is_what_is_graded():
    found = tables("## Does a reading fit a name?")
    assert [row[0].strip("`") for row in found[2][1:]] == [grade.value for grade in Grade]
    for name, reading, grade, failed in found[4][1:]:
        got = fit(name, reading)
        assert (got.grade, ", ".join(got.failed)) == (grade, failed), name
