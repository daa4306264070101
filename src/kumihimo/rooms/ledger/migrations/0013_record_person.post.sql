-- record_hers takes its place.
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX record_person;
