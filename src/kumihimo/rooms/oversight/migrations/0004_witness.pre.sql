-- How far oversight saw the ledger's log. Its own state: it believes the log only by proof from here.
CREATE TABLE witnessed (
    log text PRIMARY KEY,
    size bigint NOT NULL CHECK (size >= 0),
    root bytea NOT NULL CHECK (octet_length(root) = 32),
    note text NOT NULL,
    at timestamptz NOT NULL
);

-- Evidence, append-only: what a log showed that does not continue what was seen, beside what was.
CREATE TABLE two_histories (
    alarm text PRIMARY KEY CHECK (length(alarm) = 22),
    log text NOT NULL,
    seen text NOT NULL,
    shown text NOT NULL,
    noticed_at timestamptz NOT NULL
);
