-- What a person had seen when she was on the first page last, so that it can say what is new. When that
-- was stands locked, too: an instant beside an account could be laid beside jpki's checks of certificates.
CREATE TABLE last_look (
    account text PRIMARY KEY REFERENCES account (account),
    content_locked bytea NOT NULL
);
