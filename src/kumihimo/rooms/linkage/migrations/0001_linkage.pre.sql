-- The core's database. No number, name, address, code in the clear or payload can stand here: a
-- person is only ever a point blinded by register or a point sealed to one party.

CREATE TABLE domain (
    domain text PRIMARY KEY,
    version integer NOT NULL DEFAULT 1 CHECK (version >= 1),
    rotating_to integer CHECK (rotating_to = version + 1),
    previous_until timestamptz
);

-- Number Act art. 21-2(4): nobody uses an acquisition number beyond the acquisition. The row stays,
-- without its point, until `expires_at`, only so that the number cannot be used twice.
CREATE TABLE acquisition (
    acquisition text PRIMARY KEY CHECK (length(acquisition) = 22),
    domain text NOT NULL,
    point bytea CHECK (octet_length(point) = 32),
    state text NOT NULL CHECK (state IN ('waiting', 'spent')),
    expires_at timestamptz NOT NULL,
    CHECK (state = 'waiting' OR point IS NULL)
);
CREATE INDEX acquisition_expiry ON acquisition (expires_at);
