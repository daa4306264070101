-- The leaf of each record is in the log before its permit leaves: which submission it went with.
-- Records from before the log have none.
ALTER TABLE exchange_record ADD COLUMN submission text CHECK (length(submission) = 22);
