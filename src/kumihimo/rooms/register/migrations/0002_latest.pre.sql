-- Whom jpki may ask about: a keyed tag of the name that jpki knows a person by, since cards was told
-- of her. Without register's key the tag cannot be joined with anything in jpki's database.
CREATE TABLE jpki_holder (
    tag bytea PRIMARY KEY CHECK (octet_length(tag) = 32),
    person bigint NOT NULL REFERENCES resident (person)
);
