"""What the core says to the ledger in one message is what it would have said in several."""

import msgspec

from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.ids import new_id
from kumihimo.rooms.gateway.packs import pack_ends
from kumihimo.rooms.linkage.api import BATCH_MAX, End, EndRecord, Ends, Outcome, RecordsDelivered
from kumihimo.rooms.linkage.packs import pack_records
from tests.federation.street import START

ENTROPY = SystemEntropy()


def end(permit, outcome: Outcome = "OK"):
    return EndRecord(
        permit=permit, side="provider", outcome=outcome, at=START, person=b"", hidden=False
    )


def letter(*ends, version=1):
    return msgspec.json.encode(RecordsDelivered(ends=ends, version=version))


def packed(*letters):
    return [
        (count, msgspec.json.decode(body, type=RecordsDelivered))
        for count, body in pack_records(letters)
    ]


def test_letters_under_two_keys_travel_apart():
    one, two = new_id(ENTROPY), new_id(ENTROPY)
    found = packed(letter(end(one)), letter(end(two)), letter(end(two), version=2))
    assert [(count, len(d.ends), d.version) for count, d in found] == [(2, 2, 1), (1, 1, 2)]


def test_of_two_words_on_one_end_the_last_counts():
    permit = new_id(ENTROPY)
    [(count, told)] = packed(letter(end(permit, "PENDING_MANUAL")), letter(end(permit)))
    assert (count, [one.outcome for one in told.ends]) == (2, ["OK"])


def test_no_message_of_ends_is_larger_than_the_core_takes():
    ends = tuple(
        End(permit=new_id(ENTROPY), side="requester", outcome="OK", at=START) for _ in range(400)
    )
    packs = pack_ends([msgspec.json.encode(Ends(ends))] * 5)
    sizes = [len(msgspec.json.decode(body, type=Ends).ends) for _, body in packs]
    assert [count for count, _ in packs] == [2, 2, 1]
    assert max(sizes) <= BATCH_MAX
