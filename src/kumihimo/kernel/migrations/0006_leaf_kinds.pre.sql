-- What the log's keeper has rows for, one for each leaf: '' where it has none.
ALTER TABLE leaf_batch ADD COLUMN kind text NOT NULL DEFAULT '';
