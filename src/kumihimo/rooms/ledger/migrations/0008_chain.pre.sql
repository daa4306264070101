-- What a person may read of herself is numbered: each record has the next number of her chain, once
-- nothing can hide it any more, and its link commits to the link before. A chain whose person is NULL
-- is nobody's any more: a record in it was hidden after all, and hers begins anew.
CREATE TABLE person_chain (
    chain text PRIMARY KEY CHECK (length(chain) = 22),
    person bytea UNIQUE CHECK (octet_length(person) = 32),
    version integer NOT NULL,
    number bigint NOT NULL DEFAULT 0 CHECK (number >= 0),
    head bytea CHECK (octet_length(head) = 32),
    head_at timestamptz,
    forgotten bigint NOT NULL DEFAULT 0 CHECK (forgotten BETWEEN 0 AND number),
    CHECK ((number = 0) = (head IS NULL)),
    CHECK ((head IS NULL) = (head_at IS NULL))
);

-- `before` is the leaf of the link before, `before_at` when its record was asked for: so that who
-- reads only the later ones can see that the earlier ones were old enough to be forgotten.
CREATE TABLE person_link (
    chain text NOT NULL REFERENCES person_chain (chain),
    number bigint NOT NULL CHECK (number >= 1),
    record text NOT NULL CHECK (length(record) = 22),
    before bytea CHECK (octet_length(before) = 32),
    before_at timestamptz,
    leaf bytea NOT NULL CHECK (octet_length(leaf) = 32),
    place bigint CHECK (place >= 0),
    PRIMARY KEY (chain, number),
    UNIQUE (chain, record),
    CHECK ((number = 1) = (before IS NULL)),
    CHECK ((before IS NULL) = (before_at IS NULL))
);
CREATE INDEX person_link_record ON person_link (record);
CREATE INDEX person_link_unplaced ON person_link (chain, number) WHERE place IS NULL;

-- A record goes with its links, and a chain with its last link. Numbers are given in the order in which
-- records became certain, which is not quite that of their age: what stands below the highest number
-- that was forgotten is told without a number for the few days until it goes, too.
CREATE OR REPLACE FUNCTION forget_expired(at timestamptz, most integer)
RETURNS TABLE (what text, gone integer) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public
AS $$
DECLARE
    until timestamptz;
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
END
$$;
