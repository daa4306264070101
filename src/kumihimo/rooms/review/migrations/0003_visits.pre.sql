-- Browsers in which an officer is signed in: a restart signs nobody out, and processes share them.
-- `entry_tag` is a keyed tag of her line in the file of officers: who has another passcode or role,
-- or no line any more, has to sign in anew. What a visit keeps stands under the desk's key.
CREATE TABLE visit (
    token_hash bytea PRIMARY KEY CHECK (octet_length(token_hash) = 32),
    officer text NOT NULL CHECK (officer <> ''),
    entry_tag bytea NOT NULL CHECK (octet_length(entry_tag) = 32),
    content_locked bytea NOT NULL,
    until timestamptz NOT NULL
);
CREATE INDEX visit_officer ON visit (officer);
CREATE INDEX visit_until ON visit (until);

-- Passcodes that were tried and not right, of officers who are in the file; gone with the right one.
CREATE TABLE sign_in_try (
    officer text PRIMARY KEY CHECK (officer <> ''),
    tries integer NOT NULL CHECK (tries >= 1),
    last_at timestamptz NOT NULL
);
