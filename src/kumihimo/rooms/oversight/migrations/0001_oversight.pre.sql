-- Oversight's database: who takes part, every directory ever signed, and alarms. Nothing about people.

CREATE TABLE party (
    party text PRIMARY KEY CHECK (length(party) BETWEEN 2 AND 64),
    entry bytea NOT NULL
);

-- Append-only: an old directory proves which key was good when.
CREATE TABLE directory_version (
    version integer PRIMARY KEY CHECK (version >= 1),
    issued_at timestamptz NOT NULL,
    body bytea NOT NULL,
    signature bytea NOT NULL CHECK (octet_length(signature) = 64)
);

CREATE TABLE alarm (
    alarm text PRIMARY KEY CHECK (length(alarm) = 22),
    reporter text NOT NULL,
    kind text NOT NULL,
    permit text NOT NULL,
    requester text NOT NULL,
    provider text NOT NULL,
    noticed_at timestamptz NOT NULL
);
CREATE INDEX alarm_time ON alarm (noticed_at);
