"""Pure decisions: no SQL, no HTTP, no clock."""
