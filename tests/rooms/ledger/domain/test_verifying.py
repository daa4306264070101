"""Whoever changes a history that a person took away is found out, and so is a ledger that tells less than it has."""

import re
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import UNSET

from kumihimo.rooms.ledger.domain.history import leaf_of_link
from kumihimo.rooms.ledger.domain.verifying import Signers, Wrong, verify
from kumihimo.rooms.linkage.asker_api import Asker
from tests.rooms.ledger.domain.made import (
    CHAIN,
    COSIGNED,
    LOG,
    SIGNERS,
    START,
    WITNESS,
    Maker,
    record,
    resigned,
    signer,
    written,
)

replace = msgspec.structs.replace


def honest(count=5):
    maker = Maker()
    links = maker.links(count)
    waiting = maker.record(record("waiting", START + timedelta(days=1)))
    maker.put(waiting.leaf, bytes(32))
    return maker.history(links, [waiting, record("new", START)])


HONEST = honest()
FILE = written(HONEST)


def told(history, signers: Signers | None = SIGNERS, **more):
    """Return what is said to be wrong, in English."""
    content = history if isinstance(history, bytes) else written(history)
    with pytest.raises(Wrong) as wrong:
        verify(content, signers=signers, **more)
    assert re.search("[ぁ-ん]", wrong.value.japanese)
    assert wrong.value.english.isascii()
    return wrong.value.english


def test_a_history_as_it_was_handed_out_holds():
    verdict = verify(FILE, signers=SIGNERS)
    assert (verdict.history.first, verdict.history.last) == (1, 5)
    assert verdict.witnessed_at == COSIGNED
    for other in (honest(0), honest(1), honest(40)):
        verify(written(other), signers=SIGNERS)
    verify(msgspec.json.encode(HONEST), signers=SIGNERS)  # without the line breaks
    assert verify(FILE, signers=None).signers == SIGNERS


def meaning(content):
    try:
        return msgspec.json.format(content, indent=-1)
    except msgspec.DecodeError:
        return None


@given(at=st.integers(0, len(FILE) - 1), bit=st.integers(0, 7))
@example(at=0, bit=0)
def test_any_single_byte_that_is_changed_is_told_unless_it_is_white_space(at, bit):
    changed = bytearray(FILE)
    changed[at] ^= 1 << bit
    if meaning(bytes(changed)) != meaning(FILE):
        told(bytes(changed))


@given(at=st.integers(0, len(FILE)), more=st.binary(min_size=1, max_size=40))
@example(at=1, more=b'"form":"kumihimo-history/1",')
@example(at=1, more=b'"more":1,')
def test_whatever_is_put_in_between_is_told(at, more):
    changed = FILE[:at] + more + FILE[at:]
    if meaning(changed) != meaning(FILE):
        told(changed)


@given(start=st.integers(0, len(FILE) - 1), size=st.integers(1, 3_000))
def test_whatever_is_cut_out_is_told(start, size):
    changed = FILE[:start] + FILE[start + size :]
    if meaning(changed) != meaning(FILE):
        told(changed)


def with_record(number, **changes):
    """Return the history with the words of one record changed."""
    links = list(HONEST.links)
    link = links[number - 1]
    content = replace(link.record.content, **changes)
    links[number - 1] = replace(link, record=replace(link.record, content=content))
    return replace(HONEST, links=tuple(links))


@pytest.mark.parametrize(
    "changes",
    [
        {"requester": "lg-401307"},
        {"outcome": "NO_DATA"},
        {"items": ()},
        {"requested_at": START - timedelta(days=400)},
        {"permit": "another"},
        {"sealed_digest": bytes([1]) * 32},
        {"asker": Asker(office="福祉課", role="窓口")},
        {"asker": UNSET},
    ],
)
@pytest.mark.parametrize("resign", [False, True])
def test_a_record_that_was_edited_or_back_dated_is_named_whoever_signs(changes, resign):
    changed = with_record(3, **changes)
    changed = resigned(changed) if resign else changed
    assert told(changed) == (
        "Record 3: it is not what stands in the public log (its words or its proof were changed)."
    )


