-- Register's database: numbers, names, addresses, and who was written when. No code of any
-- institution, no key of a person and no blinding can stand here: they are derived from a secret
-- outside. Wherever the law needs no instant, the day is stored: an instant could be joined with
-- another room's.

CREATE SEQUENCE person_seq;

-- Every resident code that is or was anybody's. A replaced code is never given to another.
CREATE TABLE resident_code (
    code text PRIMARY KEY CHECK (code ~ '^[0-9]{11}$'),
    person bigint NOT NULL
);
CREATE INDEX resident_code_person ON resident_code (person);

-- 異動. Append-only; a replay of a person's events gives her periods.
CREATE TABLE resident_event (
    seq bigint PRIMARY KEY,
    event text NOT NULL UNIQUE CHECK (length(event) = 22),
    person bigint NOT NULL,
    sender text NOT NULL,
    recorded_on date NOT NULL,
    body text NOT NULL
);
CREATE SEQUENCE event_seq OWNED BY resident_event.seq;
CREATE INDEX resident_event_person ON resident_event (person);
CREATE INDEX resident_event_day ON resident_event (recorded_on, seq);

-- Valid time in days, recorded time in numbers of events.
CREATE TABLE resident_period (
    person bigint NOT NULL,
    valid_from date NOT NULL,
    valid_to date CHECK (valid_to > valid_from),
    recorded_from bigint NOT NULL REFERENCES resident_event (seq),
    recorded_to bigint CHECK (recorded_to > recorded_from),
    resident_code text NOT NULL,
    name text NOT NULL,
    kana text NOT NULL,
    birth text NOT NULL,
    sex text NOT NULL,
    address text NOT NULL,
    municipality text NOT NULL CHECK (municipality ~ '^[0-9]{6}$'),
    former_surname text NOT NULL,
    alias text NOT NULL,
    standing text NOT NULL CHECK (standing IN ('resident', 'leaving', 'abroad', 'dead')),
    protected boolean NOT NULL,
    PRIMARY KEY (person, valid_from, recorded_from)
);
CREATE UNIQUE INDEX resident_period_known ON resident_period (person, valid_from)
    WHERE recorded_to IS NULL;
CREATE UNIQUE INDEX resident_period_present ON resident_period (person)
    WHERE recorded_to IS NULL AND valid_to IS NULL;

-- The present: what the last period says, with the keys of the strict inquiry.
CREATE TABLE resident (
    person bigint PRIMARY KEY,
    resident_code text NOT NULL UNIQUE REFERENCES resident_code (code),
    municipality text NOT NULL,
    standing text NOT NULL CHECK (standing IN ('resident', 'leaving', 'abroad', 'dead')),
    name text NOT NULL,
    birth text NOT NULL,
    sex text NOT NULL,
    address text NOT NULL,
    number_body text UNIQUE,
    name_key text CHECK (name_key <> ''),
    birth_key date,
    sex_key text NOT NULL CHECK (sex_key IN ('', '1', '2')),
    address_key text NOT NULL,
    CHECK ((name_key IS NULL) = (birth_key IS NULL))
);
CREATE INDEX resident_strict ON resident (birth_key, name_key, address_key)
    WHERE standing IN ('resident', 'leaving');
CREATE INDEX resident_numberless ON resident (municipality, person) WHERE number_body IS NULL;

-- Number Act art. 8(2)(i): different from every other number, those replaced included. Append-only,
-- and the eleven digits are the key, so no number is ever given twice.
CREATE TABLE individual_number (
    body text PRIMARY KEY CHECK (body ~ '^[0-9]{11}$'),
    person bigint NOT NULL REFERENCES resident (person),
    generation integer NOT NULL CHECK (generation >= 1),
    designated_on date NOT NULL,
    UNIQUE (person, generation)
);

CREATE FUNCTION register_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END
$$;
CREATE TRIGGER resident_event_no_change BEFORE UPDATE OR DELETE ON resident_event
    FOR EACH ROW EXECUTE FUNCTION register_is_append_only();
CREATE TRIGGER resident_code_no_change BEFORE UPDATE OR DELETE ON resident_code
    FOR EACH ROW EXECUTE FUNCTION register_is_append_only();
CREATE TRIGGER individual_number_no_change BEFORE UPDATE OR DELETE ON individual_number
    FOR EACH ROW EXECUTE FUNCTION register_is_append_only();

-- Who asked for a number: `person_tag` is a keyed tag of the attributes asked for, so that the
-- person can be told, and nobody without the key learns about whom was asked in vain.
CREATE TABLE strict_inquiry (
    office text NOT NULL,
    inquiry text NOT NULL CHECK (length(inquiry) = 22),
    affair text NOT NULL,
    person_tag bytea NOT NULL CHECK (octet_length(person_tag) = 32),
    answered boolean NOT NULL,
    asked_on date NOT NULL,
    PRIMARY KEY (office, inquiry)
);
CREATE INDEX strict_inquiry_person ON strict_inquiry (person_tag);

CREATE TABLE office_quota (
    office text PRIMARY KEY,
    tokens double precision NOT NULL CHECK (tokens >= 0),
    at timestamptz NOT NULL,
    day date NOT NULL,
    used bigint NOT NULL CHECK (used >= 0)
);

-- Acquisition numbers that were used: keyed tags only, neither institution nor person. They go
-- after a time (art. 21-2(4)).
CREATE TABLE acquisition_seen (
    tag bytea PRIMARY KEY CHECK (octet_length(tag) = 32),
    binding bytea NOT NULL CHECK (octet_length(binding) = 32),
    seen_on date NOT NULL
);
CREATE INDEX acquisition_seen_day ON acquisition_seen (seen_on);
