-- person_link_hers takes its place, and keeps a record from standing twice in a chain.
-- squawk-ignore ban-drop-constraint
ALTER TABLE person_link DROP CONSTRAINT person_link_chain_record_key;
