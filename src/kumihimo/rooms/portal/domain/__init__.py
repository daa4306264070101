"""Decisions of the portal: no SQL, no HTTP, no clock."""
