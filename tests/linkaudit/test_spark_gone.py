"""Java that dies under an audit is told in a line, and no traceback."""

import psutil
import pytest

from kumihimo.kernel.refusal import Unavailable
from kumihimo.linkaudit.spark.session import LOG, at_work


def counted_without_java(folder):
    with at_work("local[1]", folder, 1) as session:
        [java] = [one for one in psutil.Process().children() if one.name() == "java"]
        java.kill()
        session.range(3).count()


def test_java_that_dies_is_told_its_log_stays_and_another_audit_may_begin(tmp_path):
    with pytest.raises(Unavailable, match="Spark gave up"):
        counted_without_java(tmp_path / "first")
    assert (tmp_path / "first" / LOG).exists()
    with at_work("local[1]", tmp_path / "second", 1) as session:
        assert session.range(3).count() == 3
