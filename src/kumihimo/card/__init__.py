"""The chip of the card: a pure state machine, bytes in, bytes out. Knows no room."""
