"""Transparency logs in the C2SP formats: trees, tiles, signed notes, checkpoints, proofs, witnesses."""
