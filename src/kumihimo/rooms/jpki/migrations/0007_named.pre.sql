-- A server that tells who wrote (decision 0018) changes no row that nothing names, and takes none out.
-- These have no key of their own, so the server names them by the whole row.
ALTER TABLE attribute_answer REPLICA IDENTITY FULL;
ALTER TABLE list_fetch REPLICA IDENTITY FULL;
ALTER TABLE lookup REPLICA IDENTITY FULL;
ALTER TABLE status_check REPLICA IDENTITY FULL;
