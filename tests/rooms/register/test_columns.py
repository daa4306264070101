"""Every column of register's database: what stands in it. A new one fails until it is listed."""

from tests.rooms.register.made import birth, code

COLUMNS = {
    "acquisition_quota": {
        "office": "party",
        "tokens": "count",
        "at": "instant of the office's last batch, names nobody",
        "day": "day",
        "used": "count",
    },
    "acquisition_seen": {
        "tag": "keyed tag of an acquisition number",
        "binding": "keyed tag of number, domain and person together",
        "seen_on": "day; the row goes after four weeks",
    },
    "comparison_quota": {
        "office": "party",
        "tokens": "count",
        "at": "instant of the office's last batch, names nobody",
        "day": "day",
        "used": "count",
    },
    "dead_letter": {
        "message": "count",
        "sender": "",
        "topic": "path",
        "destination": "party",
        "body": "blinded points that the core refused",
        "put_at": "instant of a batch, names nobody",
        "died_at": "instant",
        "reason": "refusal code",
    },
    "individual_number": {
        "body": "number, for ever",
        "person": "register's own id",
        "generation": "count",
        "designated_on": "day",
    },
    "jpki_holder": {
        "tag": "keyed tag of the reference that jpki knows a person by",
        "person": "register's own id",
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
    "office_quota": {
        "office": "party",
        "tokens": "count",
        "at": "instant of the office's last batch, names nobody",
        "day": "day",
        "used": "count",
    },
    "outbox": {
        "message": "count",
        "sender": "",
        "topic": "path",
        "destination": "party",
        "body": "blinded points for the core; that a record changed, under a reference of jpki or cards",
        "put_at": "instant of a batch, names nobody",
        "next_try_at": "instant",
        "tries": "count",
    },
    "resident": {
        "person": "register's own id",
        "resident_code": "resident code",
        "municipality": "public code",
        "standing": "word",
        "name": "attribute",
        "birth": "attribute",
        "sex": "attribute",
        "address": "attribute",
        "number_body": "number",
        "name_key": "attribute in canonical form",
        "birth_key": "attribute in canonical form",
        "sex_key": "attribute in canonical form",
        "address_key": "attribute in canonical form",
        "kana_key": "attribute in canonical form",
        "lot_kind": "word",
    },
    "resident_code": {"code": "resident code, for ever", "person": "register's own id"},
    "resident_event": {
        "seq": "count",
        "event": "the municipality's id of the event",
        "person": "register's own id",
        "sender": "municipality",
        "recorded_on": "day",
        "body": "the event as sent: attributes, resident codes, officers, reason",
    },
    "resident_period": {
        "person": "register's own id",
        "valid_from": "day",
        "valid_to": "day",
        "recorded_from": "count of events",
        "recorded_to": "count of events",
        "resident_code": "resident code",
        "name": "attribute",
        "kana": "attribute",
        "birth": "attribute",
        "sex": "attribute",
        "address": "attribute",
        "municipality": "public code",
        "former_surname": "attribute",
        "alias": "attribute",
        "standing": "word",
        "protected": "yes or no",
    },
    "strict_inquiry": {
        "office": "party",
        "inquiry": "the office's id of the inquiry",
        "affair": "id of the law's row",
        "person_tag": "keyed tag of the attributes asked for",
        "answered": "yes or no",
        "asked_on": "day",
        "compared": "yes or no",
    },
}


def test_no_column_stands_in_register_that_is_not_listed_with_what_it_holds(in_house):
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


def test_rows_that_name_a_person_carry_days_and_no_instant(in_house):
    async def story(house):
        await house.tell(birth(1))
        await house.designate(code(1))
        async with house.database.transaction() as tx:
            found = await tx.connection.execute(
                "SELECT table_name FROM information_schema.columns"
                " WHERE table_schema = 'public' AND data_type LIKE 'timestamp%%'"
            )
            tables = {table for (table,) in await found.fetchall()}
        named = {"resident", "resident_code", "resident_event", "resident_period"}
        assert not tables & (named | {"individual_number", "strict_inquiry", "acquisition_seen"})

    in_house(story)
