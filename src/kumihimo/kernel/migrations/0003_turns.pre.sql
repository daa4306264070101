-- Whose turn it is among the processes of a room, until when.

CREATE TABLE turn (
    what text PRIMARY KEY,
    until timestamptz NOT NULL
);
