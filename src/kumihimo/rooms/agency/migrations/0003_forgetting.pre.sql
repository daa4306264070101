-- The running role may not delete a report. It may call this, which knows how old is old enough, by
-- the room's clock and by the database's own. A case goes as a whole, seven years after the last word
-- of it: its first word is not forgotten while somebody may still ask what became of it.
CREATE FUNCTION forget_expired(at timestamptz, most integer)
RETURNS TABLE (what text, gone integer) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public
AS $$
DECLARE
    until timestamptz;
    dropped integer;
BEGIN
    SELECT least(at, clock_timestamp()) - r.kept INTO STRICT until
        FROM retention r WHERE r.what = 'mislink_report';
    DELETE FROM mislink_report m WHERE m.mislink IN (
        SELECT o.mislink FROM mislink_report o WHERE o.received_at < until
        AND NOT EXISTS (SELECT 1 FROM mislink_report y WHERE y.institution = o.institution
            AND y.report = coalesce(nullif(o.of_case, ''), o.report) AND y.received_at >= until)
        AND NOT EXISTS (SELECT 1 FROM mislink_report y WHERE y.institution = o.institution
            AND y.of_case = coalesce(nullif(o.of_case, ''), o.report) AND y.received_at >= until)
        ORDER BY o.received_at LIMIT most);
    GET DIAGNOSTICS dropped = ROW_COUNT;
    RETURN QUERY SELECT 'mislink_report'::text, dropped;
END
$$;
