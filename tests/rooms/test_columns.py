"""Every column of the rooms' databases and what stands in it. A new one fails until it is listed.

(register's own list is in `tests/rooms/register/test_columns.py`, jpki's in `tests/rooms/jpki`.)
"""

import psycopg
import pytest

from tests.rooms.agency.columns import AGENCY
from tests.rooms.jpki.columns import JPKI
from tests.rooms.ledger.columns import LEDGER
from tests.rooms.oversight.columns import OVERSIGHT

# What every room has (`kernel/migrations`). Bodies in transit differ by room, see OUTBOX.
KERNEL = {
    "dead_letter": {
        "message": "count",
        "sender": "party",
        "topic": "path",
        "destination": "party",
        "body": "as in the outbox",
        "put_at": "instant",
        "died_at": "instant",
        "reason": "refusal code",
    },
    "journal": {
        "seq": "count",
        "at": "instant of a batch, names nobody",
        "act": "word",
        "actor": "party",
        "detail": "counts",
        "digest": "hash chain",
    },
    "journal_anchor": {
        "number": "count",
        "seq": "count",
        "digest": "hash chain",
        "party": "party",
        "at": "instant of a look at the journal, names nobody",
        "place": "place in the log",
    },
    "journal_head": {"singleton": "true", "seq": "count", "digest": "hash chain"},
    "kept_statement": {
        "what": "word",
        "signer": "public key",
        "version": "count",
        "body": "oversight's directory: parties, their public keys and standing",
        "signature": "of oversight",
    },
    "migration": {
        "package": "of this program",
        "name": "of the file",
        "digest": "of the file",
        "applied_at": "instant",
    },
    "outbox": {
        "message": "count",
        "sender": "party",
        "topic": "path",
        "destination": "party",
        "body": "messages of an `api`, persons sealed; gone when delivered",
        "put_at": "instant",
        "next_try_at": "instant",
        "tries": "count",
    },
    "leaf_batch": {
        "submission": "random id",
        "put_at": "instant of a batch, names nobody",
        "leaves": "salted commitments",
        "kind": "word",
        "first": "place in the log",
    },
    "turn": {"what": "name of a work, party", "until": "instant"},
    "watched": {
        "singleton": "true",
        "place": "place in the server's log, names nobody",
        "seal": "keyed sum of the place",
    },
}

LINKAGE = {
    "acquisition": {
        "acquisition": "random id, one use",
        "domain": "party",
        "point": "blinded by register; gone with the acquisition",
        "state": "word",
        "expires_at": "instant of a batch",
    },
    "domain": {
        "domain": "party",
        "version": "count",
        "rotating_to": "count",
        "previous_until": "instant",
    },
    "retention": {"what": "name of a table", "kept": "period", "basis": "law"},
    "evidence": {
        "at": "instant",
        "month": "month",
        "packed": "yes or no",
        "key_id": "party and key",
        "base": "what was signed",
        "signature": "of a party",
        "body": "the message, persons sealed",
    },
    "exchange": {
        "month": "month",
        "record": "random id",
        "permit": "random id",
        "requester": "party",
        "inquiry": "random id",
        "digest": "of the message, persons freshly sealed in it",
        "case_reference": "keyed by the requester, fresh for each inquiry",
        "requested_at": "instant",
        "expires_at": "instant",
        "person": "sealed to the ledger",
        "submission": "random id: where its leaf went",
        "terms": "of words: the row of `exchange_terms`",
    },
    "exchange_said": {
        "month": "month",
        "permit": "random id",
        "by_provider": "yes or no",
        "outcome": "word",
        "at": "instant",
        "person": "sealed to the ledger",
        "hidden": "yes or no",
    },
    "exchange_terms": {
        "month": "month",
        "terms": "of the words beside it",
        "affair": "id of the law's row",
        "provider": "party",
        "items": "ids of items",
        "basis": "ids of entries of the list",
        "list_version": "of the list",
        "outcome": "word",
        "reason": "sentence of this program",
        "hidden": "yes or no",
        "office": "words for an office, by its institution; no number as long as a person's",
        "role": "words for a role there",
    },
    "month_counted": {"month": "month", "counted_at": "instant"},
}

