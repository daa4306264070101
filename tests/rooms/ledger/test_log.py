"""The ledger's log: leaves come in once and for good, and whoever reads it can check it alone."""

import msgspec
import psycopg
import pytest
from tlog_scales.reader import TilesReader
from tlog_scales.signing import Vkey

from kumihimo.kernel.ids import new_id
from kumihimo.kernel.net import Refused
from kumihimo.kernel.refusal import Unavailable
from kumihimo.kernel.tlog.leaf import Submission
from kumihimo.kernel.tlog.note import Kind, NoteKey
from kumihimo.kernel.tlog.tree import (
    consistency_path,
    inclusion_path,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)
from kumihimo.rooms.ledger.taking import end_leaf
from kumihimo.rooms.oversight.api import LOG_ORIGIN
from tests.rooms.ledger.logs import entries, hashes, head, leaves, read, submission


def test_leaves_get_their_places_in_order_and_a_repeat_the_same_ones(in_house):
    async def story(house):
        one, two = submission(house, leaves(3)), submission(house, leaves(2, 3))
        assert await house.submit(one, two) == [0, 3]
        three = submission(house, leaves(1, 5))
        assert await house.submit(two, three, one, sender="linkage") == [3, 5, 0]
        assert await entries(house, 6) == leaves(6)
        assert (await head(house)).size == 6

    in_house(story)


def test_a_submission_that_came_otherwise_before_is_refused_whole(in_house):
    async def story(house):
        one = submission(house, leaves(3))
        await house.submit(one)
        for changed, sender in (
            (Submission(one.submission, b"".join(leaves(3, 1))), "linkage"),
            (Submission(one.submission, b"".join(leaves(2))), "linkage"),
            (one, "register"),
        ):
            with pytest.raises(Refused) as refusal:
                await house.submit(submission(house, leaves(1)), changed, sender=sender)
            assert refusal.value.reason == "conflict"
        assert (await head(house)).size == 3

    in_house(story)


@pytest.mark.parametrize("data", [b"", bytes(31), bytes(33), bytes(32 * 2_001)])
def test_what_is_no_leaf_is_refused(in_house, data):
    async def story(house):
        for bad in (Submission(new_id(house.entropy), data), Submission("short", bytes(32))):
            with pytest.raises(Refused) as refusal:
                await house.submit(submission(house, leaves(1)), bad)
            assert refusal.value.reason == "bad-input"
        twice = submission(house, leaves(1))
        for several in ((), (twice, twice), [submission(house, leaves(1)) for _ in range(65)]):
            with pytest.raises(Refused) as refusal:
                await house.submit(*several)
            assert refusal.value.remote.pointer == "submissions"
        assert (await read(house, "checkpoint")).status_code == 404

    in_house(story)


def test_whoever_reads_the_log_checks_every_entry_and_that_nothing_was_rewritten(in_house):
    async def story(house):
        sizes = []
        for count in (1, 255, 1, 300, 700):
            await house.submit(submission(house, leaves(count, sum(sizes))))
            sizes.append(count)
        size = sum(sizes)
        checkpoint = await head(house)
        assert checkpoint.size == size
        assert await entries(house, size) == leaves(size)
        for index in (0, 255, 256, 700, size - 1):
            path = inclusion_path(index, size)
            proof = (await hashes(house, path, size)).proof(path)
            [leaf] = leaves(1, index)
            verify_inclusion(index, size, leaf_hash(leaf), checkpoint.root, proof)
        for old in (1, 256, 557):
            path = consistency_path(old, size)
            proof = (await hashes(house, path, size)).proof(path)
            before = (await hashes(house, [(0, old)], old)).over((0, old))
            verify_consistency(old, size, before, checkpoint.root, proof)

    in_house(story)


