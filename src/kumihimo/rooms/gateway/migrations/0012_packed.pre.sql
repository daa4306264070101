-- Where `packed`, a signed body is deflated (RFC 1950): nothing looks into it. The server need not try
-- to make it smaller.
ALTER TABLE evidence ADD COLUMN packed boolean NOT NULL DEFAULT false;
ALTER TABLE evidence ALTER COLUMN body SET STORAGE EXTERNAL;
