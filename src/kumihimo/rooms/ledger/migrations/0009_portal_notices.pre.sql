-- What institutions tell persons by the portal (お知らせ). The content rests as it came, sealed to the
-- ledger's key, and is opened when its person is there; what was removed has none. The core passes on
-- nothing that is shown for more than 400 days; one more, since its day may have begun before ours.
CREATE TABLE portal_notice (
    notice text PRIMARY KEY CHECK (length(notice) = 22),
    institution text NOT NULL,
    person bytea NOT NULL CHECK (octet_length(person) = 32),
    version integer NOT NULL,
    state text NOT NULL CHECK (state IN ('sent', 'withdrawn', 'removed')),
    sealed bytea CHECK (octet_length(sealed) <= 16384),
    taken_on date NOT NULL,
    until date NOT NULL CHECK (until >= taken_on AND until <= taken_on + 401),
    CHECK ((sealed IS NULL) = (state = 'removed'))
);
CREATE INDEX portal_notice_person ON portal_notice (person);
CREATE INDEX portal_notice_until ON portal_notice (until);

INSERT INTO retention (what, kept, basis) VALUES
    ('portal_notice', '1 day', 'our choice: counted from the last day on which its institution lets it be shown');

-- As before; and notices.
CREATE OR REPLACE FUNCTION forget_expired(at timestamptz, most integer)
RETURNS TABLE (what text, gone integer) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public
AS $$
DECLARE
    until timestamptz;
    old text[];
    permits text[];
    chains text[];
    notices integer;
    last_day date;
BEGIN
    SELECT least(at, clock_timestamp()) - r.kept INTO STRICT until
        FROM retention r WHERE r.what = 'record';
    WITH dropped AS (
        DELETE FROM record e WHERE e.record IN (
            SELECT o.record FROM record o WHERE o.requested_at < until LIMIT most)
        RETURNING e.record, e.permit)
    SELECT array_agg(d.record), array_agg(d.permit) INTO old, permits FROM dropped d;
    DELETE FROM record_end e WHERE e.permit = ANY(permits);
    DELETE FROM alarm a WHERE a.permit = ANY(permits);
    DELETE FROM end_missing m WHERE m.permit = ANY(permits);
    SELECT array_agg(DISTINCT l.chain) INTO chains FROM person_link l WHERE l.record = ANY(old);
    PERFORM 1 FROM person_chain c WHERE c.chain = ANY(chains) ORDER BY c.chain FOR UPDATE;
    WITH links AS (
        DELETE FROM person_link l WHERE l.record = ANY(old) RETURNING l.chain, l.number)
    UPDATE person_chain c SET forgotten = greatest(c.forgotten, f.number)
        FROM (SELECT l.chain, max(l.number) AS number FROM links l GROUP BY l.chain) f
        WHERE c.chain = f.chain;
    DELETE FROM person_chain c WHERE c.chain = ANY(chains)
        AND NOT EXISTS (SELECT FROM person_link l WHERE l.chain = c.chain);
    RETURN QUERY SELECT 'record'::text, coalesce(cardinality(old), 0);

    SELECT ((least(at, clock_timestamp()) - r.kept) AT TIME ZONE 'Asia/Tokyo')::date
        INTO STRICT last_day FROM retention r WHERE r.what = 'portal_notice';
    DELETE FROM portal_notice p WHERE p.notice IN (
        SELECT o.notice FROM portal_notice o
        WHERE o.until < last_day LIMIT most);
    GET DIAGNOSTICS notices = ROW_COUNT;
    RETURN QUERY SELECT 'portal_notice'::text, notices;
END
$$;
