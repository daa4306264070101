-- What lets a room see who wrote into its database (decision 0018): run once by a superuser, and again
-- without harm. The room's own role may not read the server's log, which holds more than its tables, so
-- it calls these functions, which tell numbers of transactions, names of tables and messages alone.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'kumihimo_watch') THEN
        CREATE ROLE kumihimo_watch NOLOGIN REPLICATION;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_publication WHERE pubname = 'kumihimo') THEN
        CREATE PUBLICATION kumihimo FOR ALL TABLES WITH (publish_via_partition_root = true);
    END IF;
END
$$;

CREATE SCHEMA IF NOT EXISTS kumihimo_watch;

-- Slots are named for the whole server.
CREATE OR REPLACE FUNCTION kumihimo_watch.slot() RETURNS name
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
RETURN (SELECT 'kumihimo_' || oid FROM pg_database WHERE datname = current_database())::name;

-- Begin, where nothing is kept for the room, or no longer; says whether it did. From PostgreSQL 17 on
-- servers that stand by take the slot along, where they are told to (sync_replication_slots).
CREATE OR REPLACE FUNCTION kumihimo_watch.begin() RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM pg_drop_replication_slot(slot_name) FROM pg_replication_slots
        WHERE slot_name = kumihimo_watch.slot() AND wal_status = 'lost';
    IF EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = kumihimo_watch.slot()) THEN
        RETURN false;
    END IF;
    EXECUTE format('SELECT pg_create_logical_replication_slot(%L, %L%s)', kumihimo_watch.slot(), 'pgoutput',
        CASE WHEN current_setting('server_version_num')::integer >= 170000 THEN ', failover => true' END);
    RETURN true;
EXCEPTION WHEN object_in_use OR duplicate_object THEN
    RETURN false; -- another process was quicker
END
$$;

