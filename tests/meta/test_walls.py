"""The contracts of `.importlinter` hold something: each fails when its wall is broken."""

import ast
from copy import deepcopy

import pytest
from importlinter.application import use_cases
from importlinter.configuration import configure
from importlinter.domain.contract import registry

from tests.meta.project import PACKAGE, ROOT, sources, tree

configure()
OPTIONS = use_cases.read_user_options(str(ROOT / ".importlinter"))
# Contract by its name's beginning, who imports whom; every one of these must be refused.
PLANTED = [
    ("Floors", "kumihimo.kernel.ids", "kumihimo.people.names"),
    ("Floors", "kumihimo.people.names", "kumihimo.statute.law"),
    ("Floors", "kumihimo.statute.law", "kumihimo.rooms.linkage.api"),
    ("Floors", "kumihimo.rooms.register.events", "kumihimo.world.nation"),
    ("Floors", "kumihimo.world.nation", "kumihimo.run.street"),
    ("Rooms", "kumihimo.rooms.oversight.service", "kumihimo.rooms.ledger.api"),
    ("Rooms", "kumihimo.rooms.linkage.service", "kumihimo.rooms.register.api"),
    ("Rooms", "kumihimo.rooms.gateway.answers", "kumihimo.rooms.ledger.api"),
    ("Spark", "kumihimo.linkaudit.pairing", "pyspark"),
    ("World", "kumihimo.run.serving", "kumihimo.world.nation"),
    ("World", "kumihimo.run.services.gateway", "kumihimo.run.settling"),
    ("Walls: register", "kumihimo.rooms.register.events", "kumihimo.rooms.linkage.store"),
    ("Walls: linkage", "kumihimo.rooms.linkage.service", "kumihimo.rooms.oversight.service"),
    ("Walls: gateway", "kumihimo.rooms.gateway.persons", "kumihimo.rooms.register.domain.strict"),
    ("Walls: ledger", "kumihimo.rooms.ledger.service", "kumihimo.rooms.linkage.domain.keys"),
    ("Walls: cards", "kumihimo.rooms.cards.production", "kumihimo.rooms.jpki.issuance"),
    ("Walls: jpki", "kumihimo.rooms.jpki.authorities", "kumihimo.rooms.register.store"),
    ("Rooms", "kumihimo.rooms.gateway.links", "kumihimo.rooms.review.api"),
    ("Walls: portal", "kumihimo.rooms.portal.identity", "kumihimo.rooms.jpki.verifying"),
    ("Walls: review", "kumihimo.rooms.review.telling", "kumihimo.rooms.gateway.links"),
    ("Inside review", "kumihimo.rooms.review.store", "kumihimo.rooms.review.looking"),
    ("Doors: routes", "kumihimo.rooms.review.pages.reviewing", "kumihimo.kernel.sql"),
    ("Rooms", "kumihimo.rooms.agency.service", "kumihimo.rooms.linkage.api"),
    ("Walls: agency", "kumihimo.rooms.agency.service", "kumihimo.rooms.oversight.store"),
    ("Inside agency", "kumihimo.rooms.agency.store", "kumihimo.rooms.agency.service"),
    ("Walls: oversight", "kumihimo.rooms.oversight.service", "kumihimo.rooms.gateway.api"),
    ("Inside register", "kumihimo.rooms.register.domain.strict", "kumihimo.rooms.register.store"),
    ("Inside linkage", "kumihimo.rooms.linkage.store", "kumihimo.rooms.linkage.inquiries"),
    ("Inside gateway", "kumihimo.rooms.gateway.copies", "kumihimo.rooms.gateway.http_files"),
    ("Inside gateway", "kumihimo.rooms.gateway.api", "kumihimo.rooms.gateway.domain.codes"),
    ("Inside ledger", "kumihimo.rooms.ledger.store", "kumihimo.rooms.ledger.sessions"),
    ("Inside oversight", "kumihimo.rooms.oversight.client", "kumihimo.rooms.oversight.store"),
    ("Inside oversight", "kumihimo.rooms.oversight.api", "kumihimo.rooms.oversight.service"),
    ("Inside jpki", "kumihimo.rooms.jpki.store", "kumihimo.rooms.jpki.http"),
    ("Doors: a decision", "kumihimo.rooms.register.domain.strict", "kumihimo.kernel.sql"),
    ("Doors: a decision", "kumihimo.rooms.ledger.domain.codes", "kumihimo.kernel.net"),
    ("Doors: a decision", "kumihimo.rooms.gateway.domain.files", "psycopg"),
    ("Doors: a decision", "kumihimo.people.names", "httpx2"),
    ("Doors: routes", "kumihimo.rooms.linkage.http", "kumihimo.kernel.sql"),
    ("Doors: routes", "kumihimo.rooms.gateway.http_files", "kumihimo.kernel.outbox"),
]


@pytest.fixture(scope="module")
def graph():
    return use_cases._build_graph(
        root_package_names=["kumihimo"],
        include_external_packages=True,
        exclude_type_checking_imports=False,
        cache_dir=None,
        verbose=False,
    )


def broken(graph):
    """Return the names of the contracts that do not hold for this graph."""
    found = []
    for options in OPTIONS.contracts_options:
        kind = registry.get_contract_class(options["type"])
        contract = kind(
            name=options["name"], session_options=OPTIONS.session_options, contract_options=options
        )
        if not contract.check(deepcopy(graph), verbose=False).kept:
            found.append(contract.name)
    return found


@pytest.fixture(scope="module", autouse=True)
def kinds():
    use_cases._register_contract_types(OPTIONS)


def test_the_program_keeps_every_contract(graph):
    assert broken(graph) == []


@pytest.mark.parametrize(("contract", "importer", "imported"), PLANTED)
def test_a_planted_import_breaks_its_contract(graph, contract, importer, imported):
    planted = deepcopy(graph)
    planted.add_import(importer=importer, imported=imported)
    assert any(name.startswith(contract) for name in broken(planted))


def test_every_contract_has_a_planted_import():
    names = [options["name"] for options in OPTIONS.contracts_options]
    assert [n for n in names if not any(n.startswith(begin) for begin, _, _ in PLANTED)] == []


@pytest.mark.parametrize("room", ["register", "gateway"])
def test_a_new_module_of_a_room_has_no_floor_until_it_is_given_one(graph, room):
    planted = deepcopy(graph)
    planted.add_module(f"kumihimo.rooms.{room}.shortcut")
    assert [name.partition(":")[0] for name in broken(planted)] == [f"Inside {room}"]


def test_a_decision_never_waits():
    pure = [PACKAGE / "people", PACKAGE / "statute", *(PACKAGE / "rooms").glob("*/domain")]
    for path in sources(*(folder.relative_to(ROOT) for folder in pure)):
        waits = (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)
        assert not any(isinstance(node, waits) for node in ast.walk(tree(path))), path
