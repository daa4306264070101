"""What a thief of one database, or of two, learns about a person: nothing that joins."""

import re

import pytest

from tests.federation.street import ALLOWANCE, INCOME, MINATO, OSAKA
from tests.federation.test_exchange import JANE, ask, jane_moves, load_copy, question, settle_in

CANARY = "カナリア七七七"


def held_in(dump, value):
    """Look for bytes as a dump writes them: hex for bytea, plain for text."""
    return value.hex().encode() in dump or value in dump


@pytest.fixture
def dumps(on_street, postgres):
    """Run an exchange with a canary payload; return each room's dump and what to look for."""
    found = {}

    async def story(street):
        osaka, osaka_code = await settle_in(street, OSAKA, "7", JANE)
        await load_copy(street, OSAKA, osaka, {INCOME: CANARY})
        minato, minato_code = await settle_in(street, MINATO, "100", JANE, case=ALLOWANCE)
        [answer] = await ask(street, question())
        assert answer.values[0].value == CANARY
        found["linkage"] = postgres.dump(street.linkage_name)
        found["ledger"] = postgres.dump(street.ledger_name)
        for name, (_, database) in street.gateways.items():
            found[name] = postgres.dump(database)
        found["codes"] = {OSAKA: osaka_code, MINATO: minato_code}
        found["persons"] = {OSAKA: osaka.encode(), MINATO: minato.encode()}
        found["urls"] = "\n".join(street.transport.urls).encode()

    on_street(story)
    return found


def test_the_core_holds_no_code_no_payload_and_no_integrated_id(dumps):
    core = dumps["linkage"]
    assert not held_in(core, CANARY.encode())
    for code in dumps["codes"].values():
        assert not held_in(core, code)
    for person in dumps["persons"].values():
        assert person not in core


def test_the_ledger_holds_no_code_of_any_institution_and_no_integrated_id(dumps):
    for name in (OSAKA, MINATO):
        assert not held_in(dumps["ledger"], dumps["codes"][name])
        assert dumps["persons"][name] not in dumps["ledger"]


def test_the_search_finds_a_code_where_it_may_stand(dumps):
    assert held_in(dumps[OSAKA], dumps["codes"][OSAKA])
    assert held_in(dumps[MINATO], dumps["codes"][MINATO])


def test_no_gateway_holds_the_code_or_the_integrated_id_of_another(dumps):
    for own, other in ((OSAKA, MINATO), (MINATO, OSAKA)):
        assert not held_in(dumps[own], dumps["codes"][other])
        assert dumps["persons"][other] not in dumps[own]


def test_no_dump_and_no_url_shows_a_payload(dumps):
    for where in (OSAKA, MINATO, "linkage", "ledger", "urls"):
        assert not held_in(dumps[where], CANARY.encode())


def test_two_gateways_share_no_value_that_names_a_person(dumps):
    """Every long token of both dumps is compared; what they share names exchanges, not people."""
    token = re.compile(rb"\\x[0-9a-f]{32,}|'[A-Za-z0-9_-]{22}'")
    shared = set(token.findall(dumps[OSAKA])) & set(token.findall(dumps[MINATO]))
    persons = set(dumps["persons"].values())
    for value in shared:
        assert value.strip(b"'") not in persons
        for code in dumps["codes"].values():
            assert code.hex().encode() not in value


def test_one_institution_of_a_gateway_cannot_read_the_rows_of_another(on_street):
    async def story(street):
        await jane_moves(street)
        database = street.gateways[OSAKA][0].gateway.database
        async with database.transaction(institution=OSAKA) as tx:
            assert await tx.value("SELECT count(*) FROM person") == 1
        for stranger in (MINATO, ""):
            async with database.transaction(institution=stranger) as tx:
                assert await tx.value("SELECT count(*) FROM person") == 0
                assert await tx.value("SELECT count(*) FROM copy") == 0

    on_street(story)