GATEWAY = {
    "acquisition": {
        "institution": "party",
        "acquisition": "random id, one use",
        "person": "integrated id",
        "blinding_locked": "under the institution's key",
        "expires_on": "day",
    },
    "addressee": {
        "institution": "party",
        "addressee": "the business system's own number of a person",
        "person": "integrated id",
    },
    "batch": {
        "institution": "party",
        "batch": "random id",
        "state": "word",
        "body": "the inquiries as sent, persons sealed",
        "granted": "the core's answer, persons sealed",
        "created_at": "instant",
        "next_try_at": "instant",
        "tries": "count",
    },
    "case_file": {
        "institution": "party",
        "case_file": "random id",
        "person_tag": "keyed tag of a person, in no other table",
        "affair": "id of the law's row",
        "opened_on": "day",
        "closed_on": "day",
    },
    "claim": {
        "institution": "party",
        "claim": "random id",
        "kind": "word",
        "affair": "id of the law's row",
        "sealed": "a person's words, sealed to the institution's key",
        "detail_locked": "whom it is about, under the institution's key",
        "taken_on": "day",
        "due_on": "day",
        "decision": "word",
        "answer_sealed": "sealed to the ledger's key",
        "answered_by": "staff id",
        "answered_on": "day",
    },
    "register_inquiry": {
        "institution": "party",
        "inquiry_tag": "keyed tag of the inquiry's id, which register has, too",
        "records_locked": "which records it was asked for, under the institution's key",
        "asked_on": "day",
    },
    "notice_sent": {
        "institution": "party",
        "notice": "random id",
        "reference_tag": "keyed tag of the institution's name of the notice",
        "person_tag": "keyed tag of a person, of notices alone",
        "detail_locked": "whom it is for and its title, under the institution's key",
        "sealed": "what she is told, sealed to the ledger's key",
        "state": "word",
        "sent_on": "day",
        "until": "day",
    },
    "client": {
        "institution": "party",
        "client": "name of a business system",
        "token_hash": "of 256 random bits",
        "affairs": "ids of the law's rows",
        "created_on": "day",
    },
    "copy": {
        "institution": "party",
        "copy": "count",
        "person": "integrated id",
        "info": "kind of information",
        "layout": "layout",
        "as_of": "day",
        "load": "random id",
        "supersedes": "count",
        "current": "yes or no",
        "locked": "payload, validity and flag, under the institution's key",
    },
    "evidence": {
        "institution": "party",
        "evidence": "count",
        "at": "instant",
        "key_id": "party and key",
        "base": "what was signed",
        "signature": "of a party",
        "packed": "yes or no",
        "body": "the message, persons and payloads sealed",
    },
    "exchange_record": {
        "institution": "party",
        "record": "count of its own",
        "side": "word",
        "peer": "party",
        "affair": "id of the law's row",
        "items": "ids of items",
        "outcome": "word",
        "list_version": "of the list",
        "requested_at": "instant",
        "provided_at": "instant",
        "hidden": "yes or no",
        "detail_locked": "person, reference and copies, under the institution's key",
    },
    "inquiry": {
        "institution": "party",
        "inquiry": "random id",
        "batch": "random id",
        "affair": "id of the law's row",
        "provider": "party",
        "items": "ids of items",
        "layout": "layout",
        "person_locked": "under the institution's key",
        "permit": "random id",
        "outcome": "word",
        "asked_at": "instant",
        "answered_at": "instant",
        "result_locked": "payload, under the institution's key; purged",
        "purge_after": "instant",
        "hidden": "yes or no",
        "withheld": "word",
        "withdrawn_at": "instant",
    },
    "retention": {"what": "name of a table", "kept": "period", "basis": "law"},
    "load": {
        "institution": "party",
        "load": "random id",
        "info": "kind of information",
        "layout": "layout",
        "file_digest": "keyed tag of the file",
        "rows_good": "count",
        "rows_bad": "count",
        "loaded_at": "instant of a file, names nobody",
    },
    "person": {
        "institution": "party",
        "person": "integrated id",
        "code": "the institution's own code",
        "code_version": "count",
        "acquisition_state": "word",
        "rejected_because": "word",
        "flags_locked": "what is withheld of her, under the institution's key",
    },
    "provision": {
        "institution": "party",
        "permit": "random id; purged",
        "requester": "party",
        "outcome": "word",
        "received_at": "instant",
        "purge_after": "instant",
        "answer": "payload sealed to the requester; purged",
        "manual_locked": "what a decision needs, under the institution's key",
    },
    "record_tag": {
        "institution": "party",
        "record": "count",
        "tag": "keyed, of person, day and count: no two are equal",
    },
    "tracker_session": {
        "institution": "party",
        "token_hash": "hash of 256 random bits; the row goes with the session",
        "person_locked": "under the institution's key",
        "until": "instant",
    },
    "rotation": {
        "institution": "party",
        "old": "count",
        "new": "count",
        "scalar_locked": "under the institution's key",
        "finished_on": "day",
    },
    "suspension": {
        "institution": "party",
        "suspension": "random id",
        "review_case": "the institution's own id of a case",
        "addressee_tag": "keyed tag of a record, in no other table",
        "person_tag": "keyed tag of a person, in no other table",
        "ground": "word",
        "state": "word",
        "suspended_at": "instant",
        "settled_at": "instant",
        "detail_locked": "record, person, staff and the wrong number, under the institution's key",
        "followed_up_at": "instant",
    },
    "consequence": {
        "institution": "party",
        "consequence": "count",
        "suspension": "random id",
        "kind": "word",
        "peer": "party",
        "affair": "id of the law's row",
        "items": "ids of items",
        "at": "instant",
        "certain": "yes or no",
        "detail_locked": "person, reference and copies, under the institution's key",
    },
    "notice": {
        "institution": "party",
        "notice": "random id",
        "suspension": "random id",
        "kind": "word",
        "state": "word",
        "made_at": "instant",
        "sent_at": "instant",
        "sent_by": "id of staff",
        "to_locked": "whom a letter goes to, under the institution's key",
    },
    "link_check": {
        "institution": "party",
        "run": "random id",
        "affair": "id of the law's row",
        "started_on": "day",
        "finished_on": "day",
        "done_until": "integrated id",
        "compared": "count",
        "suspended": "count",
        "counts": "counts",
    },
    "link_finding": {
        "institution": "party",
        "finding": "count",
        "run": "random id",
        "verdict": "word",
        "found_locked": "records and levels, under the institution's key",
    },
    "mislink": {
        "institution": "party",
        "report": "random id",
        "suspension": "random id",
        "affair": "id of the law's row",
        "persons": "count",
    },
    "leak_case": {
        "institution": "party",
        "leak": "random id",
        "suspension": "random id",
        "known_on": "day",
        "types": "words",
        "persons": "count",
        "preliminary_due": "day",
        "final_due": "day",
    },
    "vault": {
        "institution": "party",
        "person": "integrated id",
        "number_tag": "keyed tag of the number",
        "locked": "number and attributes, under the institution's key",
        "source": "word",
    },
}

