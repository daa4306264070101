"""The program beside a card reader: it has the card sign what the portal asks, and nothing else."""
