"""Every column of cards' database: what stands in it. A new one fails until it is listed."""

import psycopg

from tests.rooms.test_columns import _COLUMNS, KERNEL

WRITTEN = {
    "name": "as written", "birth": "as written", "sex": "code", "address": "as written",
    "name_key": "canonical name and birth date, to find namesakes",
    "holder": "register's reference for cards alone",
    "jpki_holder": "register's reference for jpki alone",
    "handle": "register's, opens for register alone",
    "version": "count",
    "municipality": "code",
    "kind": "word", "state": "word", "because": "word", "certificates": "yes or no",
    "ward": "yes or no",
}  # fmt: skip

COLUMNS = {
    "application": WRITTEN
    | {
        "application": "random id",
        "form": "the 23 digits on the form",
        "sender": "party",
        "kana": "as written",
        "number_locked": "number and resident code, under the room's key; gone with the card",
        "pins_locked": "PINs of a card that is posted, under the room's key; gone with the card",
        "handover": "word",
        "stay": "word",
        "stay_until": "day",
        "stay_renewal_asked_on": "day",
        "photo_needed": "yes or no",
        "opened_on": "day",
        "applied_on": "day",
        "due_from": "day",
        "due_by": "day",
        "fee": "yen",
    },
    "card": WRITTEN
    | {
        "card": "random id",
        "serial": "random digits",
        "application": "random id",
        "chip_key": "public key of the chip",
        "auth_order": "random id",
        "sign_order": "random id",
        "made_in": "code",
        "made_on": "day",
        "delivered_on": "day",
        "delivered_in": "code",
        "ended_on": "day",
        "last_day": "day",
        "last_by_age": "day",
        "planned_out_on": "day",
        "moved_on": "day",
        "notified_on": "day",
        "continued_on": "day",
        "lapses_on": "day",
        "leaves_on": "day",
        "new_certificates": "word",
    },
    "card_act": {
        "act_id": "count",
        "card": "random id",
        "act": "word",
        "done_on": "day",
        "actor": "party",
        "officers": "codes of officers",
    },
    "card_count": {
        "count_id": "count",
        "card": "random id",
        "kind": "word",
        "counted_on": "day",
        "delivered_on": "day",
        "municipality": "code",
        "born": "day",
    },
    "certificate_order": {
        "order_id": "random id",
        "application": "random id",
        "session": "random id",
        "state": "word",
    },
    "counter_session": {
        "session": "random id",
        "card": "random id",
        "kind": "word",
        "phase": "word",
        "office": "party",
        "terminal": "name of a terminal",
        "officers": "codes of officers",
        "pins": "which secrets, never their values",
        "challenge": "random",
        "final_challenge": "random",
        "order_id": "random id",
        "expires_at": "instant of an act at a counter",
        "ended_state": "word",
    },
    "incident": {
        "incident": "random id",
        "card": "random id",
        "kind": "word",
        "state": "word",
        "opened_on": "day",
        "closed_on": "day",
    },
    "photo": {
        "digest": "of a photo, so that it is used once",
        "application": "random id",
        "bond": "keyed tag of photo and application",
        "picture": "the photo; gone when the card is made",
        "taken_on": "day",
        "present": "yes or no",
    },
}
NAMES_A_PERSON = {"application", "card", "card_act", "card_count", "photo", "incident"}


def read(new_room):
    _, reached = new_room("cards")
    with psycopg.connect(reached.owner.reveal()) as connection:
        rows = connection.execute(_COLUMNS.encode()).fetchall()
    return {(table, column): instant for table, column, instant in rows}


def test_no_column_stands_in_cards_that_is_not_listed_with_what_it_holds(new_room):
    tables = KERNEL | COLUMNS
    listed = {(table, column) for table, columns in tables.items() for column in columns}
    assert set(read(new_room)) == listed


def test_rows_that_name_a_person_carry_days_and_no_instant(new_room):
    found = read(new_room)
    tables = KERNEL | COLUMNS
    for (table, column), instant in found.items():
        assert instant == tables[table][column].startswith("instant"), (table, column)
    assert not {table for (table, _), instant in found.items() if instant} & NAMES_A_PERSON


def test_who_serves_requests_can_neither_change_nor_remove_the_trail_and_the_counts(new_room):
    _, reached = new_room("cards")
    rights = "SELECT has_table_privilege(%s, %s, %s)"
    with psycopg.connect(reached.owner.reveal()) as connection:
        for table in COLUMNS:
            row = connection.execute(rights, (reached.role, table, "DELETE")).fetchone()
            assert row == (False,), table
        for table in ("card_act", "card_count"):
            row = connection.execute(rights, (reached.role, table, "UPDATE")).fetchone()
            assert row == (False,), table
