-- Exchanges by months: a row is narrow, a month is a partition of its own, and a month that is old
-- enough goes whole (decision 0006). The month is that of the core's own clock when it wrote the row
-- down, so ids are looked for in this month and the one before, however many there are.

-- 22 characters of base64url and 128 bits are one id.
CREATE FUNCTION id_text(id uuid) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN translate(rtrim(encode(uuid_send(id), 'base64'), '='), '+/', '-_');

-- What many exchanges of a month have in common: whom they asked for what, and the answer. `terms` is a
-- fingerprint of the rest, so that the same words stand once.
CREATE TABLE exchange_terms (
    month date NOT NULL CHECK (extract(day FROM month) = 1),
    terms uuid NOT NULL,
    affair text NOT NULL,
    provider text NOT NULL,
    items text[] NOT NULL,
    basis text[] NOT NULL,
    list_version text NOT NULL,
    outcome text NOT NULL,
    reason text NOT NULL,
    hidden boolean NOT NULL,
    office text CHECK (length(office) <= 64),
    role text CHECK (length(role) <= 64),
    PRIMARY KEY (month, terms)
) PARTITION BY LIST (month);

-- Art. 23: who asked whom, when, for what; refusals too. `person` is sealed to the ledger.
CREATE TABLE exchange (
    requested_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    month date NOT NULL CHECK (extract(day FROM month) = 1),
    record uuid NOT NULL,
    permit uuid NOT NULL,
    inquiry uuid NOT NULL,
    submission uuid,
    terms uuid NOT NULL,
    requester text NOT NULL,
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    person bytea NOT NULL CHECK (octet_length(person) = 64),
    case_reference text NOT NULL,
    UNIQUE (month, requester, inquiry)
) PARTITION BY LIST (month);
CREATE INDEX exchange_permit ON exchange (permit);
CREATE INDEX exchange_time ON exchange (requested_at);
-- A server that tells who wrote (decision 0018) changes no row that nothing names. Rows of exchanges and
-- evidence have no key of their own; whoever changes one all the same is told of, so the server names it
-- by the whole row. The core itself changes none, so this costs it nothing.
ALTER TABLE exchange REPLICA IDENTITY FULL;

-- What either side said of its end, in the month of its exchange: the provider or the requester.
CREATE TABLE exchange_said (
    at timestamptz NOT NULL,
    month date NOT NULL CHECK (extract(day FROM month) = 1),
    permit uuid NOT NULL,
    by_provider boolean NOT NULL,
    hidden boolean NOT NULL,
    outcome text NOT NULL,
    person bytea NOT NULL CHECK (octet_length(person) IN (0, 64)),
    PRIMARY KEY (month, permit, by_provider)
) PARTITION BY LIST (month);

-- For people, and for whoever compares the rooms' books: ids as they travel, words beside them.
CREATE VIEW exchange_record AS
    SELECT id_text(e.record) AS record, id_text(e.permit) AS permit, e.requester,
        id_text(e.inquiry) AS inquiry, e.digest, e.case_reference, t.affair, t.provider, t.items, t.basis,
        t.list_version, t.outcome, t.reason, e.requested_at, e.expires_at, e.person, t.hidden,
        id_text(e.submission) AS submission, t.office, t.role
    FROM exchange e JOIN exchange_terms t ON t.month = e.month AND t.terms = e.terms;
CREATE VIEW exchange_end AS
    SELECT id_text(permit) AS permit, CASE WHEN by_provider THEN 'provider' ELSE 'requester' END AS side,
        outcome, at, person, hidden
    FROM exchange_said;
