-- A person's own records at this institution are found by keyed tags. Each record has one that equals
-- no other: a tag is made of the person, the day and a count under the institution's key, so a thief
-- sees random bytes, and not which records are of one person (a record carries instants). One that
-- nobody may find (不開示, or of somebody unknown) has random bytes. NULL until the worker was there, which
-- finds those by the index of tags. It goes with its record (`forget_expired`); that the record is there is not
-- a foreign key, because to look for each costs as much as the row.
CREATE TABLE record_tag (
    institution text NOT NULL,
    record bigint NOT NULL,
    tag bytea CHECK (octet_length(tag) = 32),
    PRIMARY KEY (institution, record),
    UNIQUE (institution, tag)
);
INSERT INTO record_tag (institution, record) SELECT institution, record FROM exchange_record;

-- Who was let in to read who used her data: as long as a session lasts. Instants, so the person
-- stands under the institution's key.
CREATE TABLE tracker_session (
    institution text NOT NULL,
    token_hash bytea NOT NULL CHECK (octet_length(token_hash) = 32),
    person_locked bytea NOT NULL,
    until timestamptz NOT NULL,
    PRIMARY KEY (institution, token_hash)
);
CREATE INDEX tracker_session_until ON tracker_session (institution, until);

ALTER TABLE record_tag ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON record_tag
    USING (institution = current_setting('kumihimo.institution', true))
    WITH CHECK (institution = current_setting('kumihimo.institution', true));
ALTER TABLE tracker_session ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON tracker_session
    USING (institution = current_setting('kumihimo.institution', true))
    WITH CHECK (institution = current_setting('kumihimo.institution', true));
