-- Heads of the room's journal that were put into the log: which line, its digest, under which
-- number, by which party. `place` is where the leaf stands in the log, once the log has said it.

CREATE TABLE journal_anchor (
    number bigint PRIMARY KEY CHECK (number >= 1),
    seq bigint NOT NULL UNIQUE CHECK (seq >= 1),
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    party text NOT NULL,
    at timestamptz NOT NULL,
    place bigint CHECK (place >= 0)
);

CREATE FUNCTION journal_anchor_is_placed_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' OR OLD.place IS NOT NULL OR (NEW.number, NEW.seq, NEW.digest, NEW.party,
        NEW.at) IS DISTINCT FROM (OLD.number, OLD.seq, OLD.digest, OLD.party, OLD.at) THEN
        RAISE EXCEPTION 'an anchor gets its place once, and nothing else changes';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER journal_anchor_no_change BEFORE UPDATE OR DELETE ON journal_anchor
    FOR EACH ROW EXECUTE FUNCTION journal_anchor_is_placed_once();
CREATE TRIGGER journal_anchor_no_truncate BEFORE TRUNCATE ON journal_anchor
    FOR EACH STATEMENT EXECUTE FUNCTION journal_is_append_only();
