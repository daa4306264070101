"""`oversight` (個人情報保護委員会): who takes part, with which keys, under which published PIA."""
