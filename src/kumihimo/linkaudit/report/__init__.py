"""What leaves an audit: a report without a raw value or a small count, and a file for the case system."""
