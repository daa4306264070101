"""Synthetic people, institutions and events. Only demo, tests and benchmarks use it."""
