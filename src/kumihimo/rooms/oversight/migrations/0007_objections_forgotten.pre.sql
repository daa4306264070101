INSERT INTO retention (what, kept, basis) VALUES
    ('objection', '4 years', 'our choice: what a person said is looked up no later, counted from its answer; longer than her portal keeps it');

-- What was forgotten until now, as before.
-- Nobody else calls it by its name: every room does so through the one below.
-- squawk-ignore renaming-object
ALTER FUNCTION forget_expired(timestamptz, integer) RENAME TO forget_but_objections;

-- And objections, once they were answered long ago. What is not answered stays.
CREATE FUNCTION forget_expired(at timestamptz, most integer)
RETURNS TABLE (what text, gone integer) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public
AS $$
DECLARE
    last_day date;
    dropped integer;
BEGIN
    RETURN QUERY SELECT e.what, e.gone FROM forget_but_objections(at, most) e;
    SELECT ((least(at, clock_timestamp()) - r.kept) AT TIME ZONE 'Asia/Tokyo')::date
        INTO STRICT last_day FROM retention r WHERE r.what = 'objection';
    DELETE FROM objection o WHERE o.claim IN (
        SELECT old.claim FROM objection old WHERE old.answered_on < last_day LIMIT most);
    GET DIAGNOSTICS dropped = ROW_COUNT;
    RETURN QUERY SELECT 'objection'::text, dropped;
END
$$;
