-- cards' database: who asked for a card, the card's life, sessions at counters, counts. The number
-- stands on an application, locked, until the card is made, and then nowhere. A row that names a
-- person carries days, never instants. `holder` is register's reference for this room alone.

CREATE TABLE application (
    application text PRIMARY KEY CHECK (length(application) = 22),
    form text NOT NULL UNIQUE CHECK (form ~ '^[0-9]{23}$'),
    sender text NOT NULL,
    holder bytea NOT NULL CHECK (octet_length(holder) = 32),
    jpki_holder bytea NOT NULL CHECK (octet_length(jpki_holder) = 32),
    handle bytea NOT NULL,
    version bigint NOT NULL,
    municipality text NOT NULL CHECK (municipality ~ '^[0-9]{6}$'),
    name text NOT NULL,
    kana text NOT NULL,
    birth text NOT NULL,
    sex text NOT NULL,
    address text NOT NULL,
    name_key text NOT NULL,
    number_locked bytea,
    pins_locked bytea,
    state text NOT NULL CHECK (state IN ('open', 'applied', 'sent-back', 'rejected', 'withdrawn',
        'in-production', 'finished')),
    because text NOT NULL,
    handover text NOT NULL CHECK (handover IN ('counter', 'checked-at-application', 'direct')),
    kind text NOT NULL CHECK (kind IN ('standard', 'without-sign', 'face')),
    certificates boolean NOT NULL,
    ward boolean NOT NULL,
    stay text NOT NULL CHECK (stay IN ('japanese', 'unlimited', 'limited')),
    stay_until date,
    stay_renewal_asked_on date,
    photo_needed boolean NOT NULL,
    opened_on date NOT NULL,
    applied_on date,
    due_from date,
    due_by date,
    fee integer NOT NULL CHECK (fee >= 0),
    -- Number Act: the number is on the application, and gone when the card is made.
    CONSTRAINT number_is_gone CHECK ((number_locked IS NOT NULL)
        = (state IN ('open', 'applied', 'sent-back', 'in-production'))),
    CONSTRAINT pins_are_gone CHECK (pins_locked IS NULL
        OR state IN ('open', 'applied', 'sent-back', 'in-production'))
);
CREATE UNIQUE INDEX application_one_open ON application (holder)
    WHERE state IN ('open', 'applied', 'sent-back', 'in-production');
CREATE INDEX application_namesake ON application (name_key);
CREATE INDEX application_due ON application (applied_on) WHERE state IN ('applied', 'in-production');

-- A photo belongs to the application for which it was taken: its digest is the key, so the same
-- picture cannot stand on a second one. The picture goes when the card is made.
CREATE TABLE photo (
    digest bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
    application text NOT NULL REFERENCES application (application),
    bond bytea NOT NULL CHECK (octet_length(bond) = 32),
    picture bytea,
    taken_on date NOT NULL,
    present boolean NOT NULL,
    CHECK (picture IS NULL OR present)
);
CREATE UNIQUE INDEX photo_present ON photo (application) WHERE present;

-- One attempt to make a card, or new certificates for one. An attempt that came to nothing has its
-- certificates revoked.
CREATE TABLE certificate_order (
    order_id text PRIMARY KEY CHECK (length(order_id) = 22),
    application text REFERENCES application (application),
    session text,
    state text NOT NULL CHECK (state IN ('open', 'used', 'dropped'))
);
CREATE INDEX certificate_order_application ON certificate_order (application);
CREATE INDEX certificate_order_session ON certificate_order (session);

