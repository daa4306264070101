-- The review desk's database: what the audit suspects, who looked, what was decided, what the
-- gateway was told. Values of persons stand in `*_locked` under the desk's key, only while the item
-- waits for a decision; `record_id` is the institution's own name of its record.

CREATE TABLE audit_run (
    audit_run text PRIMARY KEY CHECK (audit_run ~ '^[0-9a-f]{32}$'),
    generation integer NOT NULL UNIQUE CHECK (generation >= 1),
    loaded_at timestamptz NOT NULL,
    rows_loaded bigint NOT NULL CHECK (rows_loaded >= 0)
);

-- Lines of the audit's pattern table: levels, weights and counts, nobody's values.
CREATE TABLE pattern_line (
    audit_run text NOT NULL REFERENCES audit_run (audit_run),
    pattern integer NOT NULL,
    verdict text NOT NULL,
    mechanism text NOT NULL,
    rows_found bigint NOT NULL,
    levels text NOT NULL,
    weights text NOT NULL,
    reason_ja text NOT NULL,
    reason_en text NOT NULL,
    PRIMARY KEY (audit_run, pattern)
);

CREATE TABLE item (
    item text PRIMARY KEY CHECK (length(item) = 22),
    affair text NOT NULL,
    record_id text NOT NULL,
    audit_run text NOT NULL REFERENCES audit_run (audit_run),
    pattern integer NOT NULL,
    verdict text NOT NULL CHECK (verdict IN ('person', 'mislink')),
    mechanism text NOT NULL,
    odds double precision NOT NULL,
    minutes double precision NOT NULL CHECK (minutes > 0),
    worth double precision NOT NULL CHECK (worth >= 0),
    reason text NOT NULL,
    shift_run integer,
    content_tag bytea NOT NULL CHECK (octet_length(content_tag) = 32),
    sides_locked bytea,
    proposal_locked bytea,
    state text NOT NULL CHECK (state IN ('open', 'answered', 'office', 'decided', 'vanished',
        'lapsed')),
    round integer NOT NULL DEFAULT 1 CHECK (round >= 1),
    looks integer NOT NULL DEFAULT 0 CHECK (looks BETWEEN 0 AND 3),
    first_by text NOT NULL DEFAULT '',
    last_by text NOT NULL DEFAULT '',
    repeat boolean NOT NULL DEFAULT false,
    due_at timestamptz,
    held_by text NOT NULL DEFAULT '',
    held_until timestamptz,
    suspended_in integer,
    decision text CHECK (decision IN ('own', 'notation', 'wrong')),
    closed_on date,
    UNIQUE (affair, record_id),
    -- Who has decided has no more use for the values.
    CONSTRAINT values_are_gone CHECK ((sides_locked IS NOT NULL)
        = (state IN ('open', 'answered', 'office'))),
    CONSTRAINT proposal_is_gone CHECK (proposal_locked IS NULL
        OR state IN ('open', 'answered', 'office')),
    CONSTRAINT closed_has_a_day CHECK ((closed_on IS NULL)
        = (state IN ('open', 'answered', 'office'))),
    CONSTRAINT decided_as CHECK ((decision IS NOT NULL) = (state = 'decided'))
);
CREATE INDEX item_first ON item (worth, item) WHERE state = 'open' AND looks = 0;
CREATE INDEX item_first_mechanism ON item (mechanism, worth, item)
    WHERE state = 'open' AND looks = 0;
CREATE INDEX item_later ON item (last_by, mechanism, worth, item)
    WHERE state = 'open' AND looks > 0;
CREATE INDEX item_held ON item (held_by) WHERE held_by <> '';
CREATE INDEX item_answered ON item (due_at) WHERE state = 'answered';
CREATE INDEX item_office ON item (item) WHERE state = 'office';
CREATE INDEX item_run ON item (audit_run) WHERE state IN ('open', 'answered', 'office');
CREATE INDEX item_closed ON item (closed_on) WHERE closed_on IS NOT NULL;
CREATE INDEX item_decided ON item (audit_run, pattern, decision) WHERE state = 'decided';

-- One person's answer. A number that was typed stands here until the decision.
CREATE TABLE look (
    look bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    item text NOT NULL REFERENCES item (item),
    round integer NOT NULL,
    place integer NOT NULL CHECK (place BETWEEN 1 AND 3),
    officer text NOT NULL,
    answer text NOT NULL CHECK (answer IN ('own', 'notation', 'wrong', 'unsure')),
    mechanism text NOT NULL,
    number_tag bytea NOT NULL,
    number_locked bytea,
    looked_at timestamptz NOT NULL,
    taken_back boolean NOT NULL DEFAULT false
);
-- Nobody looks twice at one item, and no two looks have one place.
CREATE UNIQUE INDEX look_officer ON look (item, round, officer) WHERE NOT taken_back;
CREATE UNIQUE INDEX look_place ON look (item, round, place) WHERE NOT taken_back;
CREATE INDEX look_item ON look (item);
CREATE INDEX look_second ON look (item, round) WHERE place = 2 AND NOT taken_back;
CREATE INDEX look_by_time ON look (looked_at);

