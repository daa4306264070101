"""The counter's console: pages for the officer at a terminal with a card reader."""
