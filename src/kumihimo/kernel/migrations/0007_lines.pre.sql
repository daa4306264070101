-- Letters of one sender to one destination are a line of their own, and lines are found one by one.

-- squawk-ignore require-concurrent-index-creation
CREATE INDEX outbox_line ON outbox (sender, destination, next_try_at, message);