def test_a_reader_that_we_did_not_write_checks_what_is_served(in_house):
    class Served:
        def __init__(self, found):
            self.found = found

        def get(self, *path):
            return self.found.get("/".join(path))

    async def story(house):
        await house.submit(submission(house, leaves(600)))
        paths = ["checkpoint", "tile/0/000", "tile/0/001", "tile/0/002.p/88", "tile/1/000.p/2"]
        paths += ["tile/entries/001"]
        answers = {path: await read(house, path) for path in paths}
        reading = TilesReader(Served({path: a.content for path, a in answers.items()}))
        checkpoint = reading.get_checkpoint()
        own = NoteKey(LOG_ORIGIN, Kind.TEXT, house.keys["ledger"].public.signing)
        checkpoint.verify(Vkey.from_string(own.vkey()))
        assert reading.calculate_root_hash() == checkpoint.root_hash
        assert reading.get_entry(300) == leaves(1, 300)[0]
        proof = reading.get_inclusion_proof(300, 600)
        proof.check(leaf_hash(leaves(1, 300)[0]), checkpoint.root_hash)

    in_house(story)


def test_what_may_be_cached_is_said_and_what_is_not_there_is_not_found(in_house):
    async def story(house):
        await house.submit(submission(house, leaves(300)))
        newest = await read(house, "checkpoint")
        assert newest.headers["content-type"] == "text/plain; charset=utf-8"
        assert newest.headers["cache-control"] == "no-cache"
        for path in ("tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/001.p/44"):
            answer = await read(house, path)
            assert answer.status_code == 200
            assert answer.headers["content-type"] == "application/octet-stream"
            assert "immutable" in answer.headers["cache-control"]
        for path in (
            "tile/0/001",
            "tile/0/001.p/45",
            "tile/1/000",
            "tile/2/000.p/1",
            "tile/x",
            "x",
        ):
            assert (await read(house, path)).status_code == 404

    in_house(story)


@pytest.mark.parametrize("table", ["log_batch", "log_node", "log_submission"])
@pytest.mark.parametrize(
    "change", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {} CASCADE"]
)
def test_nobody_who_serves_or_migrates_changes_the_log(in_house, table, change):
    column = {"log_batch": "at", "log_node": "hash", "log_submission": "sender"}[table]
    statement = change.format(table, column, column)

    async def story(house):
        await house.submit(submission(house, leaves(300)))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            async with house.database.transaction() as tx:
                await tx.execute(statement)
        with (
            psycopg.connect(house.owner.reveal()) as owner,
            pytest.raises(psycopg.errors.RaiseException, match="append-only"),
        ):
            owner.execute(statement.encode())

    in_house(story)


# What is delivered, and its leaves


async def places(house, table, of):
    async with house.database.transaction() as tx:
        found = await tx.connection.execute(f"SELECT {of}, leaf FROM {table}".encode())
        return dict(await found.fetchall())


def test_a_delivered_record_stands_where_the_core_put_its_leaf(in_house):
    async def story(house):
        await house.submit(submission(house, leaves(4)))
        records = [house.record("one"), house.record("other")]
        assert await house.deliver(*records) == 2
        assert await house.deliver(*records) == 0
        assert await places(house, "record", "record") == {
            records[0].record: 4,
            records[1].record: 5,
        }
        assert (await entries(house, 6))[4:] == [record.leaf() for record in records]
        assert await house.alarms() == []

    in_house(story)


def test_a_record_whose_leaf_never_came_gets_it_with_its_delivery(in_house):
    async def story(house):
        record = house.record("one")
        house.down.add("log")  # the core ended between its commit and the log
        await house.deliver(record)
        assert await entries(house, 1) == [record.leaf()]
        house.down.discard("log")
        assert await house.logged(record) == await house.logged(record)
        assert (await head(house)).size == 1
        assert await places(house, "record", "record") == {record.record: 0}

    in_house(story)


