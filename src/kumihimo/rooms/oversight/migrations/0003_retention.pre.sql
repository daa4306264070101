-- How long a case of a leak is kept, and which law says so. Only these are ever forgotten by age.
CREATE TABLE retention (
    what text PRIMARY KEY,
    kept interval NOT NULL CHECK (kept > '0'),
    basis text NOT NULL
);
INSERT INTO retention (what, kept, basis) VALUES
    ('leak_report', '7 years', 'our choice: as long as the records of exchange from which a leak is worked out, from the last word of a case');

-- squawk-ignore require-concurrent-index-creation -- a file runs in one transaction
CREATE INDEX leak_report_time ON leak_report (received_at);
