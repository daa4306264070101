-- The key of the ledger's domain changes while it answers: every code says its version, and the way
-- from each version to the next is kept, encrypted, until no message under the old one can come.
ALTER TABLE record_end ADD COLUMN version integer NOT NULL DEFAULT 1;

CREATE TABLE rotation (
    new integer PRIMARY KEY CHECK (new = old + 1),
    old integer NOT NULL CHECK (old >= 1),
    scalar_locked bytea,
    finished_on date,
    CHECK (scalar_locked IS NOT NULL OR finished_on IS NOT NULL)
);
