-- A question keeps what its person was flagged as when it was asked (不開示, Number Act art. 23(2)).
ALTER TABLE inquiry ADD COLUMN hidden boolean NOT NULL DEFAULT false;

-- How long each kind of row is kept, and which law says so. Only these are ever forgotten by age.
CREATE TABLE retention (
    what text PRIMARY KEY,
    kept interval NOT NULL CHECK (kept > '0'),
    basis text NOT NULL
);
INSERT INTO retention (what, kept, basis) VALUES
    ('exchange_record', '7 years', 'Number Act art. 23, enforcement order art. 30'),
    ('evidence', '7 years', 'our choice: as long as the record that it proves'),
    ('inquiry', '1 year', 'our choice: a clerk looks up no older answer');

-- Writers wait while it is made, and nobody else: every file runs in one transaction.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX inquiry_time ON inquiry (institution, asked_at);
