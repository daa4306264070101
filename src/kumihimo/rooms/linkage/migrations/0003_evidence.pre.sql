-- What a party signed. Where `packed`, its body is deflated (RFC 1950): nothing looks into it.
CREATE TABLE evidence (
    at timestamptz NOT NULL,
    month date NOT NULL CHECK (extract(day FROM month) = 1),
    packed boolean NOT NULL,
    key_id text NOT NULL,
    base bytea NOT NULL,
    signature bytea NOT NULL,
    body bytea STORAGE EXTERNAL NOT NULL
) PARTITION BY LIST (month);
CREATE INDEX evidence_time ON evidence (at);
ALTER TABLE evidence REPLICA IDENTITY FULL;
