-- A gateway hosts many institutions. Every row belongs to one; row-level security keeps them apart.
-- Rule of this schema: a row that names a person in the clear carries days, never instants; a row
-- that carries instants names its person only under the institution's key (columns *_locked), which
-- is not in this database. So a stolen dump cannot be joined by time with another party's. What is
-- particular about a person (her flags, the days of her cases, the length of her name) stands under
-- the key too, and rows of one batch are written in the order of random ids.

CREATE TABLE client (
    institution text NOT NULL,
    client text NOT NULL,
    token_hash bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    affairs text[] NOT NULL,
    created_on date NOT NULL,
    PRIMARY KEY (institution, client)
);

CREATE TABLE person (
    institution text NOT NULL,
    person text NOT NULL,
    code bytea CHECK (octet_length(code) = 32),
    code_version integer,
    acquisition_state text NOT NULL DEFAULT 'NONE' CHECK (
        acquisition_state IN ('NONE', 'SEQUENCED', 'REQUESTED', 'RECEIVED', 'BOUND', 'EXPIRED', 'REJECTED')
    ),
    rejected_because text NOT NULL DEFAULT '',
    flags_locked bytea NOT NULL,
    PRIMARY KEY (institution, person),
    CHECK ((acquisition_state = 'BOUND') = (code IS NOT NULL)),
    CHECK ((code IS NULL) = (code_version IS NULL))
);
CREATE UNIQUE INDEX person_code ON person (institution, code_version, code) WHERE code IS NOT NULL;

CREATE TABLE addressee (
    institution text NOT NULL,
    addressee text NOT NULL CHECK (length(addressee) BETWEEN 1 AND 64),
    person text NOT NULL,
    PRIMARY KEY (institution, addressee),
    FOREIGN KEY (institution, person) REFERENCES person (institution, person)
);
CREATE INDEX addressee_person ON addressee (institution, person);

-- The number vault: the only table that holds numbers, and only under the institution's key.
CREATE TABLE vault (
    institution text NOT NULL,
    person text NOT NULL,
    number_tag bytea NOT NULL CHECK (octet_length(number_tag) = 32),
    locked bytea NOT NULL,
    source text NOT NULL CHECK (source IN ('card', 'strict-inquiry')),
    PRIMARY KEY (institution, person),
    UNIQUE (institution, number_tag),
    FOREIGN KEY (institution, person) REFERENCES person (institution, person)
);

CREATE TABLE acquisition (
    institution text NOT NULL,
    acquisition text NOT NULL,
    person text NOT NULL,
    blinding_locked bytea,
    expires_on date NOT NULL,
    PRIMARY KEY (institution, acquisition),
    UNIQUE (institution, person),
    FOREIGN KEY (institution, person) REFERENCES person (institution, person)
);

-- Its day and affair stand in the records of the core and of the ledger too: so a case names its
-- person by a keyed tag, and not as the other tables do.
CREATE TABLE case_file (
    institution text NOT NULL,
    case_file text NOT NULL,
    person_tag bytea NOT NULL CHECK (octet_length(person_tag) = 32),
    affair text NOT NULL,
    opened_on date NOT NULL,
    closed_on date CHECK (closed_on >= opened_on),
    PRIMARY KEY (institution, case_file)
);
CREATE INDEX case_file_person ON case_file (institution, person_tag, affair);

CREATE TABLE load (
    institution text NOT NULL,
    load text NOT NULL,
    info text NOT NULL,
    layout text NOT NULL,
    file_digest bytea NOT NULL,
    rows_good integer NOT NULL,
    rows_bad integer NOT NULL,
    loaded_at timestamptz NOT NULL,
    PRIMARY KEY (institution, load)
);

