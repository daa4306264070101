"""What a run begins with.

The order of tests is another in each run (pytest-randomly). A run of all tests gives a worker one
file after the other: what a file starts, a federation or Spark's Java, is started once. So the
files that take longest come first, and at the end the small ones let no worker wait.
"""

FIRST = (
    "tests/hostile/test_cli.py",
    "tests/linkaudit/test_spark.py",
    "tests/interop/test_counter_killed.py",
    "tests/run/test_bench.py",
    "tests/federation/test_killed_after_commit.py",
    "tests/federation/test_processes.py",
    "tests/linkaudit/test_incremental.py",
    "tests/run/test_audit_spark.py",
    "tests/federation/test_the_leader_dies.py",
    "tests/rooms/cards/test_cuts.py",
    "tests/interop/test_counter.py",
    "tests/federation/test_two_processes_of_a_room.py",
    "tests/federation/test_the_disk_fails.py",
    "tests/federation/test_a_room_is_away.py",
    "tests/run/test_pages_by_hand.py",
    "tests/simulation",
    "tests/leaks",
    "tests/hostile",
    "tests/federation/test_two_of_jpki.py",
    "tests/federation/test_keys_by_command.py",
    "tests/interop",
    "tests/run",
    "tests/browser",
    "tests/linkaudit",
    "tests/federation",
    "tests/world",
)


def turn(node):
    """Return the place of a test's file among those that a run begins with, or the last."""
    places = (place for place, path in enumerate(FIRST) if node.startswith(path))
    return next(places, len(FIRST))
