-- person_link_hers takes the place of both, and keeps a record from standing twice in a chain.
-- squawk-ignore ban-drop-constraint
ALTER TABLE person_link DROP CONSTRAINT person_link_chain_record_key;
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX person_link_record;
