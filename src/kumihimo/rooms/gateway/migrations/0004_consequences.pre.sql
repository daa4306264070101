-- What follows from a correction was worked out: who received wrong data, who saw another's.
ALTER TABLE suspension ADD COLUMN followed_up_at timestamptz;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX suspension_follow_up ON suspension (institution, settled_at)
    WHERE state = 'CORRECTED' AND followed_up_at IS NULL;

-- squawk-ignore require-concurrent-index-creation
CREATE INDEX suspension_review_case ON suspension (institution, review_case);

-- When the institution that gave an answer said that it was about another person.
ALTER TABLE inquiry ADD COLUMN withdrawn_at timestamptz;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX inquiry_permit ON inquiry (institution, permit) WHERE permit IS NOT NULL;

-- One exchange that a wrong link had misled: given to an institution, seen by the other person in
-- the portal, or taken from an institution about the other person. Permit and copies under the key.
CREATE TABLE consequence (
    institution text NOT NULL,
    consequence bigint GENERATED ALWAYS AS IDENTITY,
    suspension text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('given', 'seen', 'taken')),
    peer text NOT NULL,
    affair text NOT NULL,
    items text[] NOT NULL,
    at timestamptz NOT NULL,
    certain boolean NOT NULL,
    detail_locked bytea NOT NULL,
    PRIMARY KEY (institution, consequence),
    FOREIGN KEY (institution, suspension) REFERENCES suspension (institution, suspension)
);
CREATE INDEX consequence_suspension ON consequence (institution, suspension);

-- A letter that a person is owed. To whom it goes stands under the key.
CREATE TABLE notice (
    institution text NOT NULL,
    notice text NOT NULL,
    suspension text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('your-data-went-astray', 'you-saw-anothers-data')),
    state text NOT NULL DEFAULT 'DUE' CHECK (state IN ('DUE', 'SENT')),
    made_at timestamptz NOT NULL,
    sent_at timestamptz,
    sent_by text NOT NULL DEFAULT '',
    to_locked bytea NOT NULL,
    PRIMARY KEY (institution, notice),
    CHECK ((state = 'SENT') = (sent_at IS NOT NULL)),
    FOREIGN KEY (institution, suspension) REFERENCES suspension (institution, suspension)
);
CREATE INDEX notice_due ON notice (institution, made_at) WHERE state = 'DUE';

-- A leak of which oversight was told (Number Act art. 29-4), with the days until which it is owed
-- the reports.
CREATE TABLE leak_case (
    institution text NOT NULL,
    leak text NOT NULL,
    suspension text NOT NULL,
    known_on date NOT NULL,
    types text[] NOT NULL,
    persons integer NOT NULL,
    preliminary_due date NOT NULL,
    final_due date NOT NULL,
    PRIMARY KEY (institution, leak),
    FOREIGN KEY (institution, suspension) REFERENCES suspension (institution, suspension)
);

DO $$
DECLARE
    tenanted text;
BEGIN
    FOREACH tenanted IN ARRAY ARRAY['consequence', 'notice', 'leak_case'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', tenanted);
        EXECUTE format(
            'CREATE POLICY own_rows ON %I USING (institution = current_setting(''kumihimo.institution'', true))
             WITH CHECK (institution = current_setting(''kumihimo.institution'', true))', tenanted);
    END LOOP;
END
$$;