ROOMS = {
    "agency": AGENCY,
    "linkage": LINKAGE,
    "gateway": GATEWAY,
    "jpki": JPKI,
    "ledger": LEDGER,
    "oversight": OVERSIGHT,
}

_COLUMNS = (
    "SELECT c.relname, a.attname, a.atttypid = 'timestamptz'::regtype FROM pg_attribute a"
    " JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
    # A part of a table has its columns, and a view shows those of tables.
    " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p', 'm') AND NOT c.relispartition"
    " AND a.attnum > 0 AND NOT a.attisdropped"
)


@pytest.fixture
def columns(new_room):
    """Return a room's columns: (table, column) and whether it is an instant."""

    def read(room):
        _, reached = new_room(room)
        with psycopg.connect(reached.owner.reveal()) as connection:
            rows = connection.execute(_COLUMNS.encode()).fetchall()
        return {(table, column): instant for table, column, instant in rows}

    return read


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_no_column_stands_in_a_room_that_is_not_listed_with_what_it_holds(columns, room):
    tables = KERNEL | ROOMS[room]
    listed = {(table, column) for table, columns in tables.items() for column in columns}
    assert set(columns(room)) == listed


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_what_is_called_an_instant_is_one_and_nothing_else_is(columns, room):
    tables = KERNEL | ROOMS[room]
    for (table, column), instant in columns(room).items():
        assert instant == tables[table][column].startswith("instant"), (table, column)


def test_a_row_that_names_a_person_in_a_gateway_carries_no_instant(columns):
    found = columns("gateway")
    named = {table for table, column in found if column == "person"}
    assert named == {"person", "addressee", "vault", "acquisition", "copy"}
    assert not {table for (table, _), instant in found.items() if instant} & named
