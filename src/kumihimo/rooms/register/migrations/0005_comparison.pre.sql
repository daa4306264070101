-- Links that institutions hold are compared with register (定期的な照合). How many an office may
-- compare is counted apart, in the same form.
CREATE TABLE comparison_quota (
    office text PRIMARY KEY,
    tokens double precision NOT NULL CHECK (tokens >= 0),
    at timestamptz NOT NULL,
    day date NOT NULL,
    used bigint NOT NULL CHECK (used >= 0)
);

-- A comparison stands in the log like a strict inquiry, so that the person can be told.
ALTER TABLE strict_inquiry ADD COLUMN compared boolean NOT NULL DEFAULT false;

-- Who shares reading and birth date: two people who may be taken for each other. Null until it was
-- read out of the record; "" where the record has no reading.
ALTER TABLE resident ADD COLUMN kana_key text;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX resident_homonym ON resident (birth_key, kana_key);
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX resident_unread ON resident (person) WHERE kana_key IS NULL;
