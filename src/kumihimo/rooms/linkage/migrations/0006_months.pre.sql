-- Exchanges by months: a row is narrow, a month is a partition of its own, and a month that is old
-- enough goes whole (decision 0006). The month is that of the core's own clock when it wrote the row
-- down, so ids are looked for in this month and the one before, however many there are.
--
-- The core stands still for this file: the program before it cannot write to what stands here after.
-- It fails then, and whoever asks it asks again.

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

-- What a party signed. Where `packed`, its body is deflated (RFC 1950): nothing looks into it.
-- squawk-ignore renaming-table
ALTER TABLE evidence RENAME TO evidence_before;
-- squawk-ignore renaming-object
ALTER INDEX evidence_time RENAME TO evidence_before_time;
CREATE TABLE evidence (
    at timestamptz NOT NULL,
    month date NOT NULL CHECK (extract(day FROM month) = 1),
    packed boolean NOT NULL,
    key_id text NOT NULL,
    base bytea NOT NULL,
    signature bytea NOT NULL,
    body bytea STORAGE EXTERNAL NOT NULL
) PARTITION BY LIST (month);
CREATE INDEX evidence_time ON evidence (at);

-- Make room for the month of a day. Whoever serves may call it; it changes nothing that is there.
CREATE FUNCTION keep_month(wanted date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public
AS $$
DECLARE
    whole text;
    part text;
BEGIN
    wanted := date_trunc('month', wanted);
    PERFORM pg_advisory_xact_lock(hashtextextended('keep_month', 0));
    FOREACH whole IN ARRAY ARRAY['exchange_terms', 'exchange', 'exchange_said', 'evidence'] LOOP
        part := whole || to_char(wanted, '_YYYY_MM');
        IF to_regclass(part) IS NULL THEN
            EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING STORAGE INCLUDING CONSTRAINTS)', part, whole);
            EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES IN (%L)', whole, part, wanted);
        END IF;
    END LOOP;
END
$$;

-- The oldest month of a table, if all of it is from before an instant.
CREATE FUNCTION old_month(whole text, before timestamptz) RETURNS text
LANGUAGE sql STABLE SET search_path = public
RETURN (SELECT CASE WHEN (to_date(right(min(c.relname), 7), 'YYYY_MM') + interval '1 month')
        AT TIME ZONE 'UTC' <= before THEN right(min(c.relname), 8) END
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = whole::regclass);

-- As before, but a month at a time. It is counted, taken off the table, for which everybody waits a
-- moment, and dropped. Tables are locked in the order in which the core's own statements do. While
-- somebody reads for long, it is left for the next time.
CREATE OR REPLACE FUNCTION forget_expired(at timestamptz, most integer)
RETURNS TABLE (what text, gone integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public SET lock_timeout = '2s'
AS $$
DECLARE
    rule record;
    part text;
    month text;
BEGIN
    FOR rule IN
        SELECT r.what, least(at, clock_timestamp()) - r.kept AS until, t.counted, t.wholes
        FROM retention r JOIN (VALUES
            ('exchange_record', 'exchange', ARRAY['exchange_terms', 'exchange', 'exchange_said']),
            ('evidence', 'evidence', ARRAY['evidence'])) AS t (what, counted, wholes) USING (what)
        ORDER BY r.what DESC
    LOOP
        month := old_month(rule.counted, rule.until);
        what := rule.what;
        gone := 0;
        IF month IS NOT NULL THEN
            EXECUTE format('SELECT count(*) FROM %I', rule.counted || month) INTO gone;
            FOREACH part IN ARRAY rule.wholes LOOP
                EXECUTE format('ALTER TABLE %I DETACH PARTITION %I', part, part || month);
                EXECUTE format('DROP TABLE %I', part || month);
            END LOOP;
        END IF;
        RETURN NEXT;
    END LOOP;
END
$$;

-- What was written down until now.
-- squawk-ignore renaming-table
ALTER TABLE exchange_record RENAME TO exchange_record_before;
-- squawk-ignore renaming-table
ALTER TABLE exchange_end RENAME TO exchange_end_before;
CREATE FUNCTION pg_temp.id_bits(id text) RETURNS uuid LANGUAGE sql IMMUTABLE
RETURN encode(decode(translate(id, '-_', '+/') || '==', 'base64'), 'hex')::uuid;
CREATE FUNCTION pg_temp.month_of(at timestamptz) RETURNS date LANGUAGE sql IMMUTABLE
RETURN date_trunc('month', at AT TIME ZONE 'UTC')::date;
SELECT keep_month(month) FROM (
    SELECT pg_temp.month_of(expires_at) AS month FROM exchange_record_before
    UNION SELECT pg_temp.month_of(at) FROM evidence_before) AS seen;
INSERT INTO exchange_terms (month, terms, affair, provider, items, basis, list_version, outcome,
    reason, hidden, office, role)
    SELECT DISTINCT pg_temp.month_of(expires_at), md5(row(affair, provider, items, basis, list_version,
        outcome, reason, hidden, office, role)::text)::uuid, affair, provider, items, basis,
        list_version, outcome, reason, hidden, office, role FROM exchange_record_before;
INSERT INTO exchange (requested_at, expires_at, month, record, permit, inquiry, submission, terms,
    requester, digest, person, case_reference)
    SELECT requested_at, expires_at, pg_temp.month_of(expires_at), pg_temp.id_bits(record), pg_temp.id_bits(permit),
        pg_temp.id_bits(inquiry), pg_temp.id_bits(submission), md5(row(affair, provider, items, basis,
        list_version, outcome, reason, hidden, office, role)::text)::uuid, requester, digest, person,
        case_reference FROM exchange_record_before;
INSERT INTO exchange_said (at, month, permit, by_provider, hidden, outcome, person)
    SELECT e.at, pg_temp.month_of(r.expires_at), pg_temp.id_bits(e.permit), e.side = 'provider',
        e.hidden, e.outcome, e.person
    FROM exchange_end_before e JOIN exchange_record_before r USING (permit);
INSERT INTO evidence (at, month, packed, key_id, base, signature, body)
    SELECT at, pg_temp.month_of(at), false, key_id, base, signature, body FROM evidence_before ORDER BY evidence;
-- squawk-ignore ban-drop-table
DROP TABLE exchange_record_before, exchange_end_before, evidence_before;

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
