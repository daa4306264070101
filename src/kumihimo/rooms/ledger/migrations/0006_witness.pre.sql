-- Cosignatures of witnesses on checkpoints of the log (c2sp.org/tlog-cosignature), by the size that
-- they are about.
CREATE TABLE log_cosignature (
    size bigint NOT NULL REFERENCES log_batch (size),
    witness text NOT NULL,
    line text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (size, witness)
);

CREATE TRIGGER log_cosignature_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON log_cosignature
    FOR EACH STATEMENT EXECUTE FUNCTION log_is_append_only();
