-- record_end_hers takes its place.
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX record_end_person;
