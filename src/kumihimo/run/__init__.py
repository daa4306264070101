"""Composition: one room as a service, all rooms in one process, and the command line."""
