-- What registered verifiers did with certificates, and as whom each knows a holder. A verifier's names for certificates, users and verifications are its own: random, or keyed
-- by a secret that is not here. Of a verification no content of a certificate is kept.

-- squawk-ignore require-concurrent-index-creation
CREATE INDEX certificate_predecessor ON certificate (ca, predecessor);

-- A verifier's own name for a certificate that it was shown.
CREATE TABLE verifier_certificate (
    verifier text NOT NULL REFERENCES verifier (verifier),
    certificate text NOT NULL CHECK (length(certificate) = 22),
    ca text NOT NULL,
    serial bigint NOT NULL,
    PRIMARY KEY (verifier, certificate),
    UNIQUE (verifier, ca, serial),
    FOREIGN KEY (ca, serial) REFERENCES certificate (ca, serial)
);

-- A holder as one tenant knows her. `turn` counts how often she was deleted there before.
CREATE TABLE verifier_user (
    tenant text NOT NULL REFERENCES verifier (verifier),
    user_id text NOT NULL CHECK (length(user_id) = 22),
    holder bytea NOT NULL CHECK (octet_length(holder) = 32),
    turn integer NOT NULL CHECK (turn >= 0),
    since date NOT NULL,
    linked_on date,
    deleted boolean NOT NULL,
    PRIMARY KEY (tenant, user_id),
    UNIQUE (tenant, holder, turn)
);
CREATE UNIQUE INDEX verifier_user_present ON verifier_user (tenant, holder) WHERE NOT deleted;

CREATE TABLE verification (
    verification text PRIMARY KEY CHECK (length(verification) = 22),
    verifier text NOT NULL REFERENCES verifier (verifier),
    tenant text NOT NULL REFERENCES verifier (verifier),
    certificate text NOT NULL,
    result text NOT NULL,
    digest bytea NOT NULL,
    method text NOT NULL CHECK (method IN ('ocsp', 'crl')),
    purpose text NOT NULL,
    verified_at timestamptz NOT NULL,
    linked boolean NOT NULL,
    FOREIGN KEY (verifier, certificate) REFERENCES verifier_certificate (verifier, certificate)
);

-- Each question that went beyond the one certificate shown: which belongs with it, which took its
-- place, whether this is the person who is linked (with the terminal).
CREATE TABLE lookup (
    verifier text NOT NULL,
    tenant text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('pair', 'succession', 'confirmation')),
    ca text NOT NULL,
    serial numeric NOT NULL,
    terminal text NOT NULL,
    told text NOT NULL,
    asked_on date NOT NULL
);
CREATE INDEX lookup_day ON lookup (verifier, asked_on);

-- Lists of revoked certificates that were handed out.
CREATE TABLE list_fetch (
    verifier text NOT NULL,
    ca text NOT NULL,
    generation integer NOT NULL,
    part text NOT NULL,
    number bigint NOT NULL,
    purpose text NOT NULL,
    fetched_on date NOT NULL
);
CREATE INDEX list_fetch_day ON list_fetch (verifier, fetched_on);
