"""Tasks over worker processes: each done once, and none lost when a process dies."""

from __future__ import annotations

import os
import signal
from typing import ClassVar

import pytest

from sightline.batch.workers import run_tasks


def double(number: int) -> int:
    return 2 * number


def die_at_seven(number: int) -> int:
    if number == 7:
        os.kill(os.getpid(), signal.SIGKILL)
    return 2 * number


def minus(number: int) -> int:
    return -number


@pytest.mark.parametrize("workers", [1, 2])
def test_every_task_is_done_once(workers: int) -> None:
    assert sorted(run_tasks(double, range(50), workers, minus)) == [2 * number for number in range(50)]


def test_a_first_task_that_kills_its_process_is_reported_too() -> None:
    assert sorted(run_tasks(die_at_seven, [7, 1, 2], 2, minus)) == [-7, 2, 4]


class Doubling:
    """Counts how often it is sent to a worker."""

    sent: ClassVar[list[int]] = []

    def __call__(self, number: int) -> int:
        return 2 * number

    def __reduce__(self) -> tuple[type[Doubling], tuple[()]]:
        self.sent.append(1)
        return Doubling, ()


def test_the_work_is_sent_once_to_each_worker() -> None:
    Doubling.sent.clear()
    assert sorted(run_tasks(Doubling(), range(50), 2, minus)) == [2 * number for number in range(50)]
    assert len(Doubling.sent) <= 2


def test_a_task_that_kills_its_process_is_reported_and_the_others_are_done() -> None:
    assert sorted(run_tasks(die_at_seven, range(20), 2, minus)) == sorted([-7, *(2 * n for n in range(20) if n != 7)])
