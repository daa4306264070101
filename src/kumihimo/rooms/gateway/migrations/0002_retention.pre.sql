-- A question keeps what its person was flagged as when it was asked (不開示, Number Act art. 23(2)).
ALTER TABLE inquiry ADD COLUMN hidden boolean NOT NULL DEFAULT false;

-- How long each kind of row is kept, and which law says so. Only these are ever forgotten by age.
CREATE TABLE retention (
    what text PRIMARY KEY,
    kept interval NOT NULL CHECK (kept > '0'),
    basis text NOT NULL
);
INSERT INTO retention (what, kept, basis) VALUES
    ('exchange_record', '7 years', 'Number Act art. 23, enforcement order art. 30'),
    ('evidence', '7 years', 'our choice: as long as the record that it proves'),
    ('inquiry', '1 year', 'our choice: a clerk looks up no older answer');

-- The running role may not delete a record. It may call this, which knows how old is old enough, by
-- the room's clock and by the database's own; and only within the institution that it speaks for.
CREATE FUNCTION forget_expired(at timestamptz, most integer)
RETURNS TABLE (what text, gone integer) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public
AS $$
DECLARE
    own text := current_setting('kumihimo.institution', true);
    until timestamptz;
    dropped integer;
BEGIN
    SELECT least(at, clock_timestamp()) - r.kept INTO STRICT until
        FROM retention r WHERE r.what = 'exchange_record';
    DELETE FROM exchange_record e WHERE (e.institution, e.record) IN (
        SELECT o.institution, o.record FROM exchange_record o
        WHERE o.institution = own AND o.requested_at < until LIMIT most);
    GET DIAGNOSTICS dropped = ROW_COUNT;
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
END
$$;
-- Writers wait while it is made, and nobody else: every file runs in one transaction.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX inquiry_time ON inquiry (institution, asked_at);
