-- Until when the relay wants nothing more to this address: NULL where it said nothing of the kind.
ALTER TABLE wish ADD COLUMN rests_until timestamptz;
