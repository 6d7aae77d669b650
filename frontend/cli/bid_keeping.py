"""What a bidder keeps of its own sealed objects on its own computer, for a remedy of the tender document (R-144)."""

from abc import ABC, abstractmethod

from frontend.cli.bid_content import Content
from frontend.cli.bid_state import SealedState
from storage.crypto.context import Secrets
from storage.crypto.header import Header


class Keeper(ABC):
    """Takes from each sealing what its owner wants to have later."""

    @abstractmethod
    def keep(self, header: Header, both: Secrets, body: Content, content: Content) -> None:
        """Takes it before anything of the object is sent; ``body``: the plaintext of its envelope's body."""

    @abstractmethod
    def holds(self, header: str) -> bool:
        """Whether it has it of an object that was sealed before, by its header (JCS text)."""

    def finish(self, sealed: SealedState) -> None:  # noqa: B027 - who needs nothing of what was sent leaves it
        """Every part of the object has been sent as ``sealed`` says."""
