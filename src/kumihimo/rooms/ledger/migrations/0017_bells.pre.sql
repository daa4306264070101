-- Who wants to hear outside of a session that something new waits for her: a bell by a secret that is
-- not here. That it rings is a bit, and the same for everything that is new. What is hidden rings none.
CREATE TABLE bell (
    bell_hash bytea PRIMARY KEY CHECK (octet_length(bell_hash) = 32),
    person bytea NOT NULL CHECK (octet_length(person) = 32),
    version integer NOT NULL,
    rings boolean NOT NULL DEFAULT false,
    until date NOT NULL
);
CREATE INDEX bell_person ON bell (person);
CREATE INDEX bell_until ON bell (until);

-- Whether oversight was told that an answer is overdue: once for each.
ALTER TABLE claim ADD COLUMN overdue_told boolean NOT NULL DEFAULT false;
