"""While a model trains, a scheduler's signals are noted; before and after, they are not ours."""

import signal
from contextlib import suppress

import pytest

from rlvr.training.loop.callbacks import StopSignal

SIGNALS = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1], ids=lambda s: s.name)


@SIGNALS
def test_training_that_ends_or_fails_gives_the_handlers_back(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    stop = StopSignal(resume_interval=1)
    with suppress(ZeroDivisionError), stop.listening():
        assert signal.getsignal(number) != before
        raise ZeroDivisionError

    assert signal.getsignal(number) == before
    assert not stop.received


@SIGNALS
def test_second_signal_does_not_end_a_process_that_is_saving(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    stop = StopSignal(resume_interval=1)
    try:
        with stop.listening():
            signal.raise_signal(number)
        signal.raise_signal(number)  # would end this process
        assert stop.received
    finally:
        signal.signal(number, before)
