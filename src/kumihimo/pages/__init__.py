"""What pages of every room are built from: components, style, and answers that no script can enter."""
