-- A report may be one of a case: what one doubt had led to, in several affairs. A doubt that turned
-- out wrong is a state of its own, and a leak has the days by which oversight is owed its reports.
ALTER TABLE mislink_report ADD COLUMN of_case text NOT NULL DEFAULT '';
ALTER TABLE mislink_report ADD COLUMN leak_types text NOT NULL DEFAULT '';
ALTER TABLE mislink_report ADD COLUMN preliminary_due date;
ALTER TABLE mislink_report ADD COLUMN final_due date;
-- What the old constraints let in the new ones let in too.
-- squawk-ignore ban-drop-constraint
ALTER TABLE mislink_report DROP CONSTRAINT mislink_report_state_check;
ALTER TABLE mislink_report ADD CONSTRAINT mislink_report_state_check
    CHECK (state IN ('suspected', 'confirmed', 'corrected', 'told')) NOT VALID;
-- squawk-ignore ban-drop-constraint
ALTER TABLE mislink_report DROP CONSTRAINT mislink_report_check;
ALTER TABLE mislink_report ADD CONSTRAINT mislink_report_check
    CHECK ((corrected_on IS NULL) = (state IN ('suspected', 'confirmed'))) NOT VALID;
ALTER TABLE mislink_report ADD CONSTRAINT mislink_report_leak
    CHECK ((leak_types = '') = (preliminary_due IS NULL)
        AND (preliminary_due IS NULL) = (final_due IS NULL)) NOT VALID;
-- squawk-ignore require-concurrent-index-creation -- a file runs in one transaction
CREATE INDEX mislink_report_case ON mislink_report (institution, of_case);
