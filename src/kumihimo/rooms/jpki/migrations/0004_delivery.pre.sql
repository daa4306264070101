-- Certificates of a card that is on its way: those that the holder uses live on until cards tells
-- that it was delivered.
ALTER TABLE issuance ADD COLUMN awaits_delivery boolean NOT NULL DEFAULT false;

-- Orders that cards gave up before they came here. One that comes late, behind that message, is
-- refused: nobody would ever revoke its certificates.
CREATE TABLE dropped_order (
    order_id text PRIMARY KEY CHECK (length(order_id) = 22),
    dropped_on date NOT NULL
);
