"""Applications for the My Number Card, its production, delivery, life and counts (cards)."""
