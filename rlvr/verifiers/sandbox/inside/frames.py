"""Messages between the parent and a sandbox: a length, a kind, a call id and a payload.

The layout is fixed so that the parent can carry a payload onwards without looking into it: what a
hostile process wrote is never parsed outside a sandbox.
"""

import os

HEADER_BYTES = 13
MAX_PAYLOAD_BYTES = 16 * 1024 * 1024


class Kind:
    """What a message says; the comment names who sends it.

    Numbers, not an enum: importing `enum` and the like would double the time a sandbox takes to
    start.
    """

    SETUP = 1  # parent: what to run and under which limits, marshalled
    READY = 2  # all: limits are in place, nothing hostile has run yet
    LOADED = 3  # candidate: the function is defined
    CALL = 4  # judge, then parent: what the candidate shall do with an object of its own
    RESULT = 5  # candidate, then parent, or in answer to CALLBACK the reverse: encoded value
    RAISED = 6  # like RESULT: an exception
    PASSED = 7  # judge: every test held
    FAILED = 8  # judge or candidate: why not
    BROKEN = 9  # judge: the tests themselves cannot run
    CALLBACK = 10  # candidate, then parent: calls a function that was an argument


class Frame:
    """One message; `call_id` is 0 except between parent and candidate."""

    __slots__ = ("call_id", "kind", "payload")

    def __init__(self, kind: int, call_id: int, payload: bytes) -> None:
        self.kind, self.call_id, self.payload = kind, call_id, payload

    def pack(self) -> bytes:
        """Write length of the payload (4 bytes), kind (1), call id (8), payload."""
        length, call_id = len(self.payload).to_bytes(4, "big"), self.call_id.to_bytes(8, "big")
        return length + bytes([self.kind]) + call_id + self.payload


def unpack_header(header: bytes) -> tuple[int, int, int]:
    """Read payload length in bytes, kind and call id from HEADER_BYTES bytes."""
    return int.from_bytes(header[:4], "big"), header[4], int.from_bytes(header[5:], "big")


class Channel:
    """The sandbox's end: blocking reads and writes of whole messages on two file descriptors."""

    def __init__(self, source_fd: int, sink_fd: int) -> None:
        self._source_fd, self._sink_fd = source_fd, sink_fd

    def send(self, kind: int, payload: bytes = b"", call_id: int = 0) -> None:
        """Write one message."""
        rest = memoryview(Frame(kind, call_id, payload).pack())
        while rest:
            rest = rest[os.write(self._sink_fd, rest) :]

    def receive(self) -> Frame:
        """Read one message.

        Raises:
            EOFError: if the parent has closed the channel.
        """
        length, kind, call_id = unpack_header(self._read(HEADER_BYTES))
        return Frame(kind, call_id, self._read(length))

    def _read(self, count: int) -> bytes:
        parts = []
        while count:
            part = os.read(self._source_fd, min(count, 1 << 20))
            if not part:
                raise EOFError("the channel is closed")
            parts.append(part)
            count -= len(part)
        return b"".join(parts)


def take_over_stdio() -> Channel:
    """Return a channel on standard input and output, and put the null device there.

    What the hosted program prints therefore goes nowhere.
    """
    channel = Channel(os.dup(0), os.dup(1))
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    os.close(null)
    return channel
