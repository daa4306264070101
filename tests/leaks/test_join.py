"""Two stolen dumps, one serious thief: nobody can be found again, and every way of his works."""

import hashlib
import itertools
import random

import pytest

from kumihimo.kernel.rewriting import rewrite
from kumihimo.rooms.gateway.locked import IN_RANDOM_ORDER
from tests.databases import own_server
from tests.leaks.attacker import PAIRINGS, joins, read, with_planted
from tests.leaks.crowd import GATEWAYS, PROTECTED, SIZE, gather

PAIRS = [
    *itertools.combinations(GATEWAYS, 2),
    *((gateway, room) for gateway in GATEWAYS for room in ("register", "ledger")),
    ("gateway-a", "linkage"),
    ("gateway-b", "linkage"),
    ("register", "ledger"),
]
# Enough where a join is expected; of so many kinds of features some agree by chance before that.
LIKELY = (*PAIRINGS[:2], 400_000)


@pytest.fixture(scope="module")
def server():
    with own_server() as running:
        yield running


@pytest.fixture(scope="module")
def crowd(server):
    """The dumps, as `left` by the offices and after the gateways' operators rewrote theirs."""
    found = gather(server)
    names = {room: room.replace("-", "_") for room in found.known_as}
    found.left = {room: server.dump(name) for room, name in names.items()}
    for gateway in GATEWAYS:
        rewrite(server.admin(f"kumihimo_{names[gateway]}"), IN_RANDOM_ORDER)
    found.dumps = {room: server.dump(name) for room, name in names.items()}
    return found


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_nobody_is_found_again_in_another_dump(crowd, one, other):
    known = crowd.known_as
    assert len(set(known[one])) == len(set(known[other])) == SIZE
    left, right = read(crowd.dumps[one]), read(crowd.dumps[other])
    assert joins(left, right, known[one], known[other]) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [("gateway-a", "gateway-b"), ("gateway-a", "linkage"), ("gateway-b", "ledger")],
)
def test_until_a_gateway_is_rewritten_the_order_of_arrival_tells_and_nothing_else(
    crowd, one, other
):
    left, right = read(crowd.left[one]), read(crowd.left[other])
    found = joins(left, right, crowd.known_as[one], crowd.known_as[other], LIKELY)
    assert found
    assert all(ours[3] == "place" for ours, _, _ in found)


def test_people_who_came_in_one_file_have_no_order_even_before(crowd):
    left, right = read(crowd.left["gateway-b"]), read(crowd.left["gateway-c"])
    assert joins(left, right, crowd.known_as["gateway-b"], crowd.known_as["gateway-c"]) == []


def rows(people, *columns):
    """One row for each person with values of her own, in an order that tells nothing."""
    made = [
        ("planted", {"person": person.decode(), "leak": str(value)})
        for person, *values in zip(people, *columns, strict=True)
        for value in values
    ]
    random.Random(str(people)).shuffle(made)
    return made


def hexed(raw):
    return "\\x" + raw.hex()


def by_value(ours, theirs):
    values = [f"word {who * 7}" for who in range(SIZE)]
    return rows(ours, values), rows(theirs, values)


def by_a_hash(ours, theirs):
    hashes = [hexed(hashlib.sha256(person).digest()) for person in ours]
    return [], rows(theirs, hashes)


def by_a_stretch(ours, theirs):
    return [], rows(theirs, [hexed(b"\1\2\3" + person + b"\4") for person in ours])


def by_what_a_message_holds(ours, theirs):
    return [], rows(theirs, [hexed(b'{"a":{"case":"' + person + b'"}}') for person in ours])


def by_length(ours, theirs):
    lengths = [who * 5 % SIZE for who in range(SIZE)]
    random_text = [str(10**40 + hash(p) % 10**9) for p in (*ours, *theirs)]
    left = [text + "x" * n for text, n in zip(random_text[:SIZE], lengths, strict=True)]
    right = [text + "y" * n for text, n in zip(random_text[SIZE:], lengths, strict=True)]
    return rows(ours, left), rows(theirs, right)


def by_a_flag(ours, theirs):
    flags = [who % 3 == 0 and who // 3 < PROTECTED for who in range(SIZE)]
    return rows(ours, flags), rows(theirs, flags)


def by_day(ours, theirs):
    days = [f"2026-{1 + who % 12:02}-{1 + who % 28:02}" for who in range(SIZE)]
    return rows(ours, days), rows(theirs, days)


def by_a_sequence(ours, theirs):
    return rows(ours, range(1000, 1000 + SIZE)), rows(theirs, range(7, 7 + SIZE))


def by_the_place_of_rows(ours, theirs):
    return sorted(rows(ours, ours), key=lambda row: ours.index(row[1]["person"].encode())), sorted(
        rows(theirs, theirs), key=lambda row: theirs.index(row[1]["person"].encode())
    )


def by_how_many_rows(ours, theirs):
    often = [(person, 1 + who % 5) for who, person in enumerate(ours)]
    left = [row for person, n in often for row in rows([person], *([[person]] * n))]
    right = [
        row
        for (_, n), person in zip(often, theirs, strict=True)
        for row in rows([person], *([[person]] * n))
    ]
    random.Random(1).shuffle(left)
    random.Random(2).shuffle(right)
    return left, right


WAYS = [
    by_value,
    by_a_hash,
    by_a_stretch,
    by_what_a_message_holds,
    by_length,
    by_a_flag,
    by_day,
    by_a_sequence,
    by_the_place_of_rows,
    by_how_many_rows,
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_the_thief_finds_everybody_where_a_column_would_tell(crowd, way):
    ours, theirs = crowd.known_as["gateway-a"], crowd.known_as["gateway-b"]
    planted = way(ours, theirs)
    left = with_planted(read(crowd.dumps["gateway-a"]), planted[0])
    right = with_planted(read(crowd.dumps["gateway-b"]), planted[1])
    found = joins(left, right, ours, theirs, LIKELY)
    assert any("planted" in str(pair) or pair[0] == "tokens" for pair in found)
