"""Who acts."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, programme or the clock, as the ledger and the rules see it.

    ``id`` is ``party:<uuid>``, ``clock``, ``platform`` or ``public``; ``certificate`` the SHA-256
    (hex) of the certificate the session was opened with; ``address`` the network address (R-148).
    """

    id: str
    name: str
    roles: frozenset[str] = frozenset()
    party_id: UUID | None = None
    certificate: str | None = None
    address: str = ""

    @property
    def audiences(self) -> frozenset[str]:
        """The audience tags whose payloads this actor may read."""
        own = frozenset({f"party:{self.party_id}"}) if self.party_id else frozenset()
        return self.roles | own | {"public"}

    def has(self, role: str) -> bool:
        """True when the actor holds the role."""
        return role in self.roles

    def is_party(self, party_id: UUID | None) -> bool:
        """True when the actor acts for that party."""
        return self.party_id is not None and self.party_id == party_id


CLOCK = Actor(id="clock", name="时钟")
PLATFORM = Actor(id="platform", name="平台")
PUBLIC = Actor(id="public", name="公众")
