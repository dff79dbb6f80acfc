"""The time limit on an idle and on a busy machine."""

import time

from rlvr.verifiers.sandbox.clock import Clock, Usage


def test_time_passes_only_while_the_clock_is_entered() -> None:
    clock = Clock(0.02, Usage)
    time.sleep(0.05)
    assert clock.left_s() == 0.02
    with clock:
        time.sleep(0.05)
        assert clock.left_s() < 0
    assert clock.left_s() < 0
    clock.refill()
    assert clock.left_s() == 0.02


def test_time_for_which_the_machine_kept_the_process_waiting_is_given_back_once() -> None:
    clock = Clock(0.02, lambda: Usage(ran_s=0.01, waited_s=0.05))
    with clock:
        time.sleep(0.04)
        assert clock.left_s() > 0
        time.sleep(0.04)
        assert clock.left_s() < 0
    assert not clock.starved


def test_process_that_hardly_ran_is_starved_and_not_late() -> None:
    begin = time.monotonic()
    clock = Clock(0.01, lambda: Usage(waited_s=time.monotonic() - begin))
    with clock:
        while clock.left_s() > 0:
            time.sleep(0.01)
    assert clock.starved


def test_process_that_had_its_limit_of_processor_time_gets_nothing_back() -> None:
    clock = Clock(0.02, lambda: Usage(ran_s=0.02, waited_s=9.0))
    with clock:
        time.sleep(0.03)
        assert clock.left_s() < 0
    assert not clock.starved


def test_refilled_clock_does_not_count_what_was_before() -> None:
    clock = Clock(0.02, lambda: Usage(ran_s=1.0, waited_s=9.0))
    clock.refill()
    with clock:
        time.sleep(0.03)
        assert clock.left_s() < 0
    assert not clock.starved