-- What was committed since, of whole transactions about so many changes at most: each transaction's
-- tables and messages, and where its commit ends. Last comes a row without a transaction that says up
-- to where was read, and whether there is more. Nothing at all comes while another process is looking.
CREATE OR REPLACE FUNCTION kumihimo_watch.seen(most integer)
RETURNS TABLE (transaction bigint, tables text[], messages bytea[], until pg_lsn, more boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    written pg_lsn := pg_current_wal_flush_lsn();
BEGIN
    RETURN QUERY
    WITH changed AS MATERIALIZED (
        -- Of a row that was put in, changed or taken out (I, U, D) only the table is of interest: however
        -- many they are, those of one table and transaction are looked at once.
        SELECT xid, substring(data, 1, CASE WHEN get_byte(data, 0) IN (73, 85, 68) THEN 5 ELSE 2048 END)
                AS data, count(*) AS changes
        FROM pg_logical_slot_peek_binary_changes(kumihimo_watch.slot(), written, most,
            'proto_version', '1', 'publication_names', 'kumihimo', 'messages', 'true', 'binary', 'true')
        GROUP BY 1, 2
    ), read AS MATERIALIZED (
        SELECT xid::text::bigint AS xid, chr(get_byte(data, 0)) AS kind, data, changes FROM changed
    ), relation AS (
        SELECT DISTINCT ON (substring(data, 2, 4)) substring(data, 2, 4) AS id, convert_from(substring(rest,
            1, position('\x00'::bytea IN rest) - 1), getdatabaseencoding()) AS name
        FROM read, substring(data, 6) AS whole, substring(whole, 8) AS rest
        WHERE kind = 'R' AND substring(whole, 1, 7) = '\x7075626c696300' -- the schema public
    ), said AS (
        SELECT xid, kind, data, substring(data, 2, 4) AS id FROM read WHERE kind IN ('I', 'U', 'D', 'M', 'C')
        UNION ALL SELECT xid, kind, data, substring(data, 3 + 4 * n, 4) FROM read, generate_series(1, 256) AS n
        WHERE kind = 'T' AND 4 * n + 6 <= octet_length(data)
    )
    -- One pass over all that was said: what was joined by transaction took longer with its square.
    SELECT s.xid, array_agg(DISTINCT r.name ORDER BY r.name) FILTER (WHERE r.name IS NOT NULL),
        array_agg(substring(s.data, 24)) FILTER (WHERE s.kind = 'M' AND get_byte(s.data, 1) = 1
            AND substring(s.data, 11, 9) = '\x6b756d6968696d6f00'),
        min((encode(substring(s.data, 11, 4), 'hex') || '/' || encode(substring(s.data, 15, 4), 'hex'))::pg_lsn)
            FILTER (WHERE s.kind = 'C'), NULL::boolean
    FROM said s LEFT JOIN relation r ON r.id = s.id AND s.kind IN ('I', 'U', 'D', 'T')
    GROUP BY s.xid HAVING count(r.name) > 0
    UNION ALL
    SELECT NULL, NULL, NULL, CASE WHEN coalesce(sum(changes), 0) < most THEN written
        ELSE max((encode(substring(data, 11, 4), 'hex') || '/' || encode(substring(data, 15, 4), 'hex'))::pg_lsn)
            FILTER (WHERE kind = 'C') END, coalesce(sum(changes), 0) >= most
    FROM read;
EXCEPTION WHEN object_in_use THEN
    RETURN;
END
$$;

-- What runs or holds within a transaction of the room, in one sum: columns, triggers, rules, defaults
-- and functions, these and triggers with when they were made; months come and go. And how many
-- migrations there were, since those may change it.
CREATE OR REPLACE FUNCTION kumihimo_watch.form() RETURNS TABLE (sum text, migrations bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    WITH whole AS (
        SELECT oid, relname, relpersistence, relispartition FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v')
    ), line AS (
        SELECT concat_ws(' ', w.relname, w.relpersistence, a.attname, format_type(a.atttypid, a.atttypmod),
            pg_get_expr(d.adbin, d.adrelid)) AS line
        FROM whole w JOIN pg_attribute a ON a.attrelid = w.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_attrdef d ON d.adrelid = w.oid AND d.adnum = a.attnum WHERE NOT w.relispartition
        UNION ALL SELECT concat_ws(' ', t.oid, t.xmin) FROM pg_trigger t JOIN whole w ON w.oid = t.tgrelid
        WHERE NOT t.tgisinternal AND t.tgparentid = 0
        UNION ALL SELECT concat_ws(' ', r.oid, r.xmin) FROM pg_rewrite r JOIN whole w ON w.oid = r.ev_class
        UNION ALL SELECT concat_ws(' ', oid, xmin) FROM pg_event_trigger
        UNION ALL SELECT concat_ws(' ', oid, xmin) FROM pg_proc
        WHERE pronamespace IN ('public'::regnamespace, 'kumihimo_watch'::regnamespace)
    )
    SELECT md5(string_agg(line, ';' ORDER BY line)), (SELECT count(*) FROM public.migration) FROM line
$$;

-- What was seen up to there need not be kept.
CREATE OR REPLACE FUNCTION kumihimo_watch.done(until pg_lsn) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM pg_replication_slot_advance(slot_name, until) FROM pg_replication_slots
        WHERE slot_name = kumihimo_watch.slot() AND confirmed_flush_lsn < until;
EXCEPTION WHEN object_in_use THEN
    RETURN; -- another process is looking, and says so itself
END
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA kumihimo_watch FROM PUBLIC;
GRANT USAGE ON SCHEMA kumihimo_watch TO kumihimo_watch;
ALTER FUNCTION kumihimo_watch.slot() OWNER TO kumihimo_watch;
ALTER FUNCTION kumihimo_watch.begin() OWNER TO kumihimo_watch;
ALTER FUNCTION kumihimo_watch.seen(integer) OWNER TO kumihimo_watch;
ALTER FUNCTION kumihimo_watch.form() OWNER TO kumihimo_watch;
ALTER FUNCTION kumihimo_watch.done(pg_lsn) OWNER TO kumihimo_watch;
GRANT SELECT ON public.migration TO kumihimo_watch;
