-- The newest of each statement that another party signed: what a room may not forget by a restart.

CREATE TABLE kept_statement (
    what text NOT NULL,
    signer bytea NOT NULL CHECK (octet_length(signer) = 32),
    version bigint NOT NULL CHECK (version >= 1),
    body bytea NOT NULL,
    signature bytea NOT NULL,
    PRIMARY KEY (what, signer)
);

CREATE FUNCTION kept_statement_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.version <= OLD.version OR NEW.what <> OLD.what OR NEW.signer <> OLD.signer THEN
        RAISE EXCEPTION 'a kept statement is replaced by a newer one only';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER kept_statement_grows BEFORE UPDATE ON kept_statement
    FOR EACH ROW EXECUTE FUNCTION kept_statement_only_grows();
