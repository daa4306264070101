-- Which office asked, and in which role, as the institution's business system said it; NULL where it
-- did not. Words for an office, never a name.
ALTER TABLE exchange_record
    ADD COLUMN office text CHECK (length(office) <= 64),
    ADD COLUMN role text CHECK (length(role) <= 64);
