-- What people say of the pages themselves: of a page, by nobody. No account and no place that it came from
-- stands beside it; what was typed is locked, for somebody may type who she is all the same.
CREATE TABLE feedback (
    feedback text PRIMARY KEY CHECK (length(feedback) = 22),
    page text NOT NULL CHECK (length(page) BETWEEN 1 AND 60),
    found text NOT NULL CHECK (found IN ('clear', 'unclear', 'broken')),
    language text NOT NULL CHECK (language IN ('ja', 'furigana', 'easy', 'en')),
    text_locked bytea NOT NULL,
    said_on date NOT NULL
);
CREATE INDEX feedback_said ON feedback (said_on);