def without(*numbers, **changes):
    links = tuple(one for one in HONEST.links if one.number not in numbers)
    return resigned(replace(HONEST, links=links, **changes))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (without(3), "Number 3 is missing."),
        (without(2, 3, 4), "Number 2 to 4 is missing."),
        (without(5), "The numbers from 5 to 5 are missing."),
        (without(4, 5), "The numbers from 4 to 5 are missing."),
        (without(1), "Number 1 is missing."),
        (without(1, first=2), "What comes before number 2 is missing, and was not 7 years old."),
        (without(1, 2, 3, 4, 5), "The numbers from 1 to 5 are missing."),
        (without(1, 2, 3, 4, 5, last=0), "All records were taken out."),
    ],
)
def test_a_ledger_that_leaves_numbers_out_is_told_which(changed, said):
    assert told(changed) == said


def test_records_that_are_put_in_again_or_in_another_order_are_told():
    one, two, three, *rest = HONEST.links
    said = "Number 2 stands where 3 belongs (twice, or out of order)."
    assert told(resigned(replace(HONEST, links=(one, two, two, three, *rest)))) == said
    assert told(resigned(replace(HONEST, links=(one, three, two, *rest)))) == (
        "Number 2 is missing."
    )
    renumbered = (one, replace(three, number=2), replace(two, number=3), *rest)
    assert told(resigned(replace(HONEST, links=renumbered))).startswith("Number 2: it is not what")


def test_what_a_side_said_cannot_be_taken_out_or_changed():
    link = HONEST.links[0]
    fewer = replace(link, record=replace(link.record, ends=link.record.ends[:1]))
    assert told(resigned(replace(HONEST, links=(fewer, *HONEST.links[1:])))) == (
        "Record 1: what a side said was taken out."
    )
    changed = (link.record.ends[0], replace(link.record.ends[1], outcome="NO_DATA"))
    other = replace(link, record=replace(link.record, ends=changed))
    assert told(replace(HONEST, links=(other, *HONEST.links[1:]))).startswith(
        "Record 1, what who answered said: it is not what stands"
    )


# A ledger that lies in its log, too


def test_a_link_that_does_not_follow_the_one_before_is_told():
    maker = Maker()
    first = maker.links(2)
    for lie in (
        {"before": bytes(32)},
        {"before_at": START},
        {"before": b"", "before_at": None},
    ):
        rest = maker.links(1, first[-1], lie)
        assert told(maker.history([*first, *rest])) == "Number 3 does not follow number 2."


@pytest.mark.parametrize(
    ("before_at", "holds"),
    [
        (datetime(2018, 6, 3, 1, tzinfo=UTC), True),
        (datetime(2019, 6, 3, 1, tzinfo=UTC), True),  # seven years before it was told
        (datetime(2019, 6, 3, 2, tzinfo=UTC), False),
        (datetime(2026, 6, 1, tzinfo=UTC), False),
        (datetime(2016, 2, 29, tzinfo=UTC), True),
        (datetime(9999, 2, 28, tzinfo=UTC), False),
    ],
)
def test_what_is_missing_before_the_first_number_must_have_been_old(before_at, holds):
    maker = Maker()
    lie = {"number": 4, "before": bytes(32), "before_at": before_at}
    history = maker.history(maker.links(1, lies=lie))
    assert history.told_at == datetime(2026, 6, 3, 1, tzinfo=UTC)
    if holds:
        assert verify(written(history), signers=SIGNERS).history.first == 4
    else:
        assert told(history).startswith("What comes before number 4 is missing")


def test_a_number_that_was_in_the_log_before_its_record_is_told():
    maker = Maker()
    made = record("late", START)
    link = maker.link(made, None)
    link = replace(link, record=maker.record(made))
    assert "came into the log before the record" in told(maker.history([link]))


def test_numbers_that_came_into_the_log_out_of_order_are_told():
    maker = Maker()
    one = maker.record(record("one", START))
    two = maker.record(record("two", START))
    first = maker.link(one, None)
    early = maker.link(two, first)
    again = replace(first, leaf=maker.put(first.leaf, leaf_of_link(CHAIN, first)))
    assert "before the number before it" in told(maker.history([again, early]))


def test_a_numbered_record_that_is_in_no_log_is_told():
    maker = Maker()
    made = record("none", START, outcome="REFUSED_ITEM")
    assert told(maker.history([maker.link(made, None)])) == (
        "Record 1: it is not in the log (written afterwards, or changed)."
    )


# Who signed


