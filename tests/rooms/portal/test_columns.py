"""Every column of the portal's database and what stands in it: no number, no name, no serial."""

import psycopg

from tests.rooms.review.test_columns import _COLUMNS
from tests.rooms.test_columns import KERNEL

COLUMNS = {
    "account": {
        "account": "random id",
        "user_tag": "keyed tag of jpki's id of her for the portal alone",
        "user_locked": "that id under the portal's key",
        "opened_on": "day",
    },
    "account_certificate": {
        "account": "random id",
        "certificate_tag": "keyed tag of jpki's name of a certificate for the portal alone",
        "first_on": "day",
        "last_on": "day",
    },
    "visit": {
        "token_hash": "of 264 random bits",
        "account": "random id",
        "content_locked": "what the visit keeps, under the portal's key; gone with the visit",
        "presence_hash": "of 256 random bits of a terminal",
        "begun_at": "instant",
        "until": "instant",
        "ends_at": "instant",
        "lease_until": "instant",
    },
    "card_proof": {
        "proof": "random id",
        "session": "hash of a browser's random token",
        "purpose": "word",
        "channel": "word",
        "state": "word",
        "content_locked": "what is to be signed, under the portal's key; gone in minutes",
        "opened_at": "instant",
        "expires_at": "instant",
        "receipt_hash": "of 256 random bits",
        "answer_locked": "jpki's ids of who signed, under the portal's key; gone in minutes",
    },
    "question": {
        "question": "random id",
        "account": "random id",
        "kind": "word",
        "addressee": "party",
        "content_locked": "the entry and her words, under the portal's key",
        "evidence_locked": "text, signature and certificate, under the portal's key",
        "asked_on": "day",
        "due_on": "day",
        "state": "word",
    },
    "wish": {
        "account": "random id",
        "content_locked": "how she wants to be told, her address, her bell, under the portal's key",
        "listens": "yes or no: mail is wished",
        "due": "yes or no: a mail is to go out",
        "rests_until": "instant of the relay's doing: it put a mail off",
    },
    "last_look": {
        "account": "random id",
        "content_locked": "what she had seen and when, under the portal's key",
    },
    "notice_mark": {
        "account": "random id",
        "notice_tag": "keyed tag of a notice",
        "mark": "word",
        "forget_on": "day, the first of a month",
    },
    "proxy_delegation": {
        "delegation": "random id",
        "state": "word",
        "content_locked": "both sides, what for, and the ledger's secret, under the portal's key",
        "code_tag": "keyed tag of a random code; gone with it",
        "code_until": "instant; gone with the code",
        "until": "day",
        "ledger_told": "yes or no",
        "forget_on": "day, the first of a month",
    },
    "proxy_part": {
        "part": "random id",
        "account": "random id",
        "content_locked": "of which delegation, her words, what her card signed, under the key",
        "check_at": "instant, drawn: no act sets it off",
        "good_until": "instant, of a look that no act sets off, but the first",
        "forget_on": "day, the first of a month",
    },
    "proxy_word": {
        "word": "random id",
        "account": "random id",
        "content_locked": "what she is told, of which part, and when, under the portal's key",
        "seen": "yes or no",
        "forget_on": "day, the first of a month",
    },
    "feedback": {
        "feedback": "random id",
        "page": "address of a page",
        "found": "word",
        "language": "word",
        "text_locked": "somebody's words on the page, under the portal's key",
        "said_on": "day",
    },
    "attempt": {
        "what": "word",
        "source_tag": "keyed tag of an address; gone in minutes",
        "minute": "instant, a whole minute",
        "tries": "count",
    },
}  # fmt: skip


def test_no_column_stands_at_the_portal_that_is_not_listed_with_what_it_holds(new_room):
    _, reached = new_room("portal")
    with psycopg.connect(reached.owner.reveal()) as connection:
        rows = connection.execute(_COLUMNS.encode()).fetchall()
    tables = KERNEL | COLUMNS
    found = {(table, column): instant for table, column, instant in rows}
    assert set(found) == {(table, column) for table, those in tables.items() for column in those}
    for (table, column), instant in found.items():
        assert instant == tables[table][column].startswith("instant"), (table, column)
