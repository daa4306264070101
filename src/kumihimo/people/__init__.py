"""The field's own values, as they are written in Japan, and how they are compared. Pure."""
