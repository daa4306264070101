"""Reference pages say what the code says, no more and no less."""

import configparser
import importlib
import pkgutil
import re
from typing import get_args

import kumihimo
from kumihimo.kernel import problems
from kumihimo.kernel.refusal import Refusal
from kumihimo.rooms.linkage.api import Outcome
from tests.meta.project import ROOT, rows, section

REFERENCE = ROOT / "docs" / "reference"
# Run by the stock Python of a machine before there is an environment; they import nothing of ours.
NOT_IMPORTED = ("kumihimo.run.launcher", "kumihimo.__main__")


def page(name):
    return (REFERENCE / name).read_text("utf-8")


def table(name, heading):
    """Return a table's rows under a heading, without its header, without backticks."""
    found = [[c.replace("`", "") for c in row] for row in rows(section(page(name), heading))]
    return found[1:]


def listed(cell):
    return [one.strip() for one in cell.split(",")]


def contracts():
    parser = configparser.ConfigParser()
    parser.read_string((ROOT / ".importlinter").read_text("utf-8"))
    start = "importlinter:contract:"
    return {n.removeprefix(start): parser[n] for n in parser.sections() if n.startswith(start)}


def modules(text):
    return [line.strip() for line in text.strip().splitlines() if line.strip()]


def short(module):
    return module.removeprefix("kumihimo.").removeprefix("rooms.")


def layers(contract):
    rows = modules(contract["layers"])
    return [sorted(short(m.strip(" ()")) for m in re.split(r"[|:]", row)) for row in rows]


def test_the_page_of_rooms_has_the_floors_of_the_linter():
    floors = [sorted(listed(row[1])) for row in table("rooms.md", "## Floors")]
    assert floors == layers(contracts()["floors"])


def test_the_page_of_rooms_has_the_order_of_the_rooms():
    order = [sorted(listed(row[1])) for row in table("rooms.md", "## Rooms")]
    assert order == layers(contracts()["rooms"])


def test_the_page_of_rooms_has_the_floors_inside_each_room():
    told = {
        row[0]: [sorted(listed(floor)) for floor in row[1].split("/")]
        for row in table("rooms.md", "## Inside a room")
    }
    held = {
        name.removesuffix("-floors"): layers(contract)
        for name, contract in contracts().items()
        if name.endswith("-floors") and name != "new-floors"
    }
    assert told == held
    assert all(contracts()[f"{room}-floors"]["exhaustive"] == "True" for room in told)


def test_the_page_of_rooms_says_who_knows_no_synthetic_people():
    told = section(page("rooms.md"), "## The synthetic nation")
    assert all(f"`{short(m)}`" in told for m in modules(contracts()["synthetic"]["source_modules"]))


def test_the_page_of_rooms_has_the_walls_of_the_linter():
    told = {row[0]: set(listed(row[1])) - {"nothing"} for row in table("rooms.md", "## Walls")}
    walls = {
        name: {
            short(line.partition(" -> ")[2]) for line in modules(contract.get("ignore_imports", ""))
        }
        for name, contract in contracts().items()
        if contract["name"].startswith("Walls:")
    }
    assert told == walls


def test_every_room_has_a_wall_against_every_other_and_stands_on_the_page():
    rooms = {path.parent.name for path in (ROOT / "src/kumihimo/rooms").glob("*/app.py")}
    for room in rooms:
        contract = contracts()[room]
        assert modules(contract["source_modules"]) == [f"kumihimo.rooms.{room}"]
        forbidden = {short(m) for m in modules(contract["forbidden_modules"])}
        assert forbidden == rooms - {room}
    assert {row[0] for row in rows(page("rooms.md"))[1 : 1 + len(rooms)]} == {
        f"`{room}`" for room in rooms
    }


def test_the_page_of_rooms_has_what_a_decision_never_reaches():
    told = table("rooms.md", "## Doors")
    for row, name in zip(told, ("decisions", "translation"), strict=True):
        contract = contracts()[name]
        assert sorted(listed(row[0])) == sorted(map(short, modules(contract["source_modules"])))
        assert sorted(listed(row[1])) == sorted(map(short, modules(contract["forbidden_modules"])))


def test_no_contract_of_the_linter_is_left_off_the_page():
    known = {"floors", "rooms", "spark", "synthetic", "decisions", "translation", "new-floors"}
    walls = {row[0] for row in table("rooms.md", "## Walls")}
    inside = {f"{row[0]}-floors" for row in table("rooms.md", "## Inside a room")}
    assert set(contracts()) == known | walls | inside


def declared():
    """Return each code with the class that declares it; imports everything first."""
    for module in pkgutil.walk_packages(kumihimo.__path__, "kumihimo."):
        if module.name not in NOT_IMPORTED:
            importlib.import_module(module.name)
    found = {}
    waiting = [Refusal]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if "code" in vars(kind) and kind.__module__.startswith("kumihimo."):
            found.setdefault(kind.code, []).append(kind)
    return found


def test_every_refusal_stands_on_the_page_with_its_status_and_title():
    told = sorted(table("refusals.md", "## Refusals"))
    coded = sorted(
        [code, str(kind.status), kind.title, kind.__module__.removeprefix("kumihimo.")]
        for code, kinds in declared().items()
        for kind in kinds
    )
    assert told == coded


def test_no_two_refusals_share_a_code():
    assert {code: kinds for code, kinds in declared().items() if len(kinds) > 1} == {}


def test_what_a_door_answers_by_itself_stands_on_the_page():
    told = table("refusals.md", "## What a door answers by itself")
    titles = [[code, str(status), title] for status, (code, title) in problems.HTTP_TITLES.items()]
    assert told[:-1] == titles
    assert told[-1][:2] == ["internal", "500"]


def test_every_outcome_stands_on_the_page_and_means_something():
    told = table("refusals.md", "## Outcomes of an inquiry")
    assert [row[0] for row in told] == list(get_args(Outcome))
    assert all(row[1] for row in told)


def test_every_row_of_the_actor_table_names_its_test_or_says_that_there_is_none():
    for name in ("explanation/what-each-room-knows.md", "threats/README.md"):
        text = (ROOT / "docs" / name).read_text("utf-8")
        held = [row for row in rows(text) if len(row) in {2, 3}]
        assert held
        for row in held:
            proof = row[-1]
            known = proof.startswith(("`tests/", "`.importlinter`"))
            assert known or proof in {"no test yet", "held by", "test"}, row
