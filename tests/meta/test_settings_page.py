"""The how-to names every setting of every room, and none that is not there."""

import re

import msgspec
import pytest

from kumihimo.rooms.cards.pages.settings import CounterSettings
from kumihimo.rooms.oversight.client import RoomSettings
from kumihimo.run.check_config_cli import rooms, settings_form
from kumihimo.run.dashboard import CanarySettings, DashboardSettings
from tests.meta.project import ROOT

PAGE = (ROOT / "docs/how-to/run-rooms.md").read_text()
COUNTER_PAGE = (ROOT / "docs/how-to/run-a-counter.md").read_text()
PORTAL_PAGE = (ROOT / "docs/how-to/run-the-portal.md").read_text()
OPERATIONS_PAGE = (ROOT / "docs/reference/operations.md").read_text()
DESK_PAGE = (ROOT / "docs/how-to/review-links.md").read_text()


def told(heading):
    """Return key and default of each row below a heading."""
    section = PAGE.partition(f"### {heading}\n")[2].partition("\n### ")[0]
    return dict(re.findall(r"^\| `(\w+)` \|.*\| ([^|]+) \|$", section, re.MULTILINE))


def keys(room):
    """Return what the page tells of a room."""
    found = dict(told("Every room"))
    if room != "gateway":
        found |= told("oversight, register, linkage, ledger, jpki, cards, agency")
    if room in {"register", "linkage", "gateway", "jpki", "cards", "agency"}:
        found |= told(room)
    return found


def compare(form, page):
    fields = {field.name: field for field in msgspec.structs.fields(form)}
    assert set(page) == set(fields)
    for name, field in fields.items():
        if field.default is field.default_factory is msgspec.NODEFAULT:
            assert page[name] == "needed", name
        elif field.default is not msgspec.NODEFAULT and field.default:
            assert page[name].strip("`") == str(field.default), name
        else:
            assert page[name] != "needed", name


@pytest.mark.parametrize("room", [room for room in rooms() if room not in {"portal", "review"}])
def test_every_setting_stands_on_the_page_with_its_default(room):
    compare(settings_form(room), keys(room))


@pytest.mark.parametrize(
    ("form", "page"),
    [
        (CounterSettings, COUNTER_PAGE),
        (settings_form("review"), DESK_PAGE),
        (settings_form("portal"), PORTAL_PAGE),
    ],
    ids=["counter", "review", "portal"],
)
def test_every_setting_of_a_room_of_pages_stands_on_their_own_page_with_its_default(form, page):
    section = page.partition("## 1. Settings\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \|.*\| ([^|]+) \|$", section, re.MULTILINE)
    compare(form, dict(rows))


@pytest.mark.parametrize(
    ("form", "heading"), [(DashboardSettings, "One page of all rooms"), (CanarySettings, "Canary")]
)
def test_every_setting_of_the_operators_page_stands_beside_it_with_its_default(form, heading):
    section = OPERATIONS_PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \|.*\| ([^|]+) \|$", section, re.MULTILINE)
    compare(form, dict(rows))


def test_what_every_room_has_is_told_once():
    assert set(told("Every room")) == set(RoomSettings.__struct_fields__)
