-- How long each kind of row is kept, and which law says so. Only these are ever forgotten by age.
CREATE TABLE retention (
    what text PRIMARY KEY,
    kept interval NOT NULL CHECK (kept > '0'),
    basis text NOT NULL
);
INSERT INTO retention (what, kept, basis) VALUES
    ('exchange_record', '7 years', 'Number Act art. 23(3), enforcement order art. 30'),
    ('evidence', '7 years', 'our choice: as long as the record that it proves');

-- The oldest month of a table, if all of it is from before an instant.
CREATE FUNCTION old_month(whole text, before timestamptz) RETURNS text
LANGUAGE sql STABLE SET search_path = public
RETURN (SELECT CASE WHEN (to_date(right(min(c.relname), 7), 'YYYY_MM') + interval '1 month')
        AT TIME ZONE 'UTC' <= before THEN right(min(c.relname), 8) END
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = whole::regclass);

-- The running role may not delete a record. It may call this, which knows how old is old enough, by
-- the room's clock and by the database's own: a month at a time, and a record goes with its ends. It is
-- counted, taken off the table, for which everybody waits a moment, and dropped. Tables are locked in
-- the order in which the core's own statements do. While somebody reads for long, it is left for the
-- next time.
CREATE FUNCTION forget_expired(at timestamptz, most integer)
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
