"""The actor table, row by row: what each room must never hold, searched in what a full run left.

Each row has its twin: the forbidden value is planted into the room's own database, as a bug would
leave it there, and the same search must find it.
"""

import base64
import itertools

import psycopg
import pytest

from kumihimo.run.stolen import join, loot
from tests.databases import own_server
from tests.leaks.carded import FOUR, PASSWORDS
from tests.leaks.full_run import ADDRESS, GATEWAYS, NAMES, PAYLOAD, ROOMS, full_run

HOST = {hosted[0]: name for name, hosted in GATEWAYS.items()}


@pytest.fixture(scope="module")
def server():
    # A server of its own: its databases are named as a deployment names them.
    with own_server() as running:
        yield running


@pytest.fixture(scope="module")
def left(server):
    with pytest.MonkeyPatch.context() as monkeypatch:
        yield full_run(server, monkeypatch)


def forms(value):
    """Every form in which a dump or a text may show a value."""
    raw = value if isinstance(value, bytes) else str(value).encode()
    return (raw, raw.hex().encode(), base64.b64encode(raw), base64.urlsafe_b64encode(raw))


def shows(place, value):
    return any(form in place for form in forms(value))


def shown(pin):
    """Return four digits as a dump shows a value: by themselves they stand in many an id."""
    return f"'{pin}'"


def forbidden(left, room):
    """What the actor table forbids this room: kind of value, and the values."""
    codes = {name: list(found) for name, found in left.codes.items()}
    numbers = [*left.numbers, *(number[:11] for number in left.numbers)]
    of_people = {"number": numbers, "name": list(NAMES), "address": [ADDRESS]}
    every_code = list(itertools.chain(*codes.values()))
    inside = list(itertools.chain(*left.persons.values()))
    local = list(itertools.chain(*left.addressees.values()))
    table = {
        "register": {"code": [*every_code, *left.ledger_codes], "integrated id": inside},
        "linkage": {
            **of_people,
            "code": [*every_code, *left.ledger_codes],
            "integrated id": inside,
            "addressee": local,
        },
        "ledger": {**of_people, "code": every_code, "integrated id": inside, "addressee": local},
        "jpki": {
            "number": numbers,
            "resident code": left.resident_codes,
            "code": [*every_code, *left.ledger_codes],
            "integrated id": inside,
            "addressee": local,
        },
        "cards": {
            "number": numbers,
            "resident code": left.resident_codes,
            "PIN": [*PASSWORDS, *(shown(pin) for pin in FOUR)],
            "chip's secret": left.carded.secrets,
            "photo of a made card": left.carded.pictures[:1],
            "code": [*every_code, *left.ledger_codes],
            "integrated id": inside,
            "addressee": local,
        },
        "oversight": {
            **of_people,
            "code": [*every_code, *left.ledger_codes],
            "integrated id": inside,
            "addressee": local,
        },
    }
    for institution, gateway in HOST.items():
        others = [name for name in HOST if name != institution]
        table[gateway] = {
            **of_people,
            "code": [c for o in others for c in codes[o]] + left.ledger_codes,
            "integrated id": [p for o in others for p in left.persons[o]],
            "addressee": [a for o in others for a in left.addressees[o]],
        }
    return table[room] | {"payload": [PAYLOAD]}


CELLS = [
    *((room, kind) for room in ("linkage", "oversight") for kind in
      ("number", "name", "address", "code", "integrated id", "addressee", "payload")),
    *(("ledger", kind) for kind in
      ("number", "name", "address", "code", "integrated id", "addressee", "payload")),
    *(("register", kind) for kind in ("code", "integrated id", "payload")),
    *(("jpki", kind) for kind in
      ("number", "resident code", "code", "integrated id", "addressee", "payload")),
    *(("cards", kind) for kind in
      ("number", "resident code", "PIN", "chip's secret", "photo of a made card", "code",
       "integrated id", "addressee", "payload")),
    *((room, kind) for room in GATEWAYS for kind in
      ("number", "name", "address", "code", "integrated id", "addressee", "payload")),
]  # fmt: skip


@pytest.mark.parametrize(("room", "kind"), CELLS)
def test_a_room_does_not_hold_what_the_table_forbids_it(left, room, kind):
    values = forbidden(left, room)[kind]
    assert values
    assert [value for value in values if shows(left.dumps[room], value)] == []


@pytest.mark.parametrize(("room", "kind"), CELLS)
def test_the_search_finds_the_value_where_a_bug_has_left_it(left, server, room, kind):
    value = forbidden(left, room)[kind][0]
    name = room.replace("-", "_")
    with psycopg.connect(server.admin(f"kumihimo_{name}").reveal(), autocommit=True) as admin:
        column = "text" if isinstance(value, str | int) else "bytea"
        admin.execute(f"CREATE TABLE planted (value {column})".encode())
        admin.execute(
            "INSERT INTO planted VALUES (%s)",
            (value if isinstance(value, bytes) else str(value),),
        )
        try:
            assert shows(server.dump(name), value)
        finally:
            admin.execute("DROP TABLE planted")


