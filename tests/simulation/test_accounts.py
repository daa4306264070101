"""The checker finds what is lost, doubled, put in or edited, wherever it is planted; and only that."""

from datetime import timedelta

import attrs
import pytest

from tests.simulation.accounts import judge
from tests.simulation.play import CI_SEEDS, CI_STEPS

DAY = timedelta(days=1)
PLACES = ("core", "core_ends", "ledger", "ledger_ends", "log")


@pytest.fixture
def played_once(played):
    return played(CI_SEEDS[0], CI_STEPS)


def wrong(played, books):
    return judge(books, played.asked, sent=played.account.sent).wrong


def kinds(found):
    return {one.partition(":")[0] for one in found}


def changed(books, place, change):
    """Return the books with what one place holds changed; `own provider` is a place, too."""
    name, _, side = place.partition(" ")
    held = getattr(books, name)
    if not isinstance(held, dict):
        return attrs.evolve(books, **{name: tuple(change(list(held)))})
    at = next(one for one in held if any(fits(row, side) for row in held[one]))
    rows = [row for row in held[at] if not fits(row, side)]
    rows += change([row for row in held[at] if fits(row, side)])
    return attrs.evolve(books, **{name: held | {at: tuple(rows)}})


def fits(row, side):
    """Say whether a row is one of an exchange that ended well, at that side."""
    return row.outcome == "OK" and side in {"", getattr(row, "side", "")}


def ended_well(books):
    """Put the exchanges first that ended well, of which every place must have something."""
    homes = books.inquiries.values()
    permits = {row.permit for rows in homes for row in rows if row.outcome == "OK"}
    leaves = {row.leaf for row in books.ledger if row.permit in permits}
    first = {
        place: tuple(sorted(getattr(books, place), key=lambda row: row.permit not in permits))
        for place in ("core", "core_ends", "ledger", "ledger_ends")
    }
    log = tuple(sorted(books.log, key=lambda entry: entry not in leaves))
    return attrs.evolve(books, log=log, **first)


EVERYWHERE = (*PLACES, "inquiries", "own requester", "own provider")


def test_what_nobody_touched_is_found_whole(played_once):
    assert wrong(played_once, played_once.books) == set()


@pytest.mark.parametrize("place", EVERYWHERE)
def test_what_is_lost_at_one_place_is_found(played_once, place):
    books = changed(ended_well(played_once.books), place, lambda rows: rows[1:])
    assert "lost" in kinds(wrong(played_once, books))


def test_every_end_that_the_core_lost_is_found(played_once):
    """Seed 197: also one that no answer hangs on, such as a provider's that refused."""
    books = played_once.books
    for lost in books.core_ends:
        left = tuple(one for one in books.core_ends if one is not lost)
        assert "lost" in kinds(wrong(played_once, attrs.evolve(books, core_ends=left)))


def test_every_record_that_a_provider_lost_is_found(played_once):
    """Seed 319: also of an exchange whose answer the requester never heard."""
    books = played_once.books
    told = {end.permit for end in books.core_ends if end.side == "provider"}
    for name, rows in books.own.items():
        for lost in (row for row in rows if row.side == "provider" and row.reference in told):
            left = {name: tuple(row for row in rows if row is not lost)}
            changed_books = attrs.evolve(books, own=books.own | left)
            assert "lost" in kinds(wrong(played_once, changed_books))


@pytest.mark.parametrize("place", EVERYWHERE)
def test_what_stands_twice_at_one_place_is_found(played_once, place):
    books = changed(ended_well(played_once.books), place, lambda rows: [rows[0], *rows])
    assert "doubled" in kinds(wrong(played_once, books))


FORGED = {
    "inquiries": {"inquiry": "x" * 22},
    "own requester": {"reference": "x" * 22},
    "own provider": {"reference": "x" * 22},
    "core": {"inquiry": "x" * 22, "permit": "y" * 22},
    "core_ends": {"permit": "y" * 22},
    "ledger": {"permit": "y" * 22},
    "ledger_ends": {"permit": "y" * 22},
}


@pytest.mark.parametrize("place", FORGED)
def test_what_nobody_asked_for_is_found(played_once, place):
    forged = FORGED[place]
    books = changed(played_once.books, place, lambda rows: [*rows, attrs.evolve(rows[0], **forged)])
    assert "foreign" in kinds(wrong(played_once, books))


