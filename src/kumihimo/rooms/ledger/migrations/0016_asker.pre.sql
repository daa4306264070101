-- Which office asked, and in which role; NULL where the record does not say. Its leaf commits to both.
ALTER TABLE record
    ADD COLUMN office text CHECK (length(office) <= 64),
    ADD COLUMN role text CHECK (length(role) <= 64);
