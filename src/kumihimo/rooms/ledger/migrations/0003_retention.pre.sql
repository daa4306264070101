-- How long a record is kept, and which law says so. Only these are ever forgotten by age.
CREATE TABLE retention (
    what text PRIMARY KEY,
    kept interval NOT NULL CHECK (kept > '0'),
    basis text NOT NULL
);
INSERT INTO retention (what, kept, basis) VALUES
    ('record', '7 years', 'Number Act art. 23(3), enforcement order art. 30');

-- The running role may not delete a record. It may call this, which knows how old is old enough, by
-- the room's clock and by the database's own. A record goes with its ends and alarms.
CREATE FUNCTION forget_expired(at timestamptz, most integer)
RETURNS TABLE (what text, gone integer) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public
AS $$
DECLARE
    until timestamptz;
    dropped integer;
BEGIN
    SELECT least(at, clock_timestamp()) - r.kept INTO STRICT until
        FROM retention r WHERE r.what = 'record';
    WITH old AS (
        DELETE FROM record e WHERE e.record IN (
            SELECT o.record FROM record o WHERE o.requested_at < until LIMIT most)
        RETURNING e.permit),
    ends AS (DELETE FROM record_end e USING old WHERE e.permit = old.permit),
    alarms AS (DELETE FROM alarm a USING old WHERE a.permit = old.permit),
    missing AS (DELETE FROM end_missing m USING old WHERE m.permit = old.permit)
    SELECT count(*) INTO dropped FROM old;
    RETURN QUERY SELECT 'record'::text, dropped;
END
$$;
-- Writers wait while it is made, and nobody else: every file runs in one transaction.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX record_time ON record (requested_at);