CREATE TABLE copy (
    institution text NOT NULL,
    copy bigint GENERATED ALWAYS AS IDENTITY,
    person text NOT NULL,
    info text NOT NULL,
    layout text NOT NULL,
    as_of date NOT NULL,
    load text NOT NULL,
    supersedes bigint,
    current boolean NOT NULL DEFAULT true,
    locked bytea NOT NULL,
    PRIMARY KEY (institution, copy),
    FOREIGN KEY (institution, person) REFERENCES person (institution, person),
    FOREIGN KEY (institution, load) REFERENCES load (institution, load),
    FOREIGN KEY (institution, supersedes) REFERENCES copy (institution, copy)
);
CREATE UNIQUE INDEX copy_current ON copy (institution, person, info) WHERE current;
CREATE INDEX copy_person ON copy (institution, person, info, copy);

-- A batch on its way; its body goes when it is home, so the server need not try to make it smaller.
CREATE TABLE batch (
    institution text NOT NULL,
    batch text NOT NULL,
    state text NOT NULL CHECK (state IN ('ASKED', 'GRANTED', 'DONE')),
    body bytea STORAGE EXTERNAL NOT NULL,
    granted bytea,
    created_at timestamptz NOT NULL,
    next_try_at timestamptz NOT NULL,
    tries integer NOT NULL DEFAULT 0,
    PRIMARY KEY (institution, batch)
);
CREATE INDEX batch_open ON batch (institution, next_try_at) WHERE state <> 'DONE';

CREATE TABLE inquiry (
    institution text NOT NULL,
    inquiry text NOT NULL,
    batch text,
    affair text NOT NULL,
    provider text NOT NULL,
    items text[] NOT NULL,
    layout text NOT NULL,
    person_locked bytea NOT NULL,
    permit text,
    outcome text,
    asked_at timestamptz NOT NULL,
    answered_at timestamptz,
    result_locked bytea,
    purge_after timestamptz,
    PRIMARY KEY (institution, inquiry)
);
CREATE INDEX inquiry_batch ON inquiry (institution, batch);
CREATE INDEX inquiry_purge ON inquiry (institution, purge_after) WHERE result_locked IS NOT NULL;

CREATE TABLE provision (
    institution text NOT NULL,
    permit text NOT NULL,
    requester text NOT NULL,
    outcome text NOT NULL,
    received_at timestamptz NOT NULL,
    purge_after timestamptz NOT NULL,
    answer bytea,
    manual_locked bytea,
    PRIMARY KEY (institution, permit)
);
CREATE INDEX provision_manual ON provision (institution, received_at) WHERE outcome = 'PENDING_MANUAL';
CREATE INDEX provision_purge ON provision (institution, purge_after);

-- The legal record of art. 23, at either end, kept seven years. Person and copies under the key.
CREATE TABLE exchange_record (
    institution text NOT NULL,
    record bigint GENERATED ALWAYS AS IDENTITY,
    side text NOT NULL CHECK (side IN ('requester', 'provider')),
    peer text NOT NULL,
    affair text NOT NULL,
    items text[] NOT NULL,
    outcome text NOT NULL,
    list_version text NOT NULL,
    requested_at timestamptz NOT NULL,
    provided_at timestamptz,
    hidden boolean NOT NULL,
    detail_locked bytea NOT NULL,
    PRIMARY KEY (institution, record)
);
CREATE INDEX exchange_record_time ON exchange_record (institution, requested_at);

CREATE TABLE rotation (
    institution text NOT NULL,
    old integer NOT NULL,
    new integer NOT NULL,
    scalar_locked bytea NOT NULL,
    finished_on date,
    PRIMARY KEY (institution, new)
);

-- What one party signed, kept to prove it to a third.
CREATE TABLE evidence (
    institution text NOT NULL,
    evidence bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL,
    key_id text NOT NULL,
    base bytea NOT NULL,
    signature bytea NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (institution, evidence)
);

DO $$
DECLARE
    tenanted text;
BEGIN
    FOREACH tenanted IN ARRAY ARRAY[
        'person', 'addressee', 'vault', 'acquisition', 'case_file', 'load', 'copy', 'batch',
        'inquiry', 'provision', 'exchange_record', 'rotation', 'evidence'
    ] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', tenanted);
        EXECUTE format(
            'CREATE POLICY own_rows ON %I USING (institution = current_setting(''kumihimo.institution'', true))
             WITH CHECK (institution = current_setting(''kumihimo.institution'', true))', tenanted);
    END LOOP;
END
$$;
