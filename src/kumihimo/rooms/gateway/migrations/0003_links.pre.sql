-- A number that was typed from a form and confirmed by register and by two people.
-- What the old constraint let in the new one lets in too.
-- squawk-ignore ban-drop-constraint
ALTER TABLE vault DROP CONSTRAINT vault_source_check;
ALTER TABLE vault ADD CONSTRAINT vault_source_check
    CHECK (source IN ('card', 'strict-inquiry', 'form')) NOT VALID;

-- Why an answer that was received is no longer shown: it was about another person.
ALTER TABLE inquiry ADD COLUMN withheld text NOT NULL DEFAULT '';

-- A link between a record and a number that is, or was, in doubt (ひも付け誤りの疑い). It carries
-- instants, so it names record and person only by keyed tags and under the institution's key.
CREATE TABLE suspension (
    institution text NOT NULL,
    suspension text NOT NULL,
    review_case text NOT NULL,
    addressee_tag bytea NOT NULL CHECK (octet_length(addressee_tag) = 32),
    person_tag bytea NOT NULL CHECK (octet_length(person_tag) = 32),
    ground text NOT NULL,
    state text NOT NULL CHECK (state IN ('SUSPENDED', 'CONFIRMED', 'CORRECTED')),
    suspended_at timestamptz NOT NULL,
    settled_at timestamptz,
    detail_locked bytea NOT NULL,
    PRIMARY KEY (institution, suspension),
    CHECK ((state = 'SUSPENDED') = (settled_at IS NULL))
);
CREATE UNIQUE INDEX suspension_open ON suspension (institution, addressee_tag)
    WHERE state = 'SUSPENDED';
CREATE UNIQUE INDEX suspension_case ON suspension (institution, addressee_tag, review_case);
CREATE INDEX suspension_person ON suspension (institution, person_tag) WHERE state = 'SUSPENDED';

ALTER TABLE suspension ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON suspension
    USING (institution = current_setting('kumihimo.institution', true))
    WITH CHECK (institution = current_setting('kumihimo.institution', true));
