-- How long each kind of row is kept, and which law says so. Only these are ever forgotten by age.
CREATE TABLE retention (
    what text PRIMARY KEY,
    kept interval NOT NULL CHECK (kept > '0'),
    basis text NOT NULL
);
INSERT INTO retention (what, kept, basis) VALUES
    ('exchange_record', '7 years', 'Number Act art. 23(3), enforcement order art. 30'),
    ('evidence', '7 years', 'our choice: as long as the record that it proves');

-- The running role may not delete a record. It may call this, which knows how old is old enough, by
-- the room's clock and by the database's own. A record goes with its ends.
CREATE FUNCTION forget_expired(at timestamptz, most integer)
RETURNS TABLE (what text, gone integer) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public
AS $$
DECLARE
    until timestamptz;
    dropped integer;
BEGIN
    SELECT least(at, clock_timestamp()) - r.kept INTO STRICT until
        FROM retention r WHERE r.what = 'exchange_record';
    WITH old AS (
        DELETE FROM exchange_record e WHERE e.record IN (
            SELECT o.record FROM exchange_record o WHERE o.requested_at < until LIMIT most)
        RETURNING e.permit),
    ends AS (DELETE FROM exchange_end e USING old WHERE e.permit = old.permit)
    SELECT count(*) INTO dropped FROM old;
    RETURN QUERY SELECT 'exchange_record'::text, dropped;

    SELECT least(at, clock_timestamp()) - r.kept INTO STRICT until
        FROM retention r WHERE r.what = 'evidence';
    DELETE FROM evidence e WHERE e.evidence IN (
        SELECT o.evidence FROM evidence o WHERE o.at < until LIMIT most);
    GET DIAGNOSTICS dropped = ROW_COUNT;
    RETURN QUERY SELECT 'evidence'::text, dropped;
END
$$;
