-- Leaves for the log: put down with the records that they commit to. `first` is the place of the
-- first of them in the log, once the log has said it.

CREATE TABLE leaf_batch (
    submission text PRIMARY KEY CHECK (length(submission) = 22),
    put_at timestamptz NOT NULL,
    leaves bytea NOT NULL CHECK (octet_length(leaves) > 0 AND octet_length(leaves) % 32 = 0),
    first bigint CHECK (first >= 0)
);
CREATE INDEX leaf_batch_open ON leaf_batch (put_at) WHERE first IS NULL;
