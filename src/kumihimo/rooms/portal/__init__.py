"""`portal` (マイナポータル): where a person reads and acts for herself. No number ever comes here."""
