"""What clients send: frozen, bounded, no unknown fields."""

from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

from storage.kernel.errors import Invalid
from trading.parties.model import PartyData

Line = Annotated[str, msgspec.Meta(max_length=200)]
Code = Annotated[str, msgspec.Meta(max_length=40)]


@dataclass(frozen=True, slots=True)
class Caller:
    """What the connection says of who asks: address, program, the token of a session before, the secret of a device on
    which somebody has signed in, and the certificate of the TLS (``addresses.tls_certificate``)."""

    address: str
    agent: str = ""
    token: str = ""
    device: str = ""
    tls: str | None = None


class Declared(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An enterprise's data as typed; empty fields are admitted in a draft."""

    name: Line
    uscc: Code
    region: Code = ""
    legal_representative: Line = ""
    address: Line = ""
    contact: Line = ""
    phone: Code = ""
    bank_name: Line = ""
    bank_account: Code = ""
    roles: Annotated[tuple[Code, ...], msgspec.Meta(max_length=3)] = ("bidder",)

    def as_data(self) -> PartyData:
        """The same without the blanks around each field."""
        fields = {key: value.strip() for key, value in msgspec.structs.asdict(self).items() if key != "roles"}
        return PartyData(**fields, roles=tuple(sorted(set(self.roles))))


class Shown(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A certificate, and a signature by its key over a challenge of this platform; ``encryption``: the other half of
    a dual pair, where it is to be bound as well (R-702)."""

    certificate: Annotated[str, msgspec.Meta(max_length=16_384)]
    nonce: Annotated[str, msgspec.Meta(max_length=64)]
    expires_at: Code
    signature: Annotated[str, msgspec.Meta(max_length=1_024)]
    encryption: Annotated[str, msgspec.Meta(max_length=16_384)] = ""


class Enrol(Shown, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An enterprise's first appearance: agreement, certificate, data (A-25)."""

    agreement_version: Code
    data: Declared


class Reason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why an enterprise is stopped or allowed."""

    reason: Annotated[str, msgspec.Meta(max_length=500)] = ""

    def given_reason(self) -> str:
        """The reason; raises ``Invalid`` when there is none."""
        if not self.reason.strip():
            raise Invalid("请填写理由", field="reason")
        return self.reason.strip()


class Judged(Reason, frozen=True, forbid_unknown_fields=True):
    """A judgement on the version that was read; a refusal needs a reason."""

    number: int = 0


class Appointed(Reason, frozen=True, forbid_unknown_fields=True):
    """The staff role a body is given, or none; ``forget_keys``: its roles stay, its security keys count no more."""

    role: Literal["centre", "supervisor", "system_administrator", "security_administrator", "auditor",
                  "forget_keys"] | None = None
