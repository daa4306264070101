"""Mechanism only: knows no room and no word of the domain."""
