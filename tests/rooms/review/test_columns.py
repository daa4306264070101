"""Every column of the desk's database and what stands in it; values of persons stand locked."""

import psycopg

from tests.rooms.test_columns import KERNEL

COLUMNS = {
    "audit_run": {
        "audit_run": "digest of what an audit found",
        "generation": "count",
        "loaded_at": "instant",
        "rows_loaded": "count",
        "source": "word",
    },
    "pattern_line": {
        "audit_run": "digest of what an audit found",
        "pattern": "count",
        "verdict": "word",
        "mechanism": "word",
        "rows_found": "count",
        "levels": "words",
        "weights": "numbers of the pattern",
        "reason_ja": "sentence of this program",
        "reason_en": "sentence of this program",
    },
    "item": {
        "item": "random id",
        "affair": "id of the law's row",
        "record_id": "the institution's own name of its record",
        "audit_run": "digest of what an audit found",
        "pattern": "count",
        "verdict": "word",
        "mechanism": "word",
        "odds": "of the pattern",
        "minutes": "of the pattern",
        "worth": "of the pattern",
        "reason": "word",
        "shift_run": "count",
        "content_tag": "keyed tag of what stands locked here",
        "sides_locked": "both sides' values under the desk's key; gone with the decision",
        "proposal_locked": "a number under the desk's key; gone with the decision",
        "state": "word",
        "round": "count",
        "looks": "count",
        "first_by": "officer",
        "last_by": "officer",
        "repeat": "yes or no",
        "due_at": "instant",
        "held_by": "officer",
        "held_until": "instant",
        "suspended_in": "count",
        "decision": "word",
        "closed_on": "day",
        "source": "word",
        "gateway_case": "the gateway's id of a case",
    },
    "check_taken": {
        "gateway_run": "the gateway's id of a run of its check",
        "started_on": "day",
        "taken_until": "count",
        "whole": "yes or no",
    },
    "check_finding": {
        "item": "random id",
        "gateway_run": "the gateway's id of a run of its check",
        "found_on": "day",
        "verdict": "word",
    },
    "doubt": {
        "item": "random id",
        "review_case": "the gateway's id of a case",
        "ground": "word",
        "state": "word",
        "suspended_at": "instant",
        "settled_at": "instant",
    },
    "look": {
        "look": "count",
        "item": "random id",
        "round": "count",
        "place": "count",
        "officer": "officer",
        "answer": "word",
        "mechanism": "word",
        "number_tag": "keyed tag of the number that was typed",
        "number_locked": "that number under the desk's key; gone with the decision",
        "looked_at": "instant",
        "taken_back": "yes or no",
    },
    "viewing": {
        "viewing": "count",
        "item": "random id",
        "officer": "officer",
        "seen_at": "instant",
        "attributes": "names of attributes, no value",
    },
    "link_effect": {
        "link_effect": "count",
        "item": "random id",
        "round": "count",
        "case_round": "count",
        "correction_locked": "number and attributes under the desk's key; gone when told",
        "kind": "word",
        "state": "word",
        "reason": "refusal code",
        "asked_at": "instant",
        "ended_at": "instant",
    },
    "visit": {
        "token_hash": "of 264 random bits",
        "officer": "officer",
        "entry_tag": "keyed tag of her line in the file of officers",
        "content_locked": "what the visit keeps, under the desk's key; gone with the visit",
        "until": "instant",
    },
    "sign_in_try": {"officer": "officer", "tries": "count", "last_at": "instant"},
    "tally": {"mechanism": "word", "state": "word", "items": "count", "minutes": "sum"},
    "loading": {"brought_at": "instant"} | dict.fromkeys(("audit_run", "audit_row", "item", "affair", "record_id", "pattern", "verdict", "mechanism", "odds", "minutes", "worth", "reason", "shift_run", "content_tag", "sides_locked", "proposal_locked"), "as in item, on its way in"),
    "retention": {"what": "name of a table", "kept": "period", "basis": "law"},
}  # fmt: skip
_COLUMNS = (
    "SELECT c.relname, a.attname, a.atttypid = 'timestamptz'::regtype FROM pg_attribute a"
    " JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p', 'v', 'm')"
    " AND a.attnum > 0 AND NOT a.attisdropped"
)


def test_no_column_stands_at_the_desk_that_is_not_listed_with_what_it_holds(new_room):
    _, reached = new_room("review")
    with psycopg.connect(reached.owner.reveal()) as connection:
        rows = connection.execute(_COLUMNS.encode()).fetchall()
    tables = KERNEL | COLUMNS
    found = {(table, column): instant for table, column, instant in rows}
    assert set(found) == {(table, column) for table, those in tables.items() for column in those}
    for (table, column), instant in found.items():
        assert instant == tables[table][column].startswith("instant"), (table, column)


def test_who_serves_requests_can_change_neither_a_viewing_nor_an_answer(new_room):
    _, reached = new_room("review")
    rights = (
        "SELECT has_any_column_privilege(%s, %s, 'UPDATE'), has_table_privilege(%s, %s, 'DELETE')"
    )
    answer = "SELECT has_column_privilege(%s, 'look', 'answer', 'UPDATE')"
    with psycopg.connect(reached.owner.reveal()) as connection:
        row = connection.execute(rights, (reached.role, "viewing") * 2).fetchone()
        assert row == (False, False)
        assert connection.execute(answer, (reached.role,)).fetchone() == (False,)
