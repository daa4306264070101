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

-- Which records of the institution register was asked about: who asks why, finds the case by it. Register's
-- own log has the id of the inquiry, so here stands a keyed tag of it; the records are under the key.
CREATE TABLE register_inquiry (
    institution text NOT NULL,
    inquiry_tag bytea NOT NULL CHECK (octet_length(inquiry_tag) = 32),
    records_locked bytea NOT NULL,
    asked_on date NOT NULL,
    PRIMARY KEY (institution, inquiry_tag)
);
CREATE INDEX register_inquiry_day ON register_inquiry (institution, asked_on);

ALTER TABLE register_inquiry ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON register_inquiry
    USING (institution = current_setting('kumihimo.institution', true))
    WITH CHECK (institution = current_setting('kumihimo.institution', true));
