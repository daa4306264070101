"""What a run begins with.

The order of tests is another in each run (pytest-randomly). Workers take each other's tests from
the end of the queue; whoever takes half a module away has to start its federation once more. So
modules that start one, or Spark's Java, come first, and what is left to share at the end is small.
"""

FIRST = (
    "tests/federation/test_a_room_is_away.py",
    "tests/federation/test_keys_by_command.py",
    "tests/federation/test_killed_after_commit.py",
    "tests/federation/test_processes.py",
    "tests/federation/test_two_of_jpki.py",
    "tests/federation/test_two_processes_of_a_room.py",
    "tests/interop",
    "tests/leaks",
    "tests/linkaudit/test_spark.py",
    "tests/run/test_audit_spark.py",
    "tests/run/test_bench.py",
    "tests/run/test_demo.py",
    "tests/run/test_pages_by_hand.py",
    "tests/run/test_the_page_on_rooms.py",
    "tests/simulation",
)


def begun_first(node):
    """Tell whether a test is among those that a run begins with."""
    return node.startswith(FIRST)
