-- Keys of namesakes say by which version of the canonical form they were made. Those of another
-- version are made anew by the room (`rekey`); these find them, and are empty afterwards.
-- squawk-ignore require-concurrent-index-creation -- a file runs in one transaction
CREATE INDEX application_outdated ON application (split_part(name_key, E'\n', 2))
    WHERE NOT starts_with(name_key, '2:');
-- squawk-ignore require-concurrent-index-creation -- a file runs in one transaction
CREATE INDEX card_outdated ON card (split_part(name_key, E'\n', 2))
    WHERE NOT starts_with(name_key, '2:');
