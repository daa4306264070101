INSERT INTO retention (what, kept, basis) VALUES
    ('claim', '1 year', 'our choice: how long she reads the answer to what she said, counted from it');

-- The running role may not delete a record. It may call this, which knows how old is old enough, by
-- the room's clock and by the database's own. A record goes with its ends, alarms and links, and a
-- chain with its last link. Numbers are given in the order in which records became certain, which is
-- not quite that of their age: what stands below the highest number that was forgotten is told without
-- a number for the few days until it goes, too. What proxies read goes before their delegation. What a
-- person said and nobody answered stays.
CREATE FUNCTION forget_expired(at timestamptz, most integer)
RETURNS TABLE (what text, gone integer) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public
AS $$
DECLARE
    before timestamptz;
    until timestamptz;
    last_day date;
    dropped integer;
    old text[];
    permits text[];
    chains text[];
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
    GET DIAGNOSTICS dropped = ROW_COUNT;
    RETURN QUERY SELECT 'portal_notice'::text, dropped;

    SELECT least(at, clock_timestamp()) - r.kept INTO STRICT before
        FROM retention r WHERE r.what = 'delegated_act';
    DELETE FROM delegated_act a WHERE a.act IN (
        SELECT o.act FROM delegated_act o WHERE o.at < before LIMIT most);
    GET DIAGNOSTICS dropped = ROW_COUNT;
    RETURN QUERY SELECT 'delegated_act'::text, dropped;
    last_day := (before AT TIME ZONE 'Asia/Tokyo')::date;
    DELETE FROM delegation d WHERE d.delegation IN (
        SELECT o.delegation FROM delegation o
        WHERE o.until < last_day
        AND NOT EXISTS (SELECT FROM delegated_act a WHERE a.delegation = o.delegation)
        LIMIT most);

    SELECT ((least(at, clock_timestamp()) - r.kept) AT TIME ZONE 'Asia/Tokyo')::date
        INTO STRICT last_day FROM retention r WHERE r.what = 'claim';
    DELETE FROM claim c WHERE c.claim IN (
        SELECT o.claim FROM claim o WHERE o.answered_on < last_day LIMIT most);
    GET DIAGNOSTICS dropped = ROW_COUNT;
    RETURN QUERY SELECT 'claim'::text, dropped;
END
$$;
