"""Every column of the ledger's database and what stands in it."""

LEDGER = {
    "alarm": {
        "permit": "random id",
        "requester": "party",
        "provider": "party",
        "noticed_at": "instant",
    },
    "end_missing": {"permit": "random id", "noticed_at": "instant"},
    "retention": {"what": "name of a table", "kept": "period", "basis": "law"},
    "record": {
        "record": "random id",
        "permit": "random id",
        "person": "the ledger's own code",
        "version": "count",
        "requester": "party",
        "provider": "party",
        "affair": "id of the law's row",
        "items": "ids of items",
        "basis": "ids of entries of the list",
        "outcome": "word",
        "requested_at": "instant",
        "hidden": "yes or no",
    },
    "record_end": {
        "permit": "random id",
        "side": "word",
        "outcome": "word",
        "at": "instant",
        "person": "the ledger's own code",
        "version": "count",
        "hidden": "yes or no",
    },
    "rotation": {
        "new": "count",
        "old": "count",
        "scalar_locked": "encrypted under the ledger's key",
        "finished_on": "day",
    },
    "session": {
        "token_hash": "of 256 random bits",
        "person": "the ledger's own code",
        "version": "count",
        "expires_at": "instant",
    },
    "ticket_used": {"tag": "keyed tag of an acquisition number", "used_on": "day"},
}
