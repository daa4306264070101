-- Months whose exchanges were counted for everybody to read, each once: institutions, words and
-- counts in tens left for oversight with this line.
CREATE TABLE month_counted (
    month text PRIMARY KEY CHECK (month ~ '^[0-9]{4}-[0-9]{2}$'),
    counted_at timestamptz NOT NULL
);
