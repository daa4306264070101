"""Every column of the agency's database and what stands in it."""

AGENCY = {
    "mislink_report": {
        "mislink": "count",
        "institution": "party",
        "report": "random id",
        "place": "count",
        "state": "word",
        "affair": "id of an affair",
        "mechanism": "word",
        "links": "count",
        "persons": "count",
        "corrected_on": "day",
        "received_at": "instant",
        "of_case": "random id",
        "leak_types": "words",
        "preliminary_due": "day",
        "final_due": "day",
    },
    "retention": {"what": "word", "kept": "how long", "basis": "which law"},
}
