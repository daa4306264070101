-- The ledger's database. A person is only ever the ledger's own code of her: no number, no name, no
-- address, no payload, no code of any institution.

CREATE TABLE record (
    record text PRIMARY KEY CHECK (length(record) = 22),
    permit text NOT NULL UNIQUE CHECK (length(permit) = 22),
    person bytea NOT NULL CHECK (octet_length(person) = 32),
    version integer NOT NULL,
    requester text NOT NULL,
    provider text NOT NULL,
    affair text NOT NULL,
    items text[] NOT NULL,
    basis text[] NOT NULL,
    outcome text NOT NULL,
    requested_at timestamptz NOT NULL,
    hidden boolean NOT NULL
);
CREATE INDEX record_person ON record (person, requested_at DESC, record);

-- An end may come before its record; `person` is what the provider's own seal opens to.
CREATE TABLE record_end (
    permit text NOT NULL CHECK (length(permit) = 22),
    side text NOT NULL CHECK (side IN ('requester', 'provider')),
    outcome text NOT NULL,
    at timestamptz NOT NULL,
    person bytea CHECK (octet_length(person) = 32),
    hidden boolean NOT NULL,
    PRIMARY KEY (permit, side)
);
CREATE INDEX record_end_person ON record_end (person) WHERE person IS NOT NULL;

-- Two ends that name different people.
CREATE TABLE alarm (
    permit text PRIMARY KEY CHECK (length(permit) = 22),
    requester text NOT NULL,
    provider text NOT NULL,
    noticed_at timestamptz NOT NULL
);

-- Granted exchanges of which one end never reported what it did.
CREATE TABLE end_missing (
    permit text PRIMARY KEY CHECK (length(permit) = 22),
    noticed_at timestamptz NOT NULL
);

-- A person's session: who shows the token reads this person's records until it ends.
CREATE TABLE session (
    token_hash bytea PRIMARY KEY CHECK (octet_length(token_hash) = 32),
    person bytea NOT NULL CHECK (octet_length(person) = 32),
    version integer NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX session_expiry ON session (expires_at);

-- Tickets that opened a session, by a keyed tag: register knows whose each acquisition number was.
CREATE TABLE ticket_used (
    tag bytea PRIMARY KEY CHECK (octet_length(tag) = 32),
    used_on date NOT NULL
);
