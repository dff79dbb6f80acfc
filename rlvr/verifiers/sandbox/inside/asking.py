"""What a stand-in needs of its peer, for type checkers alone: no sandbox loads this module."""

from typing import Any, Protocol


class Asking(Protocol):
    """One end of the conversation, as the objects see it that stand for the other end's."""

    def ask(
        self, number: int, action: str, positional: tuple[Any, ...], named: dict[str, Any]
    ) -> Any:
        """Have the other side do something with an object of its own, and give the result."""
        ...

    def may_operate(self, number: int, other: Any) -> bool:
        """Return whether an operator may tell an object of the other side this value."""
        ...

    def replace(self, container: Any, content: Any) -> None:
        """Give a container another content."""
        ...

    def rebuild(self, packed: Any) -> BaseException:
        """Rebuild the exception that the other side reports."""
        ...
