-- Who lets somebody else read for her (委任). A delegation names the one who gave it, by the ledger's own
-- code. Of the other stands only a tag of her code under the ledger's key and under a secret that is not
-- here: this database does not tell who acts for whom, not even to whoever has the ledger's keys.

CREATE TABLE delegation (
    delegation text PRIMARY KEY CHECK (length(delegation) = 22),
    person bytea NOT NULL CHECK (octet_length(person) = 32),
    version integer NOT NULL,
    purpose text NOT NULL,
    secret_hash bytea NOT NULL UNIQUE CHECK (octet_length(secret_hash) = 32),
    proxy_tag bytea CHECK (octet_length(proxy_tag) = 32),
    given_on date NOT NULL,
    until date NOT NULL CHECK (until >= given_on),
    ended_on date CHECK (ended_on >= given_on)
);
CREATE INDEX delegation_person ON delegation (person);

-- Each time that something was read by it: written down before it is read, and never changed.
CREATE TABLE delegated_act (
    act text PRIMARY KEY CHECK (length(act) = 22),
    delegation text NOT NULL REFERENCES delegation (delegation),
    at timestamptz NOT NULL
);
CREATE INDEX delegated_act_delegation ON delegated_act (delegation, at DESC);
CREATE INDEX delegated_act_at ON delegated_act (at);

INSERT INTO retention (what, kept, basis) VALUES
    ('delegated_act', '7 years', 'our choice: as long as the record of an exchange');
