"""From an institution's own file to the tables of an audit: nothing is dropped, nothing repaired."""
