-- Make room for the month of a day. Whoever serves may call it; it changes nothing that is there.
CREATE FUNCTION keep_month(wanted date) RETURNS void
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
