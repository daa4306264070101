-- The log (c2sp.org/tlog-tiles): entries of 32 bytes in batches, each with the checkpoint that the
-- ledger signed over all entries so far. Nothing here names anybody.
CREATE TABLE log_batch (
    start bigint PRIMARY KEY CHECK (start >= 0),
    size bigint NOT NULL UNIQUE CHECK (size > start),
    at timestamptz NOT NULL,
    entries bytea NOT NULL CHECK (octet_length(entries) = 32 * (size - start)),
    root bytea NOT NULL CHECK (octet_length(root) = 32),
    note text NOT NULL
);

-- The hash over each full tile, at the level above it. Everything else comes out of the entries.
CREATE TABLE log_node (
    level integer NOT NULL CHECK (level BETWEEN 1 AND 8),
    place bigint NOT NULL CHECK (place >= 0),
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (level, place)
);

-- Who submitted which entries, under which id: a repeat gets the places that it had.
CREATE TABLE log_submission (
    submission text PRIMARY KEY CHECK (length(submission) = 22),
    sender text NOT NULL,
    first bigint NOT NULL CHECK (first >= 0),
    leaves integer NOT NULL CHECK (leaves > 0)
);

CREATE FUNCTION log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the log is append-only';
END
$$;
CREATE TRIGGER log_batch_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON log_batch
    FOR EACH STATEMENT EXECUTE FUNCTION log_is_append_only();
CREATE TRIGGER log_node_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON log_node
    FOR EACH STATEMENT EXECUTE FUNCTION log_is_append_only();
CREATE TRIGGER log_submission_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON log_submission
    FOR EACH STATEMENT EXECUTE FUNCTION log_is_append_only();

-- What a leaf commits to beside what a record has, and where it stands in the log.
ALTER TABLE record
    ADD COLUMN list_version text,
    ADD COLUMN sealed_digest bytea CHECK (octet_length(sealed_digest) = 32),
    ADD COLUMN salt bytea CHECK (octet_length(salt) = 16),
    ADD COLUMN leaf bigint CHECK (leaf >= 0);
ALTER TABLE record_end ADD COLUMN leaf bigint CHECK (leaf >= 0);
