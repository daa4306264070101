-- Keys of the strict inquiry say by which version of the canonical forms they were made. Those of
-- another version are made anew by the room (`rekey`); this finds them, and is empty afterwards.
-- squawk-ignore require-concurrent-index-creation -- a file runs in one transaction
CREATE INDEX resident_outdated ON resident (birth_key) WHERE NOT starts_with(name_key, '2:');
