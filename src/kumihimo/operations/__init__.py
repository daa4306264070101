"""What operators are promised, as data that rooms obey and pages print. Knows no room's inside."""
