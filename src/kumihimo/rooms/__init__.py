"""One organisation each: own database, own role, own keys."""
