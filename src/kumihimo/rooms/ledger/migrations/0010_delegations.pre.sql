-- Who lets somebody else read for her (委任). A delegation names the one who gave it, by the ledger's own
-- code. Of the other stands only a tag of her code under the ledger's key and under a secret that is not
-- here: this database does not tell who acts for whom, not even to whoever has the ledger's keys.

CREATE TABLE delegation (
    delegation text PRIMARY KEY CHECK (length(delegation) = 22),
    person bytea NOT NULL CHECK (octet_length(person) = 32),
    version integer NOT NULL,
    purpose text NOT NULL,
    secret_hash bytea NOT NULL UNIQUE CHECK (octet_length(secret_hash) = 32),
    proxy_tag bytea CHECK (octet_length(proxy_tag) = 32),
    given_on date NOT NULL,
    until date NOT NULL CHECK (until >= given_on),
    ended_on date CHECK (ended_on >= given_on)
);
CREATE INDEX delegation_person ON delegation (person);

-- Each time that something was read by it: written down before it is read, and never changed.
CREATE TABLE delegated_act (
    act text PRIMARY KEY CHECK (length(act) = 22),
    delegation text NOT NULL REFERENCES delegation (delegation),
    at timestamptz NOT NULL
);
CREATE INDEX delegated_act_delegation ON delegated_act (delegation, at DESC);
CREATE INDEX delegated_act_at ON delegated_act (at);

INSERT INTO retention (what, kept, basis) VALUES
    ('delegated_act', '7 years', 'our choice: as long as the record of an exchange');

-- What was forgotten until now, as before.
-- Nobody else calls it by its name: every room does so through the one below.
-- squawk-ignore renaming-object
ALTER FUNCTION forget_expired(timestamptz, integer) RENAME TO forget_exchanges;

-- And what proxies read, with delegations that are over and of which nothing is left.
CREATE FUNCTION forget_expired(at timestamptz, most integer)
RETURNS TABLE (what text, gone integer) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public
AS $$
DECLARE
    before timestamptz;
    last_day date;
    acts integer;
BEGIN
    RETURN QUERY SELECT e.what, e.gone FROM forget_exchanges(at, most) e;
    SELECT least(at, clock_timestamp()) - r.kept INTO STRICT before
        FROM retention r WHERE r.what = 'delegated_act';
    DELETE FROM delegated_act a WHERE a.act IN (
        SELECT o.act FROM delegated_act o WHERE o.at < before LIMIT most);
    GET DIAGNOSTICS acts = ROW_COUNT;
    RETURN QUERY SELECT 'delegated_act'::text, acts;
    last_day := (before AT TIME ZONE 'Asia/Tokyo')::date;
    DELETE FROM delegation d WHERE d.delegation IN (
        SELECT o.delegation FROM delegation o
        WHERE o.until < last_day
        AND NOT EXISTS (SELECT FROM delegated_act a WHERE a.delegation = o.delegation)
        LIMIT most);
END
$$;
