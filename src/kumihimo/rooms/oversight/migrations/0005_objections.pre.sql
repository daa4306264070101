-- Objections of persons to an exchange. What she wrote, and the answer, rest sealed: the one to
-- oversight's key, the other to the ledger's.
CREATE TABLE objection (
    claim text PRIMARY KEY CHECK (length(claim) = 22),
    permit text NOT NULL CHECK (length(permit) = 22),
    requester text NOT NULL,
    provider text NOT NULL,
    sealed bytea NOT NULL,
    taken_on date NOT NULL,
    due_on date NOT NULL CHECK (due_on > taken_on),
    decision text CHECK (decision IN ('corrected', 'kept', 'answered')),
    answer_sealed bytea,
    answered_on date,
    CHECK ((decision IS NULL) = (answered_on IS NULL)),
    CHECK ((answer_sealed IS NULL) = (answered_on IS NULL))
);
CREATE INDEX objection_due ON objection (due_on) WHERE answered_on IS NULL;