EDITED = [
    ("inquiries", "outcome", "NO_DATA"),
    ("inquiries", "provider", "lg-131041"),
    ("inquiries", "permit", "y" * 22),
    ("own requester", "outcome", "NO_DATA"),
    ("own requester", "peer", "lg-131041"),
    ("own requester", "items", ("another",)),
    ("own provider", "outcome", "NO_DATA"),
    ("own provider", "peer", "lg-131041"),
    ("own provider", "affair", "b999"),
    *[
        (place, word, value)
        for place in ("core", "ledger")
        for word, value in (
            ("requester", "lg-131041"),
            ("provider", "lg-131041"),
            ("affair", "b999"),
            ("items", ("another",)),
            ("basis", ("another",)),
            ("outcome", "STALE_LAYOUT"),
            ("list_version", "another"),
        )
    ],
    ("core_ends", "outcome", "STALE_LAYOUT"),
    ("ledger_ends", "outcome", "STALE_LAYOUT"),
]
DATED = [
    ("inquiries", "asked_at"),
    ("own requester", "requested_at"),
    ("core", "requested_at"),
    ("ledger", "requested_at"),
    ("core_ends", "at"),
    ("ledger_ends", "at"),
]


@pytest.mark.parametrize(("place", "word", "value"), EDITED)
def test_what_says_otherwise_at_one_place_is_found(played_once, place, word, value):
    books = changed(
        played_once.books, place, lambda rows: [attrs.evolve(rows[0], **{word: value}), *rows[1:]]
    )
    assert kinds(wrong(played_once, books)) & {"unlike", "lost", "foreign"}


@pytest.mark.parametrize(("place", "word"), DATED)
def test_what_is_back_dated_at_one_place_is_found(played_once, place, word):
    def earlier(rows):
        return [attrs.evolve(rows[0], **{word: getattr(rows[0], word) - DAY}), *rows[1:]]

    assert "unlike" in kinds(wrong(played_once, changed(played_once.books, place, earlier)))


@pytest.mark.parametrize("end", ["taken out", "edited"])
def test_a_provider_that_says_otherwise_is_found_though_the_cores_end_was_edited_before(
    played_once, end
):
    """Seed 113: the ledger's end still tells; and what is found says more than that of the end alone."""

    def otherwise(rows):
        return [attrs.evolve(rows[0], outcome="NO_DATA"), *rows[1:]]

    books = played_once.books
    own = [row for rows in books.own.values() for row in rows if fits(row, "provider")]
    ends = [e for e in books.core_ends if (e.side, e.permit) == ("provider", own[0].reference)]
    left = tuple(one for one in books.core_ends if one not in ends)
    books = attrs.evolve(books, core_ends=left if end == "taken out" else (*left, *otherwise(ends)))
    edited = changed(books, "own provider", otherwise)
    assert wrong(played_once, edited) - wrong(played_once, books)


@pytest.mark.parametrize("word", ["taken out", "lg-131041"])
def test_another_peer_at_a_provider_is_found_though_the_core_was_edited_before(played_once, word):
    """Seed 5031: the core said of the same exchange what the provider was then edited into."""
    books = played_once.books
    [own, *_] = [row for rows in books.own.values() for row in rows if fits(row, "provider")]
    core = tuple(row for row in books.core if row.permit != own.reference)
    if word != "taken out":
        edited = [row for row in books.core if row.permit == own.reference]
        core += tuple(attrs.evolve(row, requester=word) for row in edited)
    books = attrs.evolve(books, core=core)

    def another(rows):
        return [attrs.evolve(row, peer="lg-131041") if row == own else row for row in rows]

    assert wrong(played_once, changed(books, "own provider", another)) - wrong(played_once, books)


def test_what_is_never_answered_is_found(played_once):
    def unanswered(rows):
        return [attrs.evolve(rows[0], outcome="PENDING_MANUAL"), *rows[1:]]

    books = changed(played_once.books, "inquiries", unanswered)
    assert "unfinished" in kinds(wrong(played_once, books))


def test_an_edit_that_nobody_found_is_counted(played_once):
    edits = played_once.edits
    assert edits.undetected == set()
    missed = attrs.evolve(edits, found=edits.found[1:])
    assert missed.undetected == {f"undetected: {edits.planted[0]}"}
