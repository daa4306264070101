-- What persons say of an exchange (questions, "not mine", "this is wrong"), carried by the ledger. The
-- words rest as they came, sealed to the institution's key; whom it is about, under its key too.
CREATE TABLE claim (
    institution text NOT NULL,
    claim text NOT NULL CHECK (length(claim) = 22),
    kind text NOT NULL CHECK (kind IN ('question', 'not-mine', 'wrong')),
    affair text NOT NULL,
    sealed bytea NOT NULL,
    detail_locked bytea NOT NULL,
    taken_on date NOT NULL,
    due_on date NOT NULL CHECK (due_on > taken_on),
    decision text CHECK (decision IN ('corrected', 'kept', 'answered')),
    answer_sealed bytea,
    answered_by text,
    answered_on date,
    PRIMARY KEY (institution, claim),
    CHECK ((decision IS NULL) = (answered_on IS NULL)),
    CHECK ((answer_sealed IS NULL) = (answered_on IS NULL)),
    CHECK ((answered_by IS NULL) = (answered_on IS NULL))
);
CREATE INDEX claim_due ON claim (institution, due_on) WHERE answered_on IS NULL;

ALTER TABLE claim ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON claim
    USING (institution = current_setting('kumihimo.institution', true))
    WITH CHECK (institution = current_setting('kumihimo.institution', true));
