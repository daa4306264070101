INSERT INTO retention (what, kept, basis) VALUES
    ('claim', '4 years', 'our choice: what a person said is looked up no later, counted from its answer; longer than her portal keeps it'),
    ('register_inquiry', '3 years', 'our choice: as long as her portal keeps what she said of one');

-- The running role may not delete a record. It may call this, which knows how old is old enough, by
-- the room's clock and by the database's own; and only within the institution that it speaks for.
-- A record goes with its tag, and a doubt with its consequences, letters, leak and reports. It stays as long as it is open, nobody
-- has worked out what it did, or a person still waits for a letter. What a person said and nobody
-- answered stays, too.
CREATE FUNCTION forget_expired(at timestamptz, most integer)
RETURNS TABLE (what text, gone integer) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public
AS $$
DECLARE
    own text := current_setting('kumihimo.institution', true);
    until timestamptz;
    dropped integer;
    last_day date;
    old text[];
BEGIN
    SELECT least(at, clock_timestamp()) - r.kept INTO STRICT until
        FROM retention r WHERE r.what = 'exchange_record';
    WITH gone AS (
        DELETE FROM exchange_record e WHERE (e.institution, e.record) IN (
            SELECT o.institution, o.record FROM exchange_record o
            WHERE o.institution = own AND o.requested_at < until LIMIT most)
        RETURNING e.institution, e.record),
    tags AS (DELETE FROM record_tag t USING gone g
        WHERE t.institution = g.institution AND t.record = g.record)
    SELECT count(*) INTO dropped FROM gone;
    RETURN QUERY SELECT 'exchange_record'::text, dropped;

    SELECT least(at, clock_timestamp()) - r.kept INTO STRICT until
        FROM retention r WHERE r.what = 'evidence';
    DELETE FROM evidence e WHERE e.institution = own AND e.at < until AND e.evidence IN (
        SELECT o.evidence FROM evidence o WHERE o.institution = own
        ORDER BY o.evidence LIMIT most);
    GET DIAGNOSTICS dropped = ROW_COUNT;
    RETURN QUERY SELECT 'evidence'::text, dropped;

    SELECT least(at, clock_timestamp()) - r.kept INTO STRICT until
        FROM retention r WHERE r.what = 'inquiry';
    DELETE FROM inquiry i WHERE (i.institution, i.inquiry) IN (
        SELECT o.institution, o.inquiry FROM inquiry o
        WHERE o.institution = own AND o.asked_at < until AND o.outcome IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM batch b WHERE b.institution = own AND b.batch = o.batch
                        AND b.state <> 'DONE')
        LIMIT most);
    GET DIAGNOSTICS dropped = ROW_COUNT;
    DELETE FROM batch b WHERE b.institution = own AND b.state = 'DONE' AND b.created_at < until
        AND NOT EXISTS (SELECT 1 FROM inquiry i WHERE i.institution = own AND i.batch = b.batch);
    RETURN QUERY SELECT 'inquiry'::text, dropped;

    SELECT least(at, clock_timestamp()) - r.kept INTO STRICT until
        FROM retention r WHERE r.what = 'suspension';
    old := ARRAY(SELECT s.suspension FROM suspension s
        WHERE s.institution = own AND s.state <> 'SUSPENDED' AND s.settled_at < until
        AND (s.state = 'CONFIRMED' OR s.followed_up_at IS NOT NULL)
        AND NOT EXISTS (SELECT 1 FROM notice n WHERE n.institution = own
                        AND n.suspension = s.suspension AND n.state = 'DUE')
        ORDER BY s.settled_at LIMIT most FOR UPDATE SKIP LOCKED);
    DELETE FROM consequence c WHERE c.institution = own AND c.suspension = ANY(old);
    DELETE FROM notice n WHERE n.institution = own AND n.suspension = ANY(old);
    DELETE FROM leak_case l WHERE l.institution = own AND l.suspension = ANY(old);
    DELETE FROM mislink m WHERE m.institution = own AND m.suspension = ANY(old);
    DELETE FROM suspension s WHERE s.institution = own AND s.suspension = ANY(old);
    GET DIAGNOSTICS dropped = ROW_COUNT;
    RETURN QUERY SELECT 'suspension'::text, dropped;

    SELECT least(at, clock_timestamp()) - r.kept INTO STRICT until
        FROM retention r WHERE r.what = 'link_finding';
    DELETE FROM link_finding f WHERE (f.institution, f.finding) IN (
        SELECT o.institution, o.finding FROM link_finding o JOIN link_check c
            ON c.institution = o.institution AND c.run = o.run
        WHERE o.institution = own AND c.finished_on < until::date LIMIT most);
    GET DIAGNOSTICS dropped = ROW_COUNT;
    RETURN QUERY SELECT 'link_finding'::text, dropped;

    SELECT least(at, clock_timestamp()) - r.kept INTO STRICT until
        FROM retention r WHERE r.what = 'link_check';
    DELETE FROM link_check c WHERE c.institution = own AND c.finished_on < until::date
        AND NOT EXISTS (SELECT 1 FROM link_finding f WHERE f.institution = own AND f.run = c.run);
    GET DIAGNOSTICS dropped = ROW_COUNT;
    RETURN QUERY SELECT 'link_check'::text, dropped;

    SELECT ((least(at, clock_timestamp()) - r.kept) AT TIME ZONE 'Asia/Tokyo')::date
        INTO STRICT last_day FROM retention r WHERE r.what = 'notice_sent';
    DELETE FROM notice_sent p WHERE (p.institution, p.notice) IN (
        SELECT o.institution, o.notice FROM notice_sent o
        WHERE o.institution = own AND o.until < last_day LIMIT most);
    GET DIAGNOSTICS dropped = ROW_COUNT;
    RETURN QUERY SELECT 'notice_sent'::text, dropped;

    SELECT ((least(at, clock_timestamp()) - r.kept) AT TIME ZONE 'Asia/Tokyo')::date
        INTO STRICT last_day FROM retention r WHERE r.what = 'claim';
    DELETE FROM claim c WHERE (c.institution, c.claim) IN (
        SELECT o.institution, o.claim FROM claim o
        WHERE o.institution = own AND o.answered_on < last_day LIMIT most);
    GET DIAGNOSTICS dropped = ROW_COUNT;
    RETURN QUERY SELECT 'claim'::text, dropped;

    SELECT ((least(at, clock_timestamp()) - r.kept) AT TIME ZONE 'Asia/Tokyo')::date
        INTO STRICT last_day FROM retention r WHERE r.what = 'register_inquiry';
    DELETE FROM register_inquiry a WHERE (a.institution, a.inquiry_tag) IN (
        SELECT o.institution, o.inquiry_tag FROM register_inquiry o
        WHERE o.institution = own AND o.asked_on < last_day LIMIT most);
    GET DIAGNOSTICS dropped = ROW_COUNT;
    RETURN QUERY SELECT 'register_inquiry'::text, dropped;
END
$$;
