"""Who acts."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, programme or the clock, as the ledger and the rules see it.

    ``id`` is ``party:<uuid>``, ``clock``, ``platform`` or ``public``; ``certificate`` the SHA-256
    (hex) of the certificate the session was opened with; ``address`` the network address (R-148); ``session_id``
    the session the actor acts in; ``is_fresh``: it was proven some minutes ago, by certificate or security
    key; ``has_signed``: by the certificate (fault 36);
    ``lacks_key``: without the security key that an office asks for, and so without any role (R-1012); ``unkeyed``:
    what else counts with a security key alone, such as ``custodian``, where the session has shown none;
    ``awaits_touch``: a program whose sign-in a person confirmed in a browser, too long ago for what asks a fresh proof.
    """

    id: str
    name: str
    roles: frozenset[str] = frozenset()
    party_id: UUID | None = None
    certificate: str | None = None
    address: str = ""
    session_id: UUID | None = None
    is_fresh: bool = False
    has_signed: bool = False
    lacks_key: bool = False
    unkeyed: frozenset[str] = frozenset()
    awaits_touch: bool = False

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
