"""A port that was given is nobody else's before its server listens, nor while it is away for a moment."""

import socket
import subprocess
import sys

import pytest

from kumihimo.kernel import ports
from kumihimo.kernel.ports import LOOPBACK, free_port
from kumihimo.kernel.refusal import Unavailable

GIVEN_TO_CALLERS = 32_768  # and more, by Linux where nobody has set it otherwise
MANY = 200
ELSEWHERE = (
    f"from kumihimo.kernel.ports import free_port; print(*[free_port() for _ in range({MANY})])"
)


def test_none_is_given_twice_though_nobody_listens_and_none_is_one_that_callers_get():
    found = [free_port() for _ in range(MANY)]
    assert len(set(found)) == MANY
    assert max(found) < GIVEN_TO_CALLERS


def test_two_processes_that_begin_together_do_not_give_the_same():
    begun = [
        subprocess.Popen([sys.executable, "-c", ELSEWHERE], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    one, other = (set(process.communicate(timeout=240)[0].split()) for process in begun)
    assert len(one) == len(other) == MANY
    assert not one & other


def test_one_that_is_in_use_is_passed_over(monkeypatch):
    port = free_port()
    with socket.create_server((LOOPBACK, port)):
        monkeypatch.setattr(ports, "_turns", iter([port - ports._FIRST, port - ports._FIRST + 1]))
        assert free_port() != port


def test_where_none_is_left_it_is_told(monkeypatch):
    monkeypatch.setattr(ports, "_COUNT", 1)
    with socket.socket() as one:
        one.bind((LOOPBACK, 0))
        monkeypatch.setattr(ports, "_FIRST", one.getsockname()[1])
        with pytest.raises(Unavailable, match="in use"):
            free_port()
