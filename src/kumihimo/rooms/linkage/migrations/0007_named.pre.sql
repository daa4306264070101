-- A server that tells who wrote (decision 0018) changes no row that nothing names. Rows of exchanges and
-- evidence have no key of their own; whoever changes one all the same is told of, so the server names it
-- by the whole row. The core itself changes none, so this costs it nothing.

DO $$
DECLARE
    part regclass;
BEGIN
    FOR part IN
        SELECT unnest(ARRAY['exchange', 'evidence'])::regclass
        UNION SELECT inhrelid FROM pg_inherits
            WHERE inhparent IN ('exchange'::regclass, 'evidence'::regclass)
    LOOP
        EXECUTE format('ALTER TABLE %s REPLICA IDENTITY FULL', part);
    END LOOP;
END
$$;

-- As before, and each new month in the same way.
CREATE OR REPLACE FUNCTION keep_month(wanted date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public
AS $$
DECLARE
    whole text;
    part text;
BEGIN
    wanted := date_trunc('month', wanted);
    PERFORM pg_advisory_xact_lock(hashtextextended('keep_month', 0));
    FOREACH whole IN ARRAY ARRAY['exchange_terms', 'exchange', 'exchange_said', 'evidence'] LOOP
        part := whole || to_char(wanted, '_YYYY_MM');
        IF to_regclass(part) IS NULL THEN
            EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING STORAGE INCLUDING CONSTRAINTS)', part, whole);
            IF whole IN ('exchange', 'evidence') THEN
                EXECUTE format('ALTER TABLE %I REPLICA IDENTITY FULL', part);
            END IF;
            EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES IN (%L)', whole, part, wanted);
        END IF;
    END LOOP;
END
$$;
