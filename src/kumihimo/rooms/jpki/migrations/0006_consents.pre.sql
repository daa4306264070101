-- Consents to the latest attributes (最新の利用者情報). No attribute of anybody stands here: register
-- is asked when a verifier asks.

-- For what a verifier may learn attributes (利用目的), and the key that they are sealed to.
ALTER TABLE verifier ADD COLUMN uses text [] NOT NULL DEFAULT '{}';
ALTER TABLE verifier ADD COLUMN payload_key bytea CHECK (octet_length(payload_key) = 32);

-- What a holder signed: `statement` is the text that she read. `verifier` handed it in for `tenant`.
CREATE TABLE consent (
    consent text PRIMARY KEY CHECK (length(consent) = 22),
    verifier text NOT NULL REFERENCES verifier (verifier),
    tenant text NOT NULL REFERENCES verifier (verifier),
    holder bytea NOT NULL CHECK (octet_length(holder) = 32),
    serial bigint NOT NULL,
    items text [] NOT NULL CHECK (cardinality(items) > 0),
    starts_on date NOT NULL,
    ends_on date NOT NULL CHECK (ends_on >= starts_on),
    statement text NOT NULL,
    signature bytea NOT NULL,
    withdrawn_on date,
    withdrawn_by text CHECK (withdrawn_by IN ('holder', 'verifier')),
    CHECK ((withdrawn_on IS NULL) = (withdrawn_by IS NULL))
);
CREATE INDEX consent_holder ON consent (holder, tenant);
CREATE INDEX consent_age ON consent (ends_on);

-- What a holder signed to take her consents back, of whichever verifier it names.
CREATE TABLE withdrawal (
    withdrawal text PRIMARY KEY CHECK (length(withdrawal) = 22),
    verifier text NOT NULL REFERENCES verifier (verifier),
    tenant text NOT NULL,
    holder bytea NOT NULL CHECK (octet_length(holder) = 32),
    withdrawn_on date NOT NULL,
    statement text NOT NULL,
    signature bytea NOT NULL
);
CREATE INDEX withdrawal_holder ON withdrawal (holder, tenant);
CREATE INDEX withdrawal_age ON withdrawal (withdrawn_on);

-- Each time that a verifier asked for attributes by a consent, and whether it was told or by which
-- name refused. Days, no instants.
CREATE TABLE attribute_answer (
    consent text NOT NULL,
    verifier text NOT NULL,
    tenant text NOT NULL,
    told text NOT NULL,
    asked_on date NOT NULL
);
CREATE INDEX attribute_answer_consent ON attribute_answer (consent);
CREATE INDEX attribute_answer_age ON attribute_answer (asked_on);

INSERT INTO retention (what, kept, counted_from, basis) VALUES
    ('consent', '7 years', 'ends_on', 'our choice: as a record of an exchange'),
    ('withdrawal', '7 years', 'withdrawn_on', 'our choice: as a record of an exchange'),
    ('attribute_answer', '7 years', 'asked_on', 'our choice: as a record of an exchange');
