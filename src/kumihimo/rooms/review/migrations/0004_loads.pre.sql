-- A load that was cut goes on where it stood: each row knows its row of the audit, and comes in once.
DELETE FROM loading;
ALTER TABLE loading ADD COLUMN audit_row bigint NOT NULL DEFAULT 0;
ALTER TABLE loading ADD COLUMN brought_at timestamptz NOT NULL DEFAULT '-infinity';
-- squawk-ignore require-concurrent-index-deletion -- a file runs in one transaction
DROP INDEX loading_run;
-- squawk-ignore require-concurrent-index-creation -- a file runs in one transaction
CREATE UNIQUE INDEX loading_row ON loading (audit_run, audit_row);
