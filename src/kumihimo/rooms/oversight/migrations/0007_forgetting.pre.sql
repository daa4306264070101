INSERT INTO retention (what, kept, basis) VALUES
    ('objection', '4 years', 'our choice: what a person said is looked up no later, counted from its answer; longer than her portal keeps it');

-- The running role may not delete a report. It may call this, which knows how old is old enough, by
-- the room's clock and by the database's own. A case goes as a whole, with its clocks and the alarms
-- that they raised; one whose clock still runs stays, and so does what nobody answered.
CREATE FUNCTION forget_expired(at timestamptz, most integer)
RETURNS TABLE (what text, gone integer) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public
AS $$
DECLARE
    until timestamptz;
    last_day date;
    dropped integer;
BEGIN
    SELECT least(at, clock_timestamp()) - r.kept INTO STRICT until
        FROM retention r WHERE r.what = 'leak_report';
    WITH old AS (
        SELECT DISTINCT o.institution, o.leak FROM leak_report o WHERE o.received_at < until
        AND NOT EXISTS (SELECT 1 FROM leak_report y WHERE y.institution = o.institution
            AND y.leak = o.leak AND y.received_at >= until)
        AND NOT EXISTS (SELECT 1 FROM leak_clock c WHERE c.institution = o.institution
            AND c.leak = o.leak AND c.closed_at IS NULL)
        LIMIT most),
    clocks AS (DELETE FROM leak_clock c USING old
        WHERE c.institution = old.institution AND c.leak = old.leak),
    alarms AS (DELETE FROM alarm a USING old
        WHERE a.requester = old.institution AND a.permit = old.leak AND a.kind LIKE 'leak-%'),
    reports AS (DELETE FROM leak_report r USING old
        WHERE r.institution = old.institution AND r.leak = old.leak RETURNING r.leak)
    SELECT count(*) INTO dropped FROM reports;
    RETURN QUERY SELECT 'leak_report'::text, dropped;

    SELECT ((least(at, clock_timestamp()) - r.kept) AT TIME ZONE 'Asia/Tokyo')::date
        INTO STRICT last_day FROM retention r WHERE r.what = 'objection';
    DELETE FROM objection o WHERE o.claim IN (
        SELECT old.claim FROM objection old WHERE old.answered_on < last_day LIMIT most);
    GET DIAGNOSTICS dropped = ROW_COUNT;
    RETURN QUERY SELECT 'objection'::text, dropped;
END
$$;
