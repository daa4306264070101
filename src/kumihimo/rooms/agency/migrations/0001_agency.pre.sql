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
    ('mislink_report', '7 years', 'our choice: as long as the records of exchange that the link was used for, from the last word of a case');
