-- The core's database. No number, name, address, code in the clear or payload can stand here: a
-- person is only ever a point blinded by register or a point sealed to one party.

CREATE TABLE domain (
    domain text PRIMARY KEY,
    version integer NOT NULL DEFAULT 1 CHECK (version >= 1),
    rotating_to integer CHECK (rotating_to = version + 1),
    previous_until timestamptz
);

-- Number Act art. 21-2(4): nobody uses an acquisition number beyond the acquisition. The row stays,
-- without its point, until `expires_at`, only so that the number cannot be used twice.
CREATE TABLE acquisition (
    acquisition text PRIMARY KEY CHECK (length(acquisition) = 22),
    domain text NOT NULL,
    point bytea CHECK (octet_length(point) = 32),
    state text NOT NULL CHECK (state IN ('waiting', 'spent')),
    expires_at timestamptz NOT NULL,
    CHECK (state = 'waiting' OR point IS NULL)
);
CREATE INDEX acquisition_expiry ON acquisition (expires_at);

-- Art. 23: who asked whom, when, for what; refusals too. `person` is sealed to the ledger.
CREATE TABLE exchange_record (
    record text PRIMARY KEY CHECK (length(record) = 22),
    permit text NOT NULL UNIQUE CHECK (length(permit) = 22),
    requester text NOT NULL,
    inquiry text NOT NULL,
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    case_reference text NOT NULL,
    affair text NOT NULL,
    provider text NOT NULL,
    items text[] NOT NULL,
    basis text[] NOT NULL,
    list_version text NOT NULL,
    outcome text NOT NULL,
    reason text NOT NULL,
    requested_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    person bytea NOT NULL CHECK (octet_length(person) = 64),
    hidden boolean NOT NULL,
    UNIQUE (requester, inquiry)
);
CREATE INDEX exchange_record_time ON exchange_record (requested_at);

CREATE TABLE exchange_end (
    permit text NOT NULL,
    side text NOT NULL CHECK (side IN ('requester', 'provider')),
    outcome text NOT NULL,
    at timestamptz NOT NULL,
    person bytea NOT NULL CHECK (octet_length(person) IN (0, 64)),
    hidden boolean NOT NULL,
    PRIMARY KEY (permit, side)
);

CREATE TABLE evidence (
    evidence bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    key_id text NOT NULL,
    base bytea NOT NULL,
    signature bytea NOT NULL,
    body bytea NOT NULL
);
CREATE INDEX evidence_time ON evidence (at);
