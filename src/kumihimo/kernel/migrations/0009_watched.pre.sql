-- Up to where in the server's log the room has seen who wrote (decision 0018), under its own seal.
CREATE TABLE watched (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    place bigint NOT NULL CHECK (place >= 0),
    seal bytea NOT NULL CHECK (octet_length(seal) = 16)
);
