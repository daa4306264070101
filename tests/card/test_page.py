"""docs/reference/card.md says of files, commands, carriers and switches what the code does."""

import re

import attrs
import pytest

from kumihimo.card.carriers import CARRIERS, ORDINARY
from kumihimo.card.chip import _INTERINDUSTRY, _PROPRIETARY
from kumihimo.card.files import File, Key, Opens, Pin, Records, Reference
from kumihimo.card.selecting import ATR_OBJECT, OBJECTS
from kumihimo.card.switches import Switches
from tests.meta.project import ROOT, rows, section

PAGE = (ROOT / "docs/reference/card.md").read_text("utf-8")


def table(heading):
    return rows(section(PAGE, heading))[1:]


def opened(opens: Opens):
    if opens is None:
        return "everybody"
    states = sorted(f"`{s:04X}`" if isinstance(s, int) else s.value for s in opens)
    return ", ".join(states) or "nobody"


def told(entry):
    match entry:
        case File():
            return "file", opened(entry.read)
        case Records():
            return "records", opened(entry.read)
        case Key():
            return f"key for `{entry.answers:02X}`", opened(entry.use)
        case Reference():
            return "reference", "nobody"
        case _:
            assert isinstance(entry, Pin)
            how = f"changed by `{entry.change:02X}`" if entry.change else None
            return f"PIN, {entry.limit} tries", how or "never changed by the holder"


@pytest.mark.parametrize("application", ORDINARY.applications, ids=lambda one: one.name)
def test_every_file_stands_on_the_page_with_who_opens_it(application):
    heading = f"### {application.name}"
    assert f"`{application.aid.hex().upper()}`" in section(PAGE, heading)
    page = [(row[0], row[2], row[3]) for row in table(heading)]
    code = [(f"`{entry.fid:04X}`", *told(entry)) for entry in application.entries.values()]
    assert page == code
    assert all(row[1] for row in table(heading))


def test_every_object_stands_on_the_page():
    tags = [row[0] for row in table("### Before any application")]
    assert tags == [f"`{tag:04X}`" for tag in (*OBJECTS, ATR_OBJECT)]


def test_every_command_stands_on_the_page():
    page = {row[0] for row in rows(section(PAGE, "## Commands"))[1:]}
    code = {f"`00 {ins:02X}`" for ins in _INTERINDUSTRY}
    code |= {f"`80 {ins:02X}`" for ins in _PROPRIETARY}
    assert page == code | {"`08 xx`"}


def test_every_carrier_stands_on_the_page():
    page = [row[:4] for row in table("## Carriers")]
    code = [
        [
            f"`{card.name}`",
            f"`{card.label}`",
            ", ".join(application.name for application in card.applications),
            card.key_type.value,
        ]
        for card in CARRIERS.values()
    ]
    assert page == code


def test_every_switch_stands_on_the_page_with_its_default():
    page = {row[0].strip("`"): row[1].strip("`") for row in table("## Switches")}
    code = {
        field.name: "no" if field.default is False else f"{field.default:04X}"
        for field in attrs.fields(Switches)
    }
    assert page == code


def test_what_is_our_choice_is_marked_so():
    assert len(re.findall(r"\bours\b", PAGE)) > 10