CREATE TABLE card (
    card text PRIMARY KEY CHECK (length(card) = 22),
    serial text NOT NULL UNIQUE CHECK (serial ~ '^[0-9]{15}$'),
    application text NOT NULL UNIQUE REFERENCES application (application),
    holder bytea NOT NULL CHECK (octet_length(holder) = 32),
    jpki_holder bytea NOT NULL CHECK (octet_length(jpki_holder) = 32),
    handle bytea NOT NULL,
    version bigint NOT NULL,
    municipality text NOT NULL CHECK (municipality ~ '^[0-9]{6}$'),
    name text NOT NULL,
    birth text NOT NULL,
    sex text NOT NULL,
    address text NOT NULL,
    name_key text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('standard', 'without-sign', 'face')),
    certificates boolean NOT NULL,
    ward boolean NOT NULL,
    state text NOT NULL CHECK (state IN ('made', 'at-municipality', 'notified', 'posted', 'active',
        'held', 'void', 'abolished', 'discarded')),
    because text NOT NULL,
    chip_key bytea NOT NULL,
    auth_order text NOT NULL,
    sign_order text NOT NULL,
    made_in text NOT NULL,
    made_on date NOT NULL,
    delivered_on date,
    delivered_in text,
    ended_on date,
    last_day date NOT NULL,
    last_by_age date NOT NULL,
    planned_out_on date,
    moved_on date,
    notified_on date,
    continued_on date,
    lapses_on date,
    leaves_on date,
    new_certificates text NOT NULL CHECK (new_certificates IN ('', 'sign', 'both')),
    CHECK ((delivered_on IS NULL) = (delivered_in IS NULL)),
    CHECK ((state IN ('void', 'abolished', 'discarded')) = (ended_on IS NOT NULL))
);
-- One person has one working card.
CREATE UNIQUE INDEX card_one_working ON card (holder) WHERE state IN ('active', 'held');
CREATE INDEX card_namesake ON card (name_key);
CREATE INDEX card_holder ON card (holder);
CREATE INDEX card_ending ON card (last_day) WHERE state IN ('active', 'held', 'void');
CREATE INDEX card_lapsing ON card (lapses_on) WHERE state IN ('active', 'held');

-- The trail of a card: what was done, where, by which officers. Append-only.
CREATE TABLE card_act (
    act_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    card text NOT NULL REFERENCES card (card),
    act text NOT NULL,
    done_on date NOT NULL,
    actor text NOT NULL,
    officers text NOT NULL
);
CREATE INDEX card_act_card ON card_act (card);

-- Changes of 交付枚数 and 保有枚数. Append-only: a mistake is reversed, not erased.
CREATE TABLE card_count (
    count_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    card text NOT NULL REFERENCES card (card),
    kind text NOT NULL CHECK (kind IN ('delivered', 'moved-out', 'moved-in', 'abolished',
        'undelivered', 'taken-back')),
    counted_on date NOT NULL,
    delivered_on date NOT NULL,
    municipality text NOT NULL CHECK (municipality ~ '^[0-9]{6}$'),
    born date NOT NULL
);
CREATE INDEX card_count_day ON card_count (counted_on);

-- An act of a counter on a chip. While one is under way no other begins on the card.
CREATE TABLE counter_session (
    session text PRIMARY KEY CHECK (length(session) = 22),
    card text NOT NULL REFERENCES card (card),
    kind text NOT NULL CHECK (kind IN ('activate', 'pins', 'update', 'certificates', 'found',
        'abroad')),
    phase text NOT NULL CHECK (phase IN ('begun', 'writing', 'committed', 'aborted')),
    office text NOT NULL,
    terminal text NOT NULL,
    officers text NOT NULL,
    pins text NOT NULL,
    challenge bytea NOT NULL,
    final_challenge bytea NOT NULL,
    order_id text NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_state text NOT NULL
);
CREATE UNIQUE INDEX counter_session_one ON counter_session (card)
    WHERE phase IN ('begun', 'writing');

CREATE TABLE incident (
    incident text PRIMARY KEY CHECK (length(incident) = 22),
    card text NOT NULL REFERENCES card (card),
    kind text NOT NULL CHECK (kind IN ('wrong-person', 'wrong-photo', 'wrong-link')),
    state text NOT NULL CHECK (state IN ('open', 'taken-back', 'closed')),
    opened_on date NOT NULL,
    closed_on date
);
CREATE UNIQUE INDEX incident_open ON incident (card) WHERE state <> 'closed';
