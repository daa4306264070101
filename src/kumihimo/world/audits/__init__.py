"""Worlds for the mis-link audit: a register, an institution's file, and the mis-links planted in it."""
