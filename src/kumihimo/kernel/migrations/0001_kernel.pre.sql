-- What every room has: its journal and its outbox.

CREATE TABLE journal (
    seq bigint PRIMARY KEY CHECK (seq >= 1),
    at timestamptz NOT NULL,
    act text NOT NULL,
    actor text NOT NULL,
    detail text NOT NULL,
    digest bytea NOT NULL CHECK (octet_length(digest) = 32)
);

CREATE TABLE journal_head (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    seq bigint NOT NULL,
    digest bytea NOT NULL CHECK (octet_length(digest) = 32)
);
INSERT INTO journal_head (seq, digest) VALUES (0, decode(repeat('00', 32), 'hex'));

CREATE FUNCTION journal_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the journal is append-only';
END
$$;
CREATE TRIGGER journal_no_change BEFORE UPDATE OR DELETE ON journal
    FOR EACH ROW EXECUTE FUNCTION journal_is_append_only();
CREATE TRIGGER journal_no_truncate BEFORE TRUNCATE ON journal
    FOR EACH STATEMENT EXECUTE FUNCTION journal_is_append_only();

-- A letter is gone in a moment: to make it smaller for that long takes longer than to write it.
CREATE TABLE outbox (
    message bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sender text NOT NULL,
    topic text NOT NULL,
    destination text NOT NULL,
    body bytea STORAGE EXTERNAL NOT NULL,
    put_at timestamptz NOT NULL,
    next_try_at timestamptz NOT NULL,
    tries integer NOT NULL DEFAULT 0
);
CREATE INDEX outbox_due ON outbox (next_try_at);

CREATE TABLE dead_letter (
    message bigint PRIMARY KEY,
    sender text NOT NULL,
    topic text NOT NULL,
    destination text NOT NULL,
    body bytea NOT NULL,
    put_at timestamptz NOT NULL,
    died_at timestamptz NOT NULL,
    reason text NOT NULL
);
