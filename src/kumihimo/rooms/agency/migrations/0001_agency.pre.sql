-- The agency's database: mis-links as institutions report them. Counts and codes, nobody in them.
-- Each state of a report is a row of its own and stays; the one with the highest place holds.
CREATE TABLE mislink_report (
    mislink bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    institution text NOT NULL,
    report text NOT NULL CHECK (length(report) = 22),
    place bigint NOT NULL CHECK (place BETWEEN 0 AND 2),
    state text NOT NULL CHECK (state IN ('suspected', 'corrected', 'told')),
    affair text NOT NULL,
    mechanism text NOT NULL,
    links bigint NOT NULL CHECK (links >= 1),
    persons bigint NOT NULL CHECK (persons >= 0),
    corrected_on date CHECK ((corrected_on IS NULL) = (state = 'suspected')),
    received_at timestamptz NOT NULL,
    UNIQUE (institution, report, place)
);
CREATE INDEX mislink_report_affair ON mislink_report (affair, mislink);
CREATE INDEX mislink_report_time ON mislink_report (received_at);

-- How long a report is kept, and which law says so. Only these are ever forgotten by age.
CREATE TABLE retention (
    what text PRIMARY KEY,
    kept interval NOT NULL CHECK (kept > '0'),
    basis text NOT NULL
);
INSERT INTO retention (what, kept, basis) VALUES
    ('mislink_report', '7 years', 'our choice: as long as the records of exchange that the link was used for');

-- The running role may not delete a report. It may call this, which knows how old is old enough, by
-- the room's clock and by the database's own.
CREATE FUNCTION forget_expired(at timestamptz, most integer)
RETURNS TABLE (what text, gone integer) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public
AS $$
DECLARE
    until timestamptz;
    dropped integer;
BEGIN
    SELECT least(at, clock_timestamp()) - r.kept INTO STRICT until
        FROM retention r WHERE r.what = 'mislink_report';
    DELETE FROM mislink_report m WHERE m.mislink IN (
        SELECT o.mislink FROM mislink_report o WHERE o.received_at < until
        ORDER BY o.received_at LIMIT most);
    GET DIAGNOSTICS dropped = ROW_COUNT;
    RETURN QUERY SELECT 'mislink_report'::text, dropped;
END
$$;
