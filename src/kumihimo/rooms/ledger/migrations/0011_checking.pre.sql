-- Whether each leaf of a submission has a row of ours: '' where nobody says.
ALTER TABLE log_submission ADD COLUMN kind text NOT NULL DEFAULT '';

-- What stands at a place of the log: so that the ledger can hold its rows against it, a stretch at
-- a time. Writers wait while they are made, and nobody else: every file runs in one transaction.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX record_leaf ON record (leaf) WHERE leaf IS NOT NULL;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX record_unproven ON record (record) WHERE leaf IS NULL;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX record_end_leaf ON record_end (leaf) WHERE leaf IS NOT NULL;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX person_link_place ON person_link (place) WHERE place IS NOT NULL;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX log_submission_first ON log_submission (first);
