-- What an institution tells persons by the portal (お知らせ). The content is sealed to the ledger and
-- nobody here can open it again; whom it is for stands under the institution's key.
CREATE TABLE notice_sent (
    institution text NOT NULL,
    notice text NOT NULL CHECK (length(notice) = 22),
    reference_tag bytea NOT NULL CHECK (octet_length(reference_tag) = 32),
    person_tag bytea NOT NULL CHECK (octet_length(person_tag) = 32),
    detail_locked bytea NOT NULL,
    sealed bytea CHECK (octet_length(sealed) <= 16384),
    state text NOT NULL CHECK (state IN ('sent', 'withdrawn', 'removed')),
    sent_on date NOT NULL,
    until date NOT NULL CHECK (until >= sent_on AND until <= sent_on + 400),
    PRIMARY KEY (institution, notice),
    UNIQUE (institution, reference_tag),
    CHECK ((sealed IS NULL) = (state = 'removed'))
);
CREATE INDEX notice_sent_person ON notice_sent (institution, person_tag);
CREATE INDEX notice_sent_until ON notice_sent (institution, until);

ALTER TABLE notice_sent ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON notice_sent
    USING (institution = current_setting('kumihimo.institution', true))
    WITH CHECK (institution = current_setting('kumihimo.institution', true));

INSERT INTO retention (what, kept, basis) VALUES
    ('notice_sent', '1 year', 'our choice: what was told is looked up no later, counted from the last day on which it was shown');
