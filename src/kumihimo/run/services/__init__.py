"""Each room as a service; a process imports one of these."""
