"""What the desk decides: pure, without disk, network or clock."""
