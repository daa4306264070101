-- Version 3 of the canonical forms: other addresses, and what the first number of a lot counts
-- ('chome', 'banchi', '' where it is not written: '2-1'). It is compared where both sides tell it.
-- Keys of version 2 are made anew by the room, as 0004 says; so its index comes again.
ALTER TABLE resident ADD COLUMN lot_kind text NOT NULL DEFAULT '';
-- squawk-ignore require-concurrent-index-deletion -- a file runs in one transaction
DROP INDEX resident_outdated;
-- squawk-ignore require-concurrent-index-creation -- a file runs in one transaction
CREATE INDEX resident_outdated ON resident (birth_key) WHERE NOT starts_with(name_key, '3:');
