-- What the agency was told of a doubt: a report of the whole case (its affair is '') and one for each
-- affair in which the link was used, under ids that stand nowhere else.
CREATE TABLE mislink (
    institution text NOT NULL,
    report text NOT NULL CHECK (length(report) = 22),
    suspension text NOT NULL,
    affair text NOT NULL,
    persons integer NOT NULL DEFAULT 0,
    PRIMARY KEY (institution, report),
    UNIQUE (institution, suspension, affair),
    FOREIGN KEY (institution, suspension) REFERENCES suspension (institution, suspension)
);
ALTER TABLE mislink ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON mislink
    USING (institution = current_setting('kumihimo.institution', true))
    WITH CHECK (institution = current_setting('kumihimo.institution', true));