@pytest.mark.parametrize(
    "change",
    [
        {"requester": "lg-231002"},
        {"outcome": "NO_DATA"},
        {"items": ("local-tax.losses",)},
        {"hidden": True},
        {"salt": bytes(16)},
    ],
)
def test_a_record_that_was_changed_after_its_leaf_raises_an_alarm(in_house, change):
    async def story(house):
        good, bad = house.record("one"), house.record("one")
        sent = await house.logged(good, bad)
        changed = msgspec.structs.replace(bad, **change)
        house.down.add("log")
        await house.deliver(good, changed, submissions=sent)
        assert await house.alarms() == [("record-changed", bad.permit)]
        assert await places(house, "record", "record") == {good.record: 0, bad.record: None}
        await house.deliver(good, changed, submissions=sent)
        assert len(await house.alarms()) == 1

    in_house(story)


def test_a_record_that_was_slipped_in_under_anothers_submission_raises_an_alarm(in_house):
    async def story(house):
        good = house.record("one")
        [sent] = await house.logged(good)
        forged = house.record("one")
        house.down.add("log")
        two = (msgspec.structs.replace(sent, records=2),)
        await house.deliver(good, forged, submissions=two)
        assert sorted(await house.alarms()) == sorted(
            [("record-changed", good.permit), ("record-changed", forged.permit)]
        )

    in_house(story)


def test_submissions_that_do_not_fit_the_records_are_refused(in_house):
    async def story(house):
        record = house.record("one")
        [sent] = await house.logged(record)
        for submissions in ((sent, sent), (msgspec.structs.replace(sent, records=2),)):
            with pytest.raises(Refused) as refusal:
                await house.deliver(record, submissions=submissions)
            assert refusal.value.reason == "bad-input"
        with pytest.raises(Refused):
            await house.deliver(msgspec.structs.replace(record, salt=b"short"))

    in_house(story)


def test_the_end_of_an_exchange_has_a_leaf_once_it_is_final(in_house):
    async def story(house):
        record = house.record("one")
        waiting = house.end(record, "one", outcome="PENDING_MANUAL")
        await house.deliver(record, ends=[waiting])
        assert await places(house, "record_end", "side") == {"provider": None}
        decided = house.end(record, "one")
        asked = house.end(record, side="requester")
        assert await house.deliver(ends=[decided, asked]) == 2
        assert await house.deliver(ends=[decided, asked, waiting]) == 0
        assert await places(house, "record_end", "side") == {"provider": 1, "requester": 2}
        logged = await entries(house, (await head(house)).size)
        assert logged[1:] == [end_leaf(house.ledger, end) for end in (decided, asked)]

    in_house(story)


def test_a_delivery_that_was_cut_after_the_leaves_of_its_ends_puts_in_no_others(in_house):
    async def story(house):
        record = house.record("one")
        await house.deliver(record)
        ends = [house.end(record, "one"), house.end(record, side="requester")]
        with psycopg.connect(house.owner.reveal(), autocommit=True) as owner:
            owner.execute("ALTER TABLE record_end ADD CONSTRAINT cut CHECK (false) NOT VALID")
            with pytest.raises(Unavailable):
                await house.deliver(ends=ends)
            owner.execute("ALTER TABLE record_end DROP CONSTRAINT cut")
        house.bugs.clear()
        assert (await head(house)).size == 3
        assert await house.deliver(ends=ends) == 2
        assert (await head(house)).size == 3
        assert await places(house, "record_end", "side") == {"provider": 1, "requester": 2}

    in_house(story)


def test_a_leaf_tells_nothing_without_its_salt(in_house):
    async def story(house):
        record = house.record("one")
        other = msgspec.structs.replace(record, salt=house.entropy.bytes(16))
        assert record.leaf() != other.leaf()
        end = house.end(record, "one")
        first, second = end_leaf(house.ledger, end), end_leaf(house.ledger, end)
        assert first == second
        stranger = type(house.ledger)(
            database=house.database,
            keys=house.keys["register"],
            clock=house.clock,
            entropy=house.entropy,
        )
        assert end_leaf(stranger, end) != first

    in_house(story)
