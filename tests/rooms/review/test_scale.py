"""A queue of any length costs a page the same: told by the rows that PostgreSQL reads, not by time."""

import json

import psycopg
import pytest

from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.rooms.review import store, store_reports

ROWS = 20_000
READ_MAX = 500  # rows of the queue that one page or one step may read
FILL = f"""
INSERT INTO audit_run (audit_run, generation, loaded_at, rows_loaded)
    VALUES (repeat('a', 32), 1, now(), {ROWS});
INSERT INTO item (item, affair, record_id, audit_run, pattern, verdict, mechanism, odds, minutes,
    worth, reason, content_tag, sides_locked, state, looks, first_by, last_by, due_at)
SELECT lpad(n::text, 22, '0'), 'b081', 'r' || n, repeat('a', 32), 1, 'mislink',
    (ARRAY['household', 'twin', 'homonym', 'random', 'shift'])[n % 5 + 1], 0, 1, n % 7, '',
    decode(repeat('00', 32), 'hex'), '\\x00', 'open', (n % 2)::smallint,
    CASE WHEN n % 2 = 1 THEN 'ito' ELSE '' END, CASE WHEN n % 2 = 1 THEN 'ito' ELSE '' END,
    CASE WHEN n % 2 = 1 THEN now() END
FROM generate_series(1, {ROWS}) n;
INSERT INTO viewing (item, officer, seen_at, attributes)
SELECT lpad(n::text, 22, '0'), 'ito', now(), 'own.name' FROM generate_series(1, {ROWS}) n;
ANALYZE item, viewing;
"""
AT = {"at": "2026-06-01T00:00:00Z", "due": "2100-01-01T00:00:00Z"}
STEPS = {
    "first": (store.FIRST, AT),
    "first-of-a-mechanism": (store.FIRST_OF, AT | {"mechanism": "shift"}),
    "later": (store.LATER, AT | {"officer": "kato", "mechanism": ""}),
    "later-of-a-mechanism": (store.LATER, AT | {"officer": "kato", "mechanism": "shift"}),
    "nothing-later-for-who-made-all-looks": (store.LATER, AT | {"officer": "ito", "mechanism": ""}),
    "head-of-the-list": (store_reports.QUEUE, {"worth": "Infinity", "item": "", "most": 50}),
    "deep-in-the-list": (store_reports.QUEUE, {"worth": 3, "item": "0" * 17 + "9", "most": 50}),
    "log-head": (store_reports.VIEWINGS, {"before": 2**62, "most": 50}),
    "log-deep": (store_reports.VIEWINGS, {"before": ROWS // 2, "most": 50}),
}


@pytest.fixture(scope="module")
def filled(postgres):
    name = "review_of_many"
    reached = postgres.room(name, ["kumihimo.rooms.review"], entropy=SystemEntropy())
    with psycopg.connect(reached.owner.reveal(), autocommit=True) as connection:
        connection.execute(FILL.encode())
        yield connection


def read(plan):
    """Return how many rows of tables a plan read, kept or not."""
    here = 0
    if "Relation Name" in plan:
        loops = plan["Actual Loops"]
        removed = plan.get("Rows Removed by Filter", 0)
        here = (plan["Actual Rows"] + removed) * loops
    return here + sum(read(one) for one in plan.get("Plans", []))


@pytest.mark.parametrize("step", STEPS)
def test_a_step_reads_a_few_rows_however_long_the_queue(filled, step):
    query, params = STEPS[step]
    words = "EXPLAIN (ANALYZE, FORMAT JSON) " + query
    [[found]] = filled.execute(words.encode(), params).fetchall()
    plans = found if isinstance(found, list) else json.loads(found)
    assert read(plans[0]["Plan"]) <= READ_MAX


def test_a_step_that_reads_the_whole_queue_would_be_told(filled):
    words = b"EXPLAIN (ANALYZE, FORMAT JSON) SELECT count(*) FROM item WHERE reason = ''"
    [[found]] = filled.execute(words).fetchall()
    assert read(found[0]["Plan"]) > READ_MAX


def test_the_counts_of_the_first_page_are_kept_and_not_counted(filled):
    counted = filled.execute(
        b"SELECT mechanism, state, count(*) FROM item GROUP BY 1, 2 ORDER BY 1, 2"
    ).fetchall()
    kept = filled.execute(b"SELECT mechanism, state, items FROM tally ORDER BY 1, 2").fetchall()
    assert kept == counted
