-- What a person may read of herself is numbered: each record has the next number of her chain, once
-- nothing can hide it any more, and its link commits to the link before. A chain whose person is NULL
-- is nobody's any more: a record in it was hidden after all, and hers begins anew.
CREATE TABLE person_chain (
    chain text PRIMARY KEY CHECK (length(chain) = 22),
    person bytea UNIQUE CHECK (octet_length(person) = 32),
    version integer NOT NULL,
    number bigint NOT NULL DEFAULT 0 CHECK (number >= 0),
    head bytea CHECK (octet_length(head) = 32),
    head_at timestamptz,
    forgotten bigint NOT NULL DEFAULT 0 CHECK (forgotten BETWEEN 0 AND number),
    CHECK ((number = 0) = (head IS NULL)),
    CHECK ((head IS NULL) = (head_at IS NULL))
) WITH (fillfactor = 75); -- each new link rewrites its chain's row, which then finds room on its page

-- `before` is the leaf of the link before, `before_at` when its record was asked for: so that who
-- reads only the later ones can see that the earlier ones were old enough to be forgotten. That its chain
-- is there is not a foreign key: to look for each costs as much as the link, and nobody who serves can
-- take a chain out.
CREATE TABLE person_link (
    chain text NOT NULL CHECK (length(chain) = 22),
    number bigint NOT NULL CHECK (number >= 1),
    record text NOT NULL CHECK (length(record) = 22),
    before bytea CHECK (octet_length(before) = 32),
    before_at timestamptz,
    leaf bytea NOT NULL CHECK (octet_length(leaf) = 32),
    place bigint CHECK (place >= 0),
    PRIMARY KEY (chain, number) INCLUDE (record),
    UNIQUE (chain, record),
    CHECK ((number = 1) = (before IS NULL)),
    CHECK ((before IS NULL) = (before_at IS NULL))
);
CREATE INDEX person_link_record ON person_link (record);
CREATE INDEX person_link_unplaced ON person_link (chain, number) WHERE place IS NULL;
