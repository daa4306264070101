-- How many acquisitions an office may begin: apart from its strict inquiries, in the same form.

CREATE TABLE acquisition_quota (
    office text PRIMARY KEY,
    tokens double precision NOT NULL CHECK (tokens >= 0),
    at timestamptz NOT NULL,
    day date NOT NULL,
    used bigint NOT NULL CHECK (used >= 0)
);
