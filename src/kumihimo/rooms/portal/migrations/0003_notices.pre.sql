-- What a person made of the notices (お知らせ) that institutions sent her. Neither notice nor sender
-- stands here: a notice is a keyed tag that the ledger does not know.
CREATE TABLE notice_mark (
    account text NOT NULL REFERENCES account (account),
    notice_tag bytea NOT NULL CHECK (octet_length(notice_tag) = 32),
    mark text NOT NULL CHECK (mark IN ('read', 'done')),
    forget_on date NOT NULL,
    PRIMARY KEY (account, notice_tag)
);
CREATE INDEX notice_mark_forget ON notice_mark (forget_on);
