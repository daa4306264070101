-- What a person asks about herself (自己情報). A batch is one kind of information, asked of every
-- institution that may hold it; it ends with her session. `body` is the signed question for the core,
-- in which she is sealed. An answer is sealed to a key that follows from her session's token, of which
-- this database knows the hash only: no key of the ledger opens it.

CREATE TABLE own_batch (
    batch text PRIMARY KEY CHECK (length(batch) = 22),
    token_hash bytea NOT NULL CHECK (octet_length(token_hash) = 32),
    information text NOT NULL,
    reader_key bytea NOT NULL CHECK (octet_length(reader_key) = 32),
    body bytea NOT NULL,
    asked_at timestamptz NOT NULL,
    until timestamptz NOT NULL CHECK (until >= asked_at),
    next_try_at timestamptz NOT NULL,
    tries integer NOT NULL DEFAULT 0 CHECK (tries >= 0)
);
CREATE INDEX own_batch_session ON own_batch (token_hash, asked_at);
CREATE INDEX own_batch_until ON own_batch (until);

CREATE TABLE own_ask (
    inquiry text PRIMARY KEY CHECK (length(inquiry) = 22),
    batch text NOT NULL REFERENCES own_batch (batch) ON DELETE CASCADE,
    provider text NOT NULL,
    permit text CHECK (length(permit) = 22),
    outcome text,
    answer_sealed bytea,
    answered_at timestamptz,
    CHECK ((outcome IS NULL) = (answered_at IS NULL)),
    CHECK (answer_sealed IS NULL OR outcome = 'OK')
);
CREATE INDEX own_ask_batch ON own_ask (batch);
CREATE INDEX own_ask_open ON own_ask (batch) WHERE outcome IS NULL;
