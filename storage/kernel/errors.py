"""What can go wrong, as facts. Status codes have their one home in frontend/server."""

from collections.abc import Mapping, Sequence
from typing import Protocol

Facts = Mapping[str, object]


class NumberedRule(Protocol):
    """What an error needs to know of a rule."""

    @property
    def number(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def cites(self) -> str: ...


class DomainError(Exception):
    """An act was refused or could not be done; carries a code and facts, never a secret."""

    code = "refused"

    def __init__(self, message: str, **facts: object) -> None:
        super().__init__(message)
        self.message = message
        self.facts: Facts = facts


class RulesUnmet(DomainError):
    """One or more rules refuse this act; all of them are listed."""

    code = "rules-unmet"

    def __init__(self, rules: Sequence[NumberedRule], **facts: object) -> None:
        numbers = "、".join(f"{rule.number} {rule.title}" for rule in rules)
        super().__init__(f"未满足规则：{numbers}", **facts)
        self.rules = tuple(rules)


class NotAllowed(DomainError):
    """The actor has no right to this act on this subject."""

    code = "not-allowed"


class ProofNeeded(NotAllowed):
    """The act asks for a fresh proof of who is there; with one it may be done."""

    code = "proof-needed"


class NotSignedIn(DomainError):
    """The act needs an identity, and none was shown."""

    code = "not-signed-in"


class TokenMisused(NotSignedIn):
    """The token of a session came without the client certificate, or by another address, that the session is of."""


class NotFound(DomainError):
    """There is no such thing, or the actor may not know of it."""

    code = "not-found"


class Invalid(DomainError):
    """A field is missing or malformed; facts name the field."""

    code = "invalid"


class Conflict(DomainError):
    """Another act came first; reading again shows which."""

    code = "conflict"


class Refused(DomainError):
    """The state of the subject does not admit the act."""

    code = "refused"


class Unavailable(DomainError):
    """A part of the platform is away; trying again later is safe."""

    code = "unavailable"


class TooMany(DomainError):
    """Asked for more often than is admitted; ``seconds``: when it may be tried again."""

    code = "too-many"

    def __init__(self, message: str, *, seconds: int, **facts: object) -> None:
        super().__init__(message, retry_after=seconds, **facts)
        self.seconds = seconds
