"""What the agency decides about a report of a mis-link."""
