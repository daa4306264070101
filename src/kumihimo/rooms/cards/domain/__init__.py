"""Decisions of cards: pure, without SQL, HTTP or clock."""
