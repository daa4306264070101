-- The portal's database. A person is an account, known by a keyed tag of what jpki calls her here:
-- no number, no name, no address, no serial of a certificate. What stands in `*_locked` is under the
-- portal's own key.

CREATE TABLE account (
    account text PRIMARY KEY CHECK (length(account) = 22),
    user_tag bytea NOT NULL UNIQUE CHECK (octet_length(user_tag) = 32),
    user_locked bytea NOT NULL,
    opened_on date NOT NULL
);

-- The certificates by which an account was entered, the first and every renewal after it.
CREATE TABLE account_certificate (
    account text NOT NULL REFERENCES account (account),
    certificate_tag bytea NOT NULL CHECK (octet_length(certificate_tag) = 32),
    first_on date NOT NULL,
    last_on date NOT NULL,
    PRIMARY KEY (account, certificate_tag)
);

-- Browsers in which somebody is signed in. `ends_at` is absolute; `lease_until` is the last word of
-- a shared terminal that the card is still in its reader.
CREATE TABLE visit (
    token_hash bytea PRIMARY KEY CHECK (octet_length(token_hash) = 32),
    account text REFERENCES account (account),
    content_locked bytea NOT NULL,
    presence_hash bytea UNIQUE CHECK (octet_length(presence_hash) = 32),
    begun_at timestamptz NOT NULL,
    until timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    lease_until timestamptz,
    CHECK (until <= ends_at),
    CHECK ((presence_hash IS NULL) = (lease_until IS NULL))
);
CREATE INDEX visit_account ON visit (account);
CREATE INDEX visit_until ON visit (until);

-- What a card is asked to sign: by which browser, what text, and what came of it. Minutes old at most.
CREATE TABLE card_proof (
    proof text PRIMARY KEY CHECK (length(proof) = 22),
    session bytea NOT NULL CHECK (octet_length(session) = 32),
    purpose text NOT NULL CHECK (purpose IN ('login', 'act')),
    channel text NOT NULL CHECK (channel IN ('here', 'phone')),
    state text NOT NULL CHECK (state IN ('open', 'compared', 'answered', 'spent', 'failed')),
    content_locked bytea NOT NULL,
    opened_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    receipt_hash bytea CHECK (octet_length(receipt_hash) = 32),
    answer_locked bytea,
    CHECK ((state IN ('answered', 'spent')) = (receipt_hash IS NOT NULL))
);
CREATE INDEX card_proof_session ON card_proof (session, opened_at);
CREATE INDEX card_proof_expiry ON card_proof (expires_at);

-- How often something was tried from one place in one minute; the place by a keyed tag.
CREATE TABLE attempt (
    what text NOT NULL CHECK (what IN ('open', 'fail')),
    source_tag bytea NOT NULL CHECK (octet_length(source_tag) = 32),
    minute timestamptz NOT NULL,
    tries integer NOT NULL CHECK (tries >= 1),
    PRIMARY KEY (what, source_tag, minute)
);
CREATE INDEX attempt_minute ON attempt (minute);

-- Questions and objections about an entry of one's own records, each signed by the card over its text.
CREATE TABLE question (
    question text PRIMARY KEY CHECK (length(question) = 22),
    account text NOT NULL REFERENCES account (account),
    kind text NOT NULL CHECK (kind IN ('question', 'objection', 'not-mine')),
    addressee text NOT NULL,
    content_locked bytea NOT NULL,
    evidence_locked bytea NOT NULL,
    asked_on date NOT NULL,
    due_on date NOT NULL CHECK (due_on > asked_on),
    state text NOT NULL CHECK (state IN ('asked', 'answered', 'withdrawn'))
);
CREATE INDEX question_account ON question (account, asked_on);
