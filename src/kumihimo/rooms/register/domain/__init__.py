"""What register decides: residents from events, numbers, strict inquiries, blinding. Pure."""
