"""Kumihimo: Japan's My Number system in which no single party can join a person's data."""
