-- How long each kind of row is kept after the day or instant in `counted_from`, and why. Only these
-- are ever forgotten by age. No law on who asked what was found; what the law says of certificates
-- themselves (enforcement order of the JPKI Act, art. 2: ten years past their end) is not reached
-- here: no certificate is forgotten.
CREATE TABLE retention (
    what text PRIMARY KEY,
    kept interval NOT NULL CHECK (kept > '0'),
    counted_from text NOT NULL,
    basis text NOT NULL
);
INSERT INTO retention (what, kept, counted_from, basis) VALUES
    ('status_check', '2 years', 'checked_on', 'our choice: the year charged for, and the next'),
    ('list_fetch', '2 years', 'fetched_on', 'our choice: as a check'),
    ('lookup', '2 years', 'asked_on', 'our choice: as a check'),
    ('verification', '2 years', 'verified_at', 'our choice: as a check'),
    ('crl', '90 days', 'next_update', 'our choice: what a check by a list went by'),
    ('dropped_order', '90 days', 'dropped_on', 'our choice: no order is on its way so long');

-- The running role may not delete a record. It may call this, which knows how old is old enough, by
-- the room's clock and by the database's own. The newest of each list stays, however old.
CREATE FUNCTION forget_expired(at timestamptz, most integer)
RETURNS TABLE (what text, gone integer) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public SET timezone = 'Asia/Tokyo'
AS $$
DECLARE
    kind retention%ROWTYPE;
    spared text;
    dropped integer;
BEGIN
    FOR kind IN SELECT * FROM retention r ORDER BY r.what LOOP
        spared := CASE kind.what WHEN 'crl' THEN
            ' AND number < (SELECT n.number FROM crl_number n WHERE n.ca = o.ca'
            ' AND n.generation = o.generation AND n.part = o.part)' ELSE '' END;
        EXECUTE format(
            'DELETE FROM %1$I WHERE ctid = ANY(ARRAY('
            'SELECT o.ctid FROM %1$I o WHERE o.%2$I < $1%3$s LIMIT $2))',
            kind.what, kind.counted_from, spared)
            USING least(at, clock_timestamp()) - kind.kept, most;
        GET DIAGNOSTICS dropped = ROW_COUNT;
        RETURN QUERY SELECT kind.what, dropped;
    END LOOP;
END
$$;
-- Writers wait while they are made, and nobody else: every file runs in one transaction.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX status_check_age ON status_check (checked_on);
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX list_fetch_age ON list_fetch (fetched_on);
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX lookup_age ON lookup (asked_on);
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX verification_age ON verification (verified_at);
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX crl_age ON crl (next_update);
