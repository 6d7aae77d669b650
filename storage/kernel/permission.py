"""Who may do what: one table of rows, operation by operation; what has no row is denied (R-1014, fault 33).

A row says which grants open an operation and at which stages of a lot's life. A grant is a role, alone (``centre``:
whoever holds it) or in a relation to the thing (``tenderee:own``: the tenderee whose lot it is). The door of the
server asks for the role alone, before the request is read; the command asks for the relation and the stage, under the
lock. The rows stand in each room's ``permissions.py``; the composition root collects them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from storage.kernel.actor import Actor

PUBLIC, SIGNED_IN = "public", "party"
# What an operation asks beside the session (fault 36): a proof some minutes old at most, by the certificate or by a
# registered security key; the same by the certificate alone; or nothing more, because the act itself is signed.
FRESH, CERTIFICATE, SIGNED = "fresh", "certificate", "signed"


@dataclass(frozen=True, slots=True)
class Grant:
    """A role, and what its holder must be to the thing: ``any``, or a relation such as ``own`` or ``host``."""

    role: str
    relation: str = "any"

    @classmethod
    def read(cls, text: str) -> "Grant":
        """``role`` or ``role:relation``."""
        role, _, relation = text.partition(":")
        return cls(role, relation or "any")

    def __str__(self) -> str:
        return self.role if self.relation == "any" else f"{self.role}:{self.relation}"


@dataclass(frozen=True, slots=True)
class Permission:
    """One row; ``stages`` is empty where the operation asks for no stage of a lot; ``proof`` where it asks for none.

    ``keyed``: as what, beside its roles, whoever does it counts with a security key alone where the operator demands
    so, such as ``custodian``; empty: as nothing.
    """

    operation: str
    grants: tuple[Grant, ...]
    stages: frozenset[str] = frozenset()
    proof: str = ""
    keyed: str = ""

    @property
    def roles(self) -> frozenset[str]:
        """The roles that the door lets pass."""
        return frozenset(grant.role for grant in self.grants)

    def opens_to(self, actor: Actor) -> bool:
        """True when the actor holds one of the roles, whatever it is to the thing."""
        if PUBLIC in self.roles:
            return True
        return actor.party_id is not None and (SIGNED_IN in self.roles or bool(self.roles & actor.roles))

    def admits(self, held: Iterable[str], stage: str) -> bool:
        """True when one of the grants held is named here and the stage admits the operation."""
        named = {str(grant) for grant in self.grants}
        return bool(named & {*held, PUBLIC}) and (not self.stages or stage in self.stages)


def row(operation: str, grants: str, stages: Iterable[str] = (), proof: str = "", keyed: str = "") -> Permission:
    """A row as it is written: grants with blanks between, the stages that admit it, what proof and key it asks."""
    return Permission(operation, tuple(Grant.read(each) for each in grants.split()), frozenset(stages), proof, keyed)


def rows(grants: str, operations: str, stages: Iterable[str] = (), proof: str = "",
         keyed: str = "") -> tuple[Permission, ...]:
    """Rows of operations, named with blanks between, that the same grants open at the same stages."""
    return tuple(row(each, grants, tuple(stages), proof, keyed) for each in operations.split())


Table = Mapping[str, tuple[Permission, ...]]


def table(*rooms: Iterable[Permission]) -> Table:
    """Operation → its rows; one that opens to others at other stages has several."""
    found: dict[str, tuple[Permission, ...]] = {}
    for permission in (each for room in rooms for each in room):
        found[permission.operation] = (*found.get(permission.operation, ()), permission)
    return found


def door_opens(book: Table, operation: str, actor: Actor) -> bool:
    """True when some row lets the actor's role pass; what has no row stays shut."""
    return any(permission.opens_to(actor) for permission in book.get(operation, ()))


def asks_fresh_proof(book: Table, operation: str) -> bool:
    """True when whoever does it must have proven some minutes ago who is there."""
    return any(permission.proof in {FRESH, CERTIFICATE} for permission in book.get(operation, ()))


def takes_key(book: Table, operation: str) -> bool:
    """True when a security key is proof enough: not where the act changes who may sign in, or as what."""
    return all(permission.proof != CERTIFICATE for permission in book.get(operation, ()))


def lacks_a_key(book: Table, operation: str, actor: Actor) -> bool:
    """True where the operation counts with a security key alone, and the actor's session has shown none."""
    return any(permission.keyed in actor.unkeyed for permission in book.get(operation, ()))


def admits(book: Table, operation: str, held: Iterable[str], stage: str) -> bool:
    """True when some row names one of the grants held, at this stage."""
    return any(permission.admits(held, stage) for permission in book.get(operation, ()))
