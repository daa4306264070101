-- Who lets whom act for her (委任, 代理). A delegation names nobody in the clear: who gave it, who holds it,
-- what for and the ledger's secret stand under the portal's key. So does of each side's part what it is
-- a part of: a dump shows that somebody has parts, and not with whom.

CREATE TABLE proxy_delegation (
    delegation text PRIMARY KEY CHECK (length(delegation) = 22),
    state text NOT NULL CHECK (state IN ('offered', 'active', 'suspended', 'ended')),
    content_locked bytea NOT NULL,
    code_tag bytea UNIQUE CHECK (octet_length(code_tag) = 32),
    code_until timestamptz,
    until date NOT NULL,
    ledger_told boolean NOT NULL DEFAULT false,
    forget_on date NOT NULL,
    CHECK ((state = 'offered') = (code_tag IS NOT NULL)),
    CHECK ((code_tag IS NULL) = (code_until IS NULL))
);
CREATE INDEX proxy_delegation_state ON proxy_delegation (state, until);
CREATE INDEX proxy_delegation_untold ON proxy_delegation (delegation)
    WHERE state = 'ended' AND NOT ledger_told;

-- One side of it. Her certificate is looked at by turns that no act sets off: who asks for two at once
-- tells jpki that they belong together.
CREATE TABLE proxy_part (
    part text PRIMARY KEY CHECK (length(part) = 22),
    account text NOT NULL REFERENCES account (account),
    content_locked bytea NOT NULL,
    check_at timestamptz,
    good_until timestamptz NOT NULL,
    forget_on date NOT NULL
);
CREATE INDEX proxy_part_account ON proxy_part (account);
CREATE INDEX proxy_part_check ON proxy_part (check_at);

-- What somebody is told of her delegations.
CREATE TABLE proxy_word (
    word text PRIMARY KEY CHECK (length(word) = 22),
    account text NOT NULL REFERENCES account (account),
    content_locked bytea NOT NULL,
    seen boolean NOT NULL DEFAULT false,
    forget_on date NOT NULL
);
CREATE INDEX proxy_word_account ON proxy_word (account);
