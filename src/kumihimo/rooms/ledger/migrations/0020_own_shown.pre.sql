-- Of the many institutions that are asked hardly any holds something: what a page shows is found by an
-- index of its own, and how many were asked is written down. NULL where an older release asked.
-- What is due is found by another: the ledger looks for it several times a second.
ALTER TABLE own_batch ADD COLUMN asked integer CHECK (asked > 0);
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX own_ask_shown ON own_ask (batch, provider, inquiry)
    WHERE outcome IS NULL OR outcome IN ('OK', 'PENDING_MANUAL');
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX own_batch_due ON own_batch (next_try_at);
