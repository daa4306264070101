-- What the core counted of a month, as everybody may read it: JSON of `MonthCounted`.
CREATE TABLE statistics (
    month text PRIMARY KEY CHECK (month ~ '^[0-9]{4}-[0-9]{2}$'),
    counted bytea NOT NULL,
    taken_at timestamptz NOT NULL
);
