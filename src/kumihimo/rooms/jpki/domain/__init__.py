"""Decisions of jpki: no SQL, no HTTP, no clock."""
