"""Java that dies under an audit is told in a line, and no traceback."""

import psutil
import pytest
from pyspark import SparkContext

from kumihimo.kernel.refusal import Unavailable
from kumihimo.linkaudit.spark.session import LOG, at_work


def counted_without_java(folder):
    with at_work("local[1]", folder, 1) as session:
        [java] = [one for one in psutil.Process().children() if one.name() == "java"]
        java.kill()
        session.range(3).count()


def test_java_that_dies_is_told_its_log_stays_and_another_audit_may_begin(tmp_path):
    with pytest.raises(Unavailable, match="Spark gave up"):
        counted_without_java(tmp_path / "spark")
    assert (tmp_path / "spark" / LOG).exists()
    assert SparkContext._active_spark_context is None, "the next would be refused"
