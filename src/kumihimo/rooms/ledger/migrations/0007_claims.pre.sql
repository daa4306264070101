-- What a person says of an exchange, and how it stands. Her words leave sealed to whom they are for and
-- are not kept here; the answer comes sealed to the ledger's key and rests as it came.
CREATE TABLE claim (
    claim text PRIMARY KEY CHECK (length(claim) = 22),
    person bytea NOT NULL CHECK (octet_length(person) = 32),
    version integer NOT NULL,
    kind text NOT NULL CHECK (kind IN ('question', 'objection', 'not-mine', 'wrong')),
    addressee text NOT NULL,
    permit text NOT NULL CHECK (length(permit) = 22),
    told_on date NOT NULL,
    due_on date NOT NULL CHECK (due_on > told_on),
    state text NOT NULL CHECK (state IN ('sent', 'open', 'answered')),
    decision text CHECK (decision IN ('corrected', 'kept', 'answered')),
    answer_sealed bytea,
    answered_on date,
    CHECK ((state = 'answered') = (answered_on IS NOT NULL)),
    CHECK ((answer_sealed IS NULL) = (answered_on IS NULL)),
    CHECK ((decision IS NULL) = (answered_on IS NULL))
);
CREATE INDEX claim_person ON claim (person);
CREATE INDEX claim_open ON claim (addressee) WHERE state <> 'answered';
CREATE INDEX claim_answered ON claim (answered_on) WHERE state = 'answered';
