-- How somebody wants to be told: whether each look is a notice, and where it is mailed that something
-- waits. All of it stands locked, and all rows are of one length. `listens`: her bell at the ledger is
-- listened to; `due`: a mail is to go out.
CREATE TABLE wish (
    account text PRIMARY KEY REFERENCES account (account),
    content_locked bytea NOT NULL,
    listens boolean NOT NULL DEFAULT false,
    due boolean NOT NULL DEFAULT false
);
CREATE INDEX wish_due ON wish (account) WHERE due;
CREATE INDEX wish_listens ON wish (account) WHERE listens;

-- The running role may not delete what somebody asked under her card's signature. It may call this, which
-- knows how old is old enough (our choice: three years), by the room's clock and by the database's own.
CREATE FUNCTION forget_questions(today date, most integer)
RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public
AS $$
DECLARE
    dropped integer;
BEGIN
    DELETE FROM question q WHERE q.question IN (
        SELECT o.question FROM question o
        WHERE o.asked_on < (least(today, current_date) - interval '3 years')::date LIMIT most);
    GET DIAGNOSTICS dropped = ROW_COUNT;
    RETURN dropped;
END
$$;
