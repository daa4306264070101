INSERT INTO retention (what, kept, basis) VALUES
    ('claim', '1 year', 'our choice: how long she reads the answer to what she said, counted from it');

-- What was forgotten until now, as before.
-- Nobody else calls it by its name: every room does so through the one below.
-- squawk-ignore renaming-object
ALTER FUNCTION forget_expired(timestamptz, integer) RENAME TO forget_but_claims;

-- And what persons said, once it was answered long ago. What is not answered stays.
CREATE FUNCTION forget_expired(at timestamptz, most integer)
RETURNS TABLE (what text, gone integer) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public
AS $$
DECLARE
    last_day date;
    dropped integer;
BEGIN
    RETURN QUERY SELECT e.what, e.gone FROM forget_but_claims(at, most) e;
    SELECT ((least(at, clock_timestamp()) - r.kept) AT TIME ZONE 'Asia/Tokyo')::date
        INTO STRICT last_day FROM retention r WHERE r.what = 'claim';
    DELETE FROM claim c WHERE c.claim IN (
        SELECT o.claim FROM claim o WHERE o.answered_on < last_day LIMIT most);
    GET DIAGNOSTICS dropped = ROW_COUNT;
    RETURN QUERY SELECT 'claim'::text, dropped;
END
$$;
