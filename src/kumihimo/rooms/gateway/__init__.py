"""`gateway` (中間サーバー and 団体内統合宛名): an institution's side of every exchange."""
