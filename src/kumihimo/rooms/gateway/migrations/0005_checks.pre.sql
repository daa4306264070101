-- The regular comparison of all links with register (定期的な照合), by institution, with its history.
-- `done_until` is the last integrated id that was compared; null when the run is over.
CREATE TABLE link_check (
    institution text NOT NULL,
    run text NOT NULL,
    affair text NOT NULL,
    started_on date NOT NULL,
    finished_on date,
    done_until text NOT NULL DEFAULT '',
    compared integer NOT NULL DEFAULT 0,
    suspended integer NOT NULL DEFAULT 0,
    counts jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (institution, run)
);
CREATE UNIQUE INDEX link_check_open ON link_check (institution) WHERE finished_on IS NULL;

-- What a check found that somebody has to look at; whose record it is stands under the key.
CREATE TABLE link_finding (
    institution text NOT NULL,
    finding bigint GENERATED ALWAYS AS IDENTITY,
    run text NOT NULL,
    verdict text NOT NULL,
    found_locked bytea NOT NULL,
    PRIMARY KEY (institution, finding),
    FOREIGN KEY (institution, run) REFERENCES link_check (institution, run)
);
CREATE INDEX link_finding_run ON link_finding (institution, run);

DO $$
DECLARE
    tenanted text;
BEGIN
    FOREACH tenanted IN ARRAY ARRAY['link_check', 'link_finding'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', tenanted);
        EXECUTE format(
            'CREATE POLICY own_rows ON %I USING (institution = current_setting(''kumihimo.institution'', true))
             WITH CHECK (institution = current_setting(''kumihimo.institution'', true))', tenanted);
    END LOOP;
END
$$;
