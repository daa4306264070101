"""`ledger` (情報提供等記録開示システム): each person's records, under its own code alone."""
