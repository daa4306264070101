-- How long a doubt about a link is kept with all that came of it, and what a check of links found.
INSERT INTO retention (what, kept, basis) VALUES
    ('suspension', '7 years', 'our choice: as long as the records of exchange that the link was used for, from the day on which it was settled'),
    ('link_finding', '1 year', 'our choice: the check finds it again every month as long as it stands'),
    ('link_check', '10 years', 'our choice: counts that name nobody, as far back as the history is listed');

-- squawk-ignore require-concurrent-index-creation -- a file runs in one transaction
CREATE INDEX suspension_settled ON suspension (institution, settled_at)
    WHERE state <> 'SUSPENDED';
