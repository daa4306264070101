-- What a page says of all that is a person's is read from these alone, without a row of a table: her
-- records, where the other side named her, and (by its key) what has a number in her chain. Older indexes
-- say the same with fewer columns; they go afterwards, each in a file of its own: who drops one waits for
-- readers of its table, and readers come to these tables in more than one order.
-- Writers wait while they are made, and nobody else: every file runs in one transaction.

-- squawk-ignore require-concurrent-index-creation
CREATE INDEX record_hers ON record (person, requested_at DESC, record)
    INCLUDE (permit, requester, provider, outcome, hidden);
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX record_end_hers ON record_end (person) INCLUDE (permit) WHERE person IS NOT NULL;
-- squawk-ignore require-concurrent-index-creation
CREATE UNIQUE INDEX person_link_hers ON person_link (record, chain);
