"""The review desk of an institution: people look at what the audit of its links suspects."""
