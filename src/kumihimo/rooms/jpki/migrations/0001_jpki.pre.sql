-- jpki's database: certificates, their status, and the lists of revoked ones. A person is named by a
-- holder reference that register keys for this room alone; no number and no resident code can stand
-- here. A certificate's own text holds what the law prints into it (name and address in the sign one).

-- The generations of the two authorities. Generations of one authority share a name: the key id
-- tells whose signature it is. The private keys are in the key store, under `key_label`.
CREATE TABLE authority (
    ca text NOT NULL CHECK (ca IN ('sign', 'auth')),
    generation integer NOT NULL CHECK (generation >= 1),
    key_kind text NOT NULL CHECK (key_kind IN ('rsa-2048', 'p-384')),
    key_label text NOT NULL UNIQUE,
    key_id bytea NOT NULL UNIQUE CHECK (octet_length(key_id) = 20),
    not_before timestamptz NOT NULL,
    not_after timestamptz NOT NULL CHECK (not_after > not_before),
    der bytea NOT NULL,
    PRIMARY KEY (ca, generation)
);

-- One order of a sign and an auth certificate, or of one of the two, for one carrier.
CREATE TABLE issuance (
    issuance text PRIMARY KEY CHECK (length(issuance) = 22),
    holder bytea NOT NULL CHECK (octet_length(holder) = 32),
    version integer NOT NULL CHECK (version >= 0),
    carrier text NOT NULL CHECK (carrier IN ('card', 'android', 'iphone')),
    municipality text NOT NULL CHECK (municipality ~ '^[0-9]{6}$'),
    abroad boolean NOT NULL,
    order_digest bytea NOT NULL CHECK (octet_length(order_digest) = 32),
    state text NOT NULL CHECK (state IN ('open', 'issued', 'refused')),
    refusal text NOT NULL DEFAULT ''
);
CREATE INDEX issuance_holder ON issuance (holder);
CREATE INDEX issuance_open ON issuance (issuance) WHERE state = 'open';

-- What is about to be signed, stored before it is. `tbs` goes when the certificate is there, or will
-- never be. A key is certified once, whoever shows it again.
CREATE TABLE intent (
    issuance text NOT NULL REFERENCES issuance (issuance),
    ca text NOT NULL,
    generation integer NOT NULL,
    serial bigint NOT NULL CHECK (serial > 0),
    key_hash bytea NOT NULL CHECK (octet_length(key_hash) = 32),
    not_before timestamptz NOT NULL,
    not_after timestamptz NOT NULL CHECK (not_after > not_before),
    tbs bytea,
    PRIMARY KEY (issuance, ca),
    UNIQUE (ca, serial),
    UNIQUE (key_hash),
    FOREIGN KEY (ca, generation) REFERENCES authority (ca, generation)
);

-- `ca` is also the kind: a sign certificate is issued by the sign authority. `predecessor` is the
-- serial of the certificate that this one took the place of on the same carrier.
CREATE TABLE certificate (
    ca text NOT NULL,
    serial bigint NOT NULL CHECK (serial > 0),
    generation integer NOT NULL,
    issuance text NOT NULL REFERENCES issuance (issuance),
    holder bytea NOT NULL CHECK (octet_length(holder) = 32),
    carrier text NOT NULL,
    municipality text NOT NULL,
    key_hash bytea NOT NULL CHECK (octet_length(key_hash) = 32),
    predecessor bigint,
    not_before timestamptz NOT NULL,
    not_after timestamptz NOT NULL CHECK (not_after > not_before),
    status text NOT NULL CHECK (status IN ('good', 'held', 'revoked')),
    reason text,
    status_at timestamptz NOT NULL,
    der bytea NOT NULL,
    PRIMARY KEY (ca, serial),
    UNIQUE (issuance, ca),
    FOREIGN KEY (ca, generation) REFERENCES authority (ca, generation),
    CHECK ((status = 'good') = (reason IS NULL)),
    CHECK ((status = 'held') = (reason IS NOT DISTINCT FROM 'certificateHold'))
);
CREATE INDEX certificate_holder ON certificate (holder);
CREATE INDEX certificate_listed ON certificate (ca, generation, municipality)
    WHERE status <> 'good';

-- Lists of revoked certificates. `part` is '' for the full list, else the municipality of the
-- distribution point. `due_at` is set when a list must be made anew at once.
CREATE TABLE crl_number (
    ca text NOT NULL,
    generation integer NOT NULL,
    part text NOT NULL,
    number bigint NOT NULL CHECK (number >= 0),
    due_at timestamptz NOT NULL,
    PRIMARY KEY (ca, generation, part),
    FOREIGN KEY (ca, generation) REFERENCES authority (ca, generation)
);
CREATE INDEX crl_number_due ON crl_number (due_at);

CREATE TABLE crl (
    ca text NOT NULL,
    generation integer NOT NULL,
    part text NOT NULL,
    number bigint NOT NULL CHECK (number >= 1),
    this_update timestamptz NOT NULL,
    next_update timestamptz NOT NULL CHECK (next_update > this_update),
    der bytea NOT NULL,
    PRIMARY KEY (ca, generation, part, number),
    FOREIGN KEY (ca, generation, part) REFERENCES crl_number (ca, generation, part)
);

-- What register said last of a person: how often it changed her record, and whether she may hold
-- certificates. An order whose attributes are older is stale.
CREATE TABLE holder (
    holder bytea PRIMARY KEY CHECK (octet_length(holder) = 32),
    version integer NOT NULL CHECK (version >= 0),
    attributes_version integer NOT NULL CHECK (attributes_version >= 0),
    standing text NOT NULL CHECK (standing IN ('resident', 'leaving', 'abroad', 'dead'))
);

-- Events from cards that were taken; one that comes again changes nothing.
CREATE TABLE status_event (
    event text PRIMARY KEY CHECK (length(event) = 22),
    issuance text NOT NULL REFERENCES issuance (issuance),
    kind text NOT NULL
);

-- A class of keys that is broken: what was suspended for it, and what replaced it. `after_ca` and
-- `after_serial` say how far the search has come, so that a crash costs no more than one step.
CREATE TABLE recall (
    recall text PRIMARY KEY CHECK (length(recall) = 22),
    key_class text NOT NULL,
    state text NOT NULL CHECK (state IN ('suspending', 'suspended')),
    after_ca text NOT NULL,
    after_serial bigint NOT NULL,
    begun_on date NOT NULL
);

CREATE TABLE recalled (
    recall text NOT NULL REFERENCES recall (recall),
    issuance text NOT NULL REFERENCES issuance (issuance),
    replacement text NOT NULL UNIQUE CHECK (length(replacement) = 22),
    state text NOT NULL CHECK (state IN ('suspended', 'replaced', 'refused')),
    refusal text NOT NULL DEFAULT '',
    PRIMARY KEY (recall, issuance)
);
CREATE INDEX recalled_waiting ON recalled (recall) WHERE state = 'suspended';
