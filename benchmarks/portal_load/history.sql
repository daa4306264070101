-- Fills a ledger: who is in the table `p` has records with both ends and numbers, a session, a claim.
-- Takes %(records)s, the records of each person, and %(days)s, the days between two of them.
--
-- Each row stands at a place of its own, far behind the end of the log: none of these leaves is in it.
-- Were they all said to stand at one place, the ledger would read every one of them, every few seconds,
-- where it holds its rows against its log.

CREATE FUNCTION pg_temp.note(text) RETURNS bytea IMMUTABLE LANGUAGE sql
    RETURN sha256(convert_to($1, 'UTF8'));
CREATE FUNCTION pg_temp.id(text) RETURNS text IMMUTABLE LANGUAGE sql
    RETURN left(translate(encode(sha256(convert_to($1, 'UTF8')), 'base64'), '+/', '-_'), 22);

-- In the order of time, as they come: what is of one person lies far apart.
CREATE TEMPORARY TABLE e AS
    SELECT p.n, p.person, k, pg_temp.id('r' || p.n || '/' || k) AS record,
        pg_temp.id('p' || p.n || '/' || k) AS permit, pg_temp.id('c' || p.n) AS chain,
        now() - k * %(days)s * interval '1 day' AS at, k %% 20 <> 0 AS given,
        1000000000000 + 4 * (p.n * %(records)s + k) AS place
    FROM generate_series(1, %(records)s) k, p ORDER BY k DESC, p.n;

INSERT INTO record (record, permit, person, version, requester, provider, affair, items, basis,
        outcome, requested_at, hidden, list_version, sealed_digest, salt, leaf)
    SELECT record, permit, person, 1,
        (ARRAY['lg-131032', 'lg-231002', 'lg-011002', 'lg-141003', 'lg-401307'])[1 + (n + k) %% 5],
        'lg-271004', 'b081', ARRAY['local-tax.total-income', 'local-tax.income-levy'],
        ARRAY['old2-100'], CASE WHEN given THEN 'OK' ELSE 'REFUSED_ITEM' END, at, false, '1',
        pg_temp.note(record), substring(pg_temp.note(permit), 1, 16), place
    FROM e;
INSERT INTO record_end (permit, side, outcome, at, person, hidden, leaf)
    SELECT permit, side, 'OK', at, CASE side WHEN 'provider' THEN person END, false,
        place + CASE side WHEN 'requester' THEN 1 ELSE 2 END
    FROM e, unnest(ARRAY['requester', 'provider']) side WHERE given;
INSERT INTO person_chain (chain, person, version, number, head, head_at)
    SELECT chain, person, 1, %(records)s, pg_temp.note(chain), at FROM e WHERE k = 1;
INSERT INTO person_link (chain, number, record, before, before_at, leaf, place)
    SELECT chain, %(records)s + 1 - k, record,
        CASE WHEN k < %(records)s THEN pg_temp.note(record) END,
        CASE WHEN k < %(records)s THEN at END, pg_temp.note(record), place + 3
    FROM e;
INSERT INTO session (token_hash, person, version, expires_at)
    SELECT sha256(token), person, 1, now() + interval '1 day' FROM p;
INSERT INTO claim (claim, person, version, kind, addressee, permit, told_on, due_on, state)
    SELECT record, person, 1, 'question', 'lg-131032', permit, current_date, current_date + 30,
        'open'
    FROM e WHERE k = 1;
