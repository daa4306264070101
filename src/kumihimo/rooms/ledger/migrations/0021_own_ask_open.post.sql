-- own_ask_shown takes its place.
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX own_ask_open;
