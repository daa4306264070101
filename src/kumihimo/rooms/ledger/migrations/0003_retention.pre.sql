-- How long a record is kept, and which law says so. Only these are ever forgotten by age.
CREATE TABLE retention (
    what text PRIMARY KEY,
    kept interval NOT NULL CHECK (kept > '0'),
    basis text NOT NULL
);
INSERT INTO retention (what, kept, basis) VALUES
    ('record', '7 years', 'Number Act art. 23(3), enforcement order art. 30');

-- Writers wait while it is made, and nobody else: every file runs in one transaction.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX record_time ON record (requested_at);