def test_every_room_holds_what_it_must_so_that_the_search_is_known_to_see(left):
    register = left.dumps["register"]
    assert all(shows(register, number[:11]) for number in left.numbers)
    assert all(shows(register, name) for name in NAMES)
    assert all(shows(left.dumps["jpki"], name) for name in NAMES)
    assert all(shows(left.dumps["cards"], name) for name in NAMES)
    assert all(shows(left.dumps["cards"], form) for form in left.carded.forms)
    assert shows(left.dumps["cards"], left.carded.pictures[1]), "of a card that is to be made"
    assert len(left.carded.secrets) >= 4
    for institution, gateway in HOST.items():
        assert all(shows(left.dumps[gateway], code) for code in left.codes[institution])
        assert all(shows(left.dumps[gateway], one) for one in left.addressees[institution])
    assert left.ledger_codes
    assert all(shows(left.dumps["ledger"], code) for code in left.ledger_codes)


def labels(metrics):
    """Return what names the numbers of a room: among the numbers any four digits may stand."""
    return "\n".join(line.rpartition(" ")[0] for line in metrics.splitlines())


def worded(one):
    """Return all words of a span: its ids and instants are digits of nothing else."""
    words = (one.attributes.items(), one.resource.attributes.items(), one.status.description)
    return f"{one.name} {[list(pairs) for pairs in words[:2]]} {words[2]} {one.events} {one.links}"


@pytest.mark.parametrize("place", ["urls", "log", "refusals", "notes", "metrics", "spans"])
def test_no_address_log_or_refusal_quotes_a_person(left, place):
    carded = left.carded
    text = {
        "urls": left.urls,
        "log": [left.log],
        "refusals": [*left.refusals, *map(bytes.decode, carded.refusals)],
        "notes": [carded.notes],
        "metrics": [labels(one) for one in left.metrics.values()],
        "spans": [worded(one) for spans in left.spans.values() for one in spans],
    }[place]
    assert any(text)
    told = "\n".join(text).encode()
    people = [*left.numbers, *NAMES, ADDRESS, PAYLOAD]
    codes = itertools.chain(*left.codes.values(), left.ledger_codes)
    inside = itertools.chain(*left.persons.values(), *left.addressees.values())
    of_cards = [*PASSWORDS, *FOUR, *carded.serials, *carded.forms]
    for value in itertools.chain(people, codes, inside, of_cards):
        assert not shows(told, value)


def ids_of(one):
    return {one.context.trace_id, one.context.span_id} | (
        {one.parent.span_id} if one.parent else set()
    )


def in_several(spans):
    """Return what stands in the spans of more than one room."""
    of_room = [set().union(*map(ids_of, told)) for told in spans.values() if told]
    return {found for one, other in itertools.combinations(of_room, 2) for found in one & other}


def test_no_two_rooms_spans_have_an_id_in_common_and_none_stands_anywhere_else(left):
    traced = {room: told for room, told in left.spans.items() if told}
    assert {"register", "linkage", "ledger", "jpki", "cards", *GATEWAYS} <= set(traced)
    assert in_several(traced) == set()
    elsewhere = [*left.dumps.values(), left.log.encode(), "\n".join(left.urls).encode()]
    for one in itertools.chain(*traced.values()):
        for found in (
            one.context.trace_id.to_bytes(16, "big"),
            one.context.span_id.to_bytes(8, "big"),
        ):
            assert not any(shows(place, found) for place in elsewhere)


def test_a_trace_that_went_on_in_another_room_would_be_found(left):
    planted = left.spans | {"linkage": [*left.spans["linkage"], left.spans["gateway-a"][0]]}
    assert len(in_several(planted)) >= 2


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_counted_what_it_answered_in_the_run(left, room):
    assert f'kumihimo_room_state{{room="{room}",state="ok"}} 1.0' in left.metrics[room]
    counted = any(
        line.startswith("kumihimo_door_answers") for line in left.metrics[room].splitlines()
    )
    assert counted or room == "oversight", "whom nobody asks in one process: all hold its directory"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        *itertools.combinations(GATEWAYS, 2),
        *((gateway, "linkage") for gateway in GATEWAYS),
        *((gateway, "ledger") for gateway in GATEWAYS),
        ("linkage", "ledger"),
        ("register", "linkage"),
        ("register", "ledger"),
        ("jpki", "linkage"),
        ("jpki", "ledger"),
        *(("jpki", gateway) for gateway in GATEWAYS),
        ("cards", "linkage"),
        ("cards", "ledger"),
        *(("cards", gateway) for gateway in GATEWAYS),
    ],
)
def test_two_dumps_join_no_better_than_chance(left, one, other):
    """Everybody is in both dumps; by no value of any kind can two rows be laid together."""
    joined = join(loot(left.dumps[one]), loot(left.dumps[other]))
    assert joined.compared > 0
    assert joined.naming == 0


@pytest.mark.parametrize("gateway", sorted(GATEWAYS))
def test_a_gateway_and_register_share_nothing_but_what_the_law_lets_both_write(left, gateway):
    joined = join(loot(left.dumps[gateway]), loot(left.dumps["register"]))
    assert joined.naming == 0


def test_the_core_cannot_recognise_one_person_in_two_inquiries(left):
    """Four inquiries about two people: every sealed person the core wrote down is another value."""
    dump = left.dumps["linkage"]
    sealed = [
        line for line in dump.splitlines() if line.startswith(b"INSERT INTO public.exchange_")
    ]
    persons = [part for line in sealed for part in line.split(b"'") if len(part) == 2 + 2 * 64]
    assert len(persons) >= 4
    assert len(set(persons)) == len(persons)
    halves = [half for one in persons for half in (one[2:66], one[66:])]
    assert len(set(halves)) == len(halves)
