-- Who may learn the status of certificates, and what each asked. A verifier's token is random, so
-- its SHA-256 is enough to know it again. `roles` decide about whose certificates it may ask.
CREATE TABLE verifier (
    verifier text PRIMARY KEY CHECK (verifier ~ '^[a-z][a-z0-9-]{0,63}$'),
    roles text [] NOT NULL CHECK (cardinality(roles) > 0),
    platform text REFERENCES verifier (verifier),
    token_hash bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    registered_on date NOT NULL,
    suspended boolean NOT NULL
);

-- Each certificate that was asked about: by whom, why, how, and what was said. Days, no instants.
CREATE TABLE status_check (
    verifier text NOT NULL,
    ca text NOT NULL,
    serial numeric NOT NULL,
    purpose text NOT NULL CHECK (purpose IN ('signature_verification', 'liveness_check')),
    method text NOT NULL CHECK (method IN ('ocsp', 'crl')),
    told text NOT NULL CHECK (told IN ('good', 'held', 'revoked', 'unknown')),
    checked_on date NOT NULL
);
CREATE INDEX status_check_day ON status_check (verifier, checked_on);

-- The keys that answer for an authority, each with a certificate of that authority.
CREATE TABLE responder (
    ca text NOT NULL,
    generation integer NOT NULL,
    key_label text NOT NULL UNIQUE,
    serial bigint NOT NULL CHECK (serial > 0),
    not_before timestamptz NOT NULL,
    not_after timestamptz NOT NULL CHECK (not_after > not_before),
    der bytea NOT NULL,
    PRIMARY KEY (ca, serial),
    FOREIGN KEY (ca, generation) REFERENCES authority (ca, generation)
);
CREATE INDEX responder_newest ON responder (ca, generation, not_after);
