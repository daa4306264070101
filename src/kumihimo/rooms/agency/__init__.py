"""`agency` (デジタル庁): it is told of mis-links, and lets the ministry in charge of an affair read."""