-- Every raw value that was shown: who, when, which record, which attributes of which side.
CREATE TABLE viewing (
    viewing bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    item text NOT NULL REFERENCES item (item),
    officer text NOT NULL,
    seen_at timestamptz NOT NULL,
    attributes text NOT NULL
);
CREATE INDEX viewing_by_time ON viewing (seen_at);
CREATE INDEX viewing_item ON viewing (item);

-- What the gateway is told about a record's link, in this order for each item. `case_round` is the
-- round in which the link was suspended: it names the case there until that is settled.
CREATE TABLE link_effect (
    link_effect bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    item text NOT NULL REFERENCES item (item),
    round integer NOT NULL,
    case_round integer NOT NULL,
    correction_locked bytea,
    kind text NOT NULL CHECK (kind IN ('suspend', 'confirm', 'correct')),
    state text NOT NULL CHECK (state IN ('waiting', 'done', 'refused')),
    reason text NOT NULL DEFAULT '',
    asked_at timestamptz NOT NULL,
    ended_at timestamptz,
    CHECK ((ended_at IS NULL) = (state = 'waiting')),
    -- The right number and whose it is: until the gateway has them, or has to be asked again.
    CONSTRAINT correction_is_gone CHECK (correction_locked IS NULL
        OR (kind = 'correct' AND state <> 'done'))
);
CREATE INDEX link_effect_item ON link_effect (item, link_effect);
CREATE INDEX link_effect_open ON link_effect (state, link_effect) WHERE state <> 'done';

-- How many items, by mechanism and state: a page that counts a million rows would be slow.
CREATE TABLE tally (
    mechanism text NOT NULL,
    state text NOT NULL,
    items bigint NOT NULL,
    minutes double precision NOT NULL,
    PRIMARY KEY (mechanism, state)
);
CREATE FUNCTION tally_items() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO tally AS t (mechanism, state, items, minutes)
        SELECT n.mechanism, n.state, count(*), sum(n.minutes) FROM fresh n
        GROUP BY 1, 2 ORDER BY 1, 2
        ON CONFLICT (mechanism, state) DO UPDATE
        SET items = t.items + excluded.items, minutes = t.minutes + excluded.minutes;
    ELSIF TG_OP = 'DELETE' THEN
        UPDATE tally t SET items = t.items - gone.items, minutes = t.minutes - gone.minutes
        FROM (SELECT mechanism, state, count(*) AS items, sum(o.minutes) AS minutes
            FROM stale o GROUP BY 1, 2) gone
        WHERE t.mechanism = gone.mechanism AND t.state = gone.state;
    ELSE
        INSERT INTO tally AS t (mechanism, state, items, minutes)
        SELECT mechanism, state, sum(n), sum(m) FROM (
            SELECT mechanism, state, 1 AS n, minutes AS m FROM fresh
            UNION ALL SELECT mechanism, state, -1, -minutes FROM stale) moved
        GROUP BY 1, 2 HAVING sum(n) <> 0 OR sum(m) <> 0 ORDER BY 1, 2
        ON CONFLICT (mechanism, state) DO UPDATE
        SET items = t.items + excluded.items, minutes = t.minutes + excluded.minutes;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER item_tally_insert AFTER INSERT ON item REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION tally_items();
CREATE TRIGGER item_tally_update AFTER UPDATE ON item
    REFERENCING NEW TABLE AS fresh OLD TABLE AS stale
    FOR EACH STATEMENT EXECUTE FUNCTION tally_items();
CREATE TRIGGER item_tally_delete AFTER DELETE ON item REFERENCING OLD TABLE AS stale
    FOR EACH STATEMENT EXECUTE FUNCTION tally_items();

-- Rows on their way in from an audit's folder; gone when the load is whole.
CREATE UNLOGGED TABLE loading (
    audit_run text NOT NULL,
    item text NOT NULL,
    affair text NOT NULL,
    record_id text NOT NULL,
    pattern integer NOT NULL,
    verdict text NOT NULL,
    mechanism text NOT NULL,
    odds double precision NOT NULL,
    minutes double precision NOT NULL,
    worth double precision NOT NULL,
    reason text NOT NULL,
    shift_run integer,
    content_tag bytea NOT NULL,
    sides_locked bytea NOT NULL,
    proposal_locked bytea
);
CREATE INDEX loading_run ON loading (audit_run);

CREATE TABLE retention (
    what text PRIMARY KEY,
    kept interval NOT NULL CHECK (kept > '0'),
    basis text NOT NULL
);
INSERT INTO retention (what, kept, basis) VALUES
    ('values', '180 days', 'our choice: an audit is repeated each month; who was not looked at by then comes again'),
    ('item', '7 years', 'our choice: as long as the records of exchange that the link was used for'),
    ('viewing', '7 years', 'our choice: as long as the item that was seen');
