-- outbox_line takes its place.
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX outbox_due;
