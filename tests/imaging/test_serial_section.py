from __future__ import annotations

import threading
import time

import pytest

from bloodcells_gui.imaging.serial_section import serial_section


def test_one_thread_is_inside_at_a_time() -> None:
    inside, most = 0, 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(20):
            with serial_section():
                inside += 1
                most = max(most, inside)
                time.sleep(0.0005)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert most == 1


def test_other_work_is_done_before_waiting_and_only_then() -> None:
    done: list[str] = []
    with serial_section(meanwhile=lambda: done.append("alone")):
        pass
    assert done == []

    entered, leave, meanwhile = threading.Event(), threading.Event(), threading.Event()

    def holder() -> None:
        with serial_section():
            entered.set()
            leave.wait(10)

    def other() -> None:
        with serial_section(meanwhile=meanwhile.set):
            done.append("in turn")

    first, second = threading.Thread(target=holder), threading.Thread(target=other)
    first.start()
    entered.wait(10)
    second.start()
    assert meanwhile.wait(10)
    assert done == []
    leave.set()
    first.join()
    second.join()
    assert done == ["in turn"]


def test_an_error_leaves_the_turn_to_others() -> None:
    with pytest.raises(ValueError, match="bad cell"), serial_section():
        raise ValueError("bad cell")
    with serial_section(meanwhile=lambda: pytest.fail("the turn was kept")):
        pass