def test_another_key_than_the_one_that_is_believed_is_told():
    maker = Maker()
    links = maker.links(2)
    other = signer(LOG.name, LOG.kind, 3)
    history = maker.history(links, log=other)
    assert told(history) == "The checkpoint is not signed by this ledger's log."
    verify(written(history), signers=None)
    witness = signer(WITNESS.name, WITNESS.kind, 4)
    history = maker.history(links, witness=witness)
    assert told(history) == "The checkpoint is not cosigned by the witness (oversight)."
    history = resigned(HONEST, log=other)
    assert "signature that this is all" in told(history)
    verify(FILE, signers=Signers([other.key, LOG.key], WITNESS.key))


@pytest.mark.parametrize("lie", [{"at": 2**63 - 1}, {"witness": signer(WITNESS.name, LOG.kind, 2)}])
def test_when_it_was_cosigned_must_be_a_time(lie):
    maker = Maker()
    made_up = maker.history(maker.links(1), **lie)
    assert told(made_up, signers=None) == "When the witness cosigned cannot be read."


def test_a_statement_of_another_history_is_told():
    other = honest(4)
    assert told(replace(HONEST, statement=other.statement)) == (
        "Not what the ledger signed: the first and the newest number."
    )
    moved = replace(HONEST, told_at=HONEST.told_at + timedelta(days=1))
    assert told(moved) == "Not what the ledger signed: when it was told."
    assert told(replace(HONEST, unnumbered=())) == (
        "Not what the ledger signed: the digest of the whole file."
    )
    keys = replace(HONEST.keys, log=signer(LOG.name, LOG.kind, 3).key.vkey())
    assert told(replace(HONEST, keys=keys)).startswith("Not what the ledger signed: the digest")


def test_values_of_another_form_are_told_and_break_nothing():
    link = HONEST.links[0]
    short = replace(link, leaf=replace(link.leaf, salt=b"short"))
    far = replace(link, before_at=link.record.content.requested_at.replace(year=9999))
    for changed in (
        replace(HONEST, links=(short,)),
        replace(HONEST, links=(far, *HONEST.links[1:])),
        replace(HONEST, checkpoint="\n\n"),
        replace(HONEST, statement=""),
        replace(HONEST, first=-5),
        replace(HONEST, form="kumihimo-history/2"),
        replace(HONEST, told_at=START.replace(tzinfo=None)),
        replace(HONEST, links=(replace(link, leaf=replace(link.leaf, place=-1)),)),
        replace(HONEST, links=(replace(link, leaf=replace(link.leaf, path=(b"x",))),)),
    ):
        told(changed)
    for junk in (b"", b"{}", b"[" * 100_000, b"\xff\xfe", b"null"):
        assert told(junk).startswith("This is no history")
    assert told(replace(HONEST, keys=replace(HONEST.keys, log="x")), signers=None) == (
        "A key in the file cannot be read."
    )


# Two histories of one person


def grown():
    """Return three histories as they were handed out one after the other."""
    maker = Maker()
    links = maker.links(2)
    first = maker.history(links)
    more = maker.links(2, links[-1])
    return maker, first, links + more


def test_a_later_history_continues_an_earlier_one():
    maker, first, links = grown()
    later = written(maker.history(links))
    assert verify(later, signers=SIGNERS, earlier=written(first)).history.last == 4
    assert verify(later, signers=SIGNERS, earlier=later).history.last == 4
    said = "The earlier history is the later one of the two."
    assert told(first, earlier=later) == said
    changed = written(replace(first, last=3))
    assert told(later, earlier=changed).startswith("The earlier history: ")


def test_a_ledger_that_gave_its_numbers_anew_or_lied_before_is_told():
    maker, first, links = grown()
    fewer = maker.history(links[:1])
    assert told(fewer, earlier=written(first)) == (
        "The earlier history went to number 2, this one to 1 only."
    )
    lied = maker.history(links[:3])
    assert told(maker.history(links), earlier=written(lied)) == (
        "Number 4 was in the log when the earlier history said that it was all."
    )
    other = maker.link(maker.record(record("other", START + timedelta(hours=2))), links[0])
    assert told(maker.history([links[0], other]), earlier=written(first)) == (
        "Number 2 is another record than in the earlier history."
    )
    anew = [maker.link(links[0].record, None, chain="b" * 22)]
    anew.append(maker.link(links[1].record, anew[0], chain="b" * 22))
    assert CHAIN != "b" * 22
    assert told(maker.history(anew, chain="b" * 22), earlier=written(first)) == (
        "Another chain than in the earlier history: the ledger gave all numbers anew."
    )
