-- What institutions tell persons by the portal (お知らせ). The content rests as it came, sealed to the
-- ledger's key, and is opened when its person is there; what was removed has none. The core passes on
-- nothing that is shown for more than 400 days; one more, since its day may have begun before ours.
CREATE TABLE portal_notice (
    notice text PRIMARY KEY CHECK (length(notice) = 22),
    institution text NOT NULL,
    person bytea NOT NULL CHECK (octet_length(person) = 32),
    version integer NOT NULL,
    state text NOT NULL CHECK (state IN ('sent', 'withdrawn', 'removed')),
    sealed bytea CHECK (octet_length(sealed) <= 16384),
    taken_on date NOT NULL,
    until date NOT NULL CHECK (until >= taken_on AND until <= taken_on + 401),
    CHECK ((sealed IS NULL) = (state = 'removed'))
);
CREATE INDEX portal_notice_person ON portal_notice (person);
CREATE INDEX portal_notice_until ON portal_notice (until);

INSERT INTO retention (what, kept, basis) VALUES
    ('portal_notice', '1 day', 'our choice: counted from the last day on which its institution lets it be shown');
