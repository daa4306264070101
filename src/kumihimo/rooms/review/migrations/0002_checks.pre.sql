-- What the gateway's regular check of links found comes before the same people as what an audit
-- suspects. `source` says which of the two found an item last with values of its own.
ALTER TABLE audit_run ADD COLUMN source text NOT NULL DEFAULT 'audit';
ALTER TABLE item ADD COLUMN source text NOT NULL DEFAULT 'audit';
-- The case under which the gateway holds the link suspended, where it is none of the desk's own.
ALTER TABLE item ADD COLUMN gateway_case text NOT NULL DEFAULT '';
-- squawk-ignore require-concurrent-index-creation -- a file runs in one transaction
CREATE INDEX item_record ON item (record_id);

-- How far the desk has asked about each run of the check.
CREATE TABLE check_taken (
    gateway_run text PRIMARY KEY CHECK (length(gateway_run) = 22),
    started_on date NOT NULL,
    taken_until bigint NOT NULL,
    whole boolean NOT NULL
);

-- An item's history: each run that found it, and each doubt that the gateway has had of its link.
CREATE TABLE check_finding (
    item text NOT NULL REFERENCES item (item),
    gateway_run text NOT NULL,
    found_on date NOT NULL,
    verdict text NOT NULL,
    PRIMARY KEY (item, gateway_run)
);
CREATE TABLE doubt (
    item text NOT NULL REFERENCES item (item),
    review_case text NOT NULL,
    ground text NOT NULL,
    state text NOT NULL CHECK (state IN ('SUSPENDED', 'CONFIRMED', 'CORRECTED')),
    suspended_at timestamptz NOT NULL,
    settled_at timestamptz,
    PRIMARY KEY (item, review_case)
);

-- The running role may not delete a look or a viewing. It may call this, which knows how old is old
-- enough, by the room's clock and by the database's own. An item goes with all that belongs to it.
CREATE FUNCTION forget_expired(at timestamptz, most integer)
RETURNS TABLE (what text, gone integer) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public
AS $$
DECLARE
    until timestamptz;
    dropped integer;
    old text[];
BEGIN
    SELECT least(at, clock_timestamp()) - r.kept INTO STRICT until
        FROM retention r WHERE r.what = 'values';
    UPDATE look l SET number_locked = NULL FROM item i JOIN audit_run a USING (audit_run)
        WHERE l.item = i.item AND l.number_locked IS NOT NULL AND a.loaded_at < until;
    UPDATE item i SET state = 'lapsed', sides_locked = NULL, proposal_locked = NULL, held_by = '',
            held_until = NULL, due_at = NULL, closed_on = least(at, clock_timestamp())::date
        WHERE i.item IN (SELECT o.item FROM item o JOIN audit_run a USING (audit_run)
            WHERE o.state IN ('open', 'answered', 'office') AND a.loaded_at < until LIMIT most);
    GET DIAGNOSTICS dropped = ROW_COUNT;
    UPDATE link_effect e SET correction_locked = NULL
        WHERE e.correction_locked IS NOT NULL AND e.asked_at < until;
    RETURN QUERY SELECT 'values'::text, dropped;

    SELECT least(at, clock_timestamp()) - r.kept INTO STRICT until
        FROM retention r WHERE r.what = 'viewing';
    DELETE FROM viewing v WHERE v.viewing IN (
        SELECT o.viewing FROM viewing o WHERE o.seen_at < until ORDER BY o.seen_at LIMIT most);
    GET DIAGNOSTICS dropped = ROW_COUNT;
    RETURN QUERY SELECT 'viewing'::text, dropped;

    SELECT least(at, clock_timestamp()) - r.kept INTO STRICT until
        FROM retention r WHERE r.what = 'item';
    old := ARRAY(SELECT o.item FROM item o WHERE o.closed_on < until::date
        AND NOT EXISTS (SELECT 1 FROM viewing v WHERE v.item = o.item)
        ORDER BY o.closed_on LIMIT most);
    DELETE FROM look l WHERE l.item = ANY(old);
    DELETE FROM link_effect e WHERE e.item = ANY(old);
    DELETE FROM check_finding f WHERE f.item = ANY(old);
    DELETE FROM doubt d WHERE d.item = ANY(old);
    DELETE FROM item i WHERE i.item = ANY(old);
    GET DIAGNOSTICS dropped = ROW_COUNT;
    DELETE FROM check_taken c WHERE c.started_on < until::date;
    RETURN QUERY SELECT 'item'::text, dropped;
END
$$;
