"""Every column of the ledger's database: what stands in it. A new one fails until it is listed."""

import psycopg
import pytest

COLUMNS = {
    "alarm": {
        "permit": "random id of an exchange",
        "requester": "party",
        "provider": "party",
        "noticed_at": "instant",
    },
    "dead_letter": {
        "message": "count",
        "sender": "",
        "topic": "path",
        "destination": "party",
        "body": "an alarm, or the ledger's own end of an exchange: permit and parties",
        "put_at": "instant",
        "died_at": "instant",
        "reason": "refusal code",
    },
    "claim": {
        "claim": "random id",
        "person": "the ledger's own code",
        "version": "count",
        "kind": "word",
        "addressee": "party",
        "permit": "random id",
        "told_on": "day",
        "due_on": "day",
        "state": "word",
        "decision": "word",
        "answer_sealed": "sealed to the ledger's key",
        "answered_on": "day",
    },
    "end_missing": {"permit": "random id of an exchange", "noticed_at": "instant"},
    "journal": {
        "seq": "count",
        "at": "instant",
        "act": "word",
        "actor": "party, or the word person",
        "detail": "counts",
        "digest": "hash chain",
    },
    "journal_head": {"singleton": "true", "seq": "count", "digest": "hash chain"},
    "turn": {"what": "name of a work, party", "until": "instant"},
    "kept_statement": {
        "what": "word",
        "signer": "public key",
        "version": "count",
        "body": "oversight's directory: parties, their public keys and standing",
        "signature": "of oversight",
    },
    "leaf_batch": {
        "submission": "random id",
        "put_at": "instant",
        "leaves": "salted commitments",
        "first": "place in the log",
    },
    "log_batch": {
        "start": "count",
        "size": "count",
        "at": "instant",
        "entries": "salted commitments",
        "root": "hash",
        "note": "a checkpoint, signed",
    },
    "log_cosignature": {
        "size": "count",
        "witness": "name of a witness",
        "line": "a cosignature",
        "at": "instant",
    },
    "log_node": {"level": "count", "place": "count", "hash": "hash"},
    "log_submission": {
        "submission": "random id",
        "sender": "party",
        "first": "place in the log",
        "leaves": "count",
    },
    "migration": {
        "package": "of this program",
        "name": "of the file",
        "digest": "of the file",
        "applied_at": "instant",
    },
    "outbox": {
        "message": "count",
        "sender": "",
        "topic": "path",
        "destination": "party",
        "body": "an alarm, or the ledger's own end of an exchange: permit and parties",
        "put_at": "instant",
        "next_try_at": "instant",
        "tries": "count",
    },
    "own_ask": {
        "inquiry": "random id",
        "batch": "random id",
        "provider": "party that was asked; everybody's question goes to the same ones",
        "permit": "random id of an exchange",
        "outcome": "word",
        "answer_sealed": "sealed to a key of the session, which is not here; gone with it",
        "answered_at": "instant",
    },
    "own_batch": {
        "batch": "random id",
        "token_hash": "hash of 256 random bits; the row goes with the session",
        "information": "id of a kind of information",
        "reader_key": "public key of the session",
        "body": "the question for the core: parties and items, the person sealed",
        "asked_at": "instant",
        "until": "instant",
        "next_try_at": "instant",
        "tries": "count",
    },
    "record": {
        "record": "random id",
        "permit": "random id of an exchange",
        "person": "the ledger's own code",
        "version": "of the ledger's key",
        "requester": "party",
        "provider": "party",
        "affair": "id of the law's row",
        "items": "ids of kinds of information",
        "basis": "words of the law",
        "outcome": "word",
        "requested_at": "instant: the law asks for it (art. 23)",
        "hidden": "yes or no",
        "list_version": "of the law's list",
        "sealed_digest": "digest of the seal that the core delivered, of which no two are alike",
        "salt": "random: of the record's leaf",
        "leaf": "place in the log",
    },
    "record_end": {
        "permit": "random id of an exchange",
        "side": "word",
        "outcome": "word",
        "at": "instant: the law asks for it (art. 23)",
        "person": "the ledger's own code",
        "hidden": "yes or no",
        "version": "of the ledger's key",
        "leaf": "place in the log",
    },
    "retention": {"what": "name of a table", "kept": "period", "basis": "law"},
    "rotation": {
        "new": "of the ledger's key",
        "old": "of the ledger's key",
        "scalar_locked": "encrypted under a key that is not here; forgotten in time",
        "finished_on": "day",
    },
    "session": {
        "token_hash": "hash of 256 random bits; the row goes after minutes",
        "person": "the ledger's own code",
        "version": "of the ledger's key",
        "expires_at": "instant",
    },
    "ticket_used": {
        "tag": "keyed tag of an acquisition number",
        "used_on": "day; the row goes after four weeks",
    },
}


def test_no_column_stands_in_the_ledger_that_is_not_listed_with_what_it_holds(in_house):
    async def story(house):
        async with house.database.transaction() as tx:
            found = await tx.connection.execute(
                "SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c"
                " ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
                " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p', 'v', 'm')"
                " AND a.attnum > 0 AND NOT a.attisdropped"
            )
            rows = await found.fetchall()
        listed = {(table, column) for table, columns in COLUMNS.items() for column in columns}
        assert set(rows) == listed

    in_house(story)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM record",
        "DELETE FROM record_end",
        "DELETE FROM journal",
        "TRUNCATE record",
        "UPDATE record SET requester = 'lg-271004'",
        "UPDATE record SET requested_at = now()",
        "UPDATE record SET hidden = true",
        "UPDATE record SET outcome = 'NO_DATA'",
        "DROP TABLE record",
        "UPDATE retention SET kept = '1 day'",
    ],
)
def test_who_serves_requests_cannot_remove_a_record_or_change_what_it_says(in_house, statement):
    async def story(house):
        await house.exchanged(house.record("one"))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            async with house.database.transaction() as tx:
                await tx.execute(statement)
        assert len(await house.read(await house.enter("one"))) == 1

    in_house(story)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE record SET person = person, version = version",
        "DELETE FROM session",
        "DELETE FROM ticket_used",
    ],
)
def test_who_serves_requests_can_do_its_work(in_house, statement):
    async def story(house):
        await house.deliver(house.record("one"))
        await house.enter("one")
        async with house.database.transaction() as tx:
            assert await tx.execute(statement) == 1

    in_house(story)


def test_of_whom_the_records_speak_stands_nowhere(in_house, postgres):
    async def story(house):
        record = house.record("one")
        await house.deliver(record)
        await house.enter("one")
        dump = postgres.dump(house.name)
        assert bytes(house.coded("one").code).hex().encode() in dump  # the dump is the right one
        assert record.person.hex().encode() not in dump

    in_house(story)
