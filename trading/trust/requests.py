"""What clients send about the trust list: frozen, bounded, no unknown fields."""

from datetime import datetime
from typing import Annotated

import msgspec

from storage.crypto.outgoing import require_address
from storage.kernel.errors import Invalid
from trading.trust.model import Authority, AuthorityStatus
from trading.trust.reading import read_certificates

Address = Annotated[str, msgspec.Meta(max_length=300)]
Policy = Annotated[str, msgspec.Meta(max_length=80, pattern=r"^[0-2](\.(0|[1-9]\d*))+$")]
Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class AuthorityInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A CA as it shall stand on the list; ``certificates``: PEM, root and intermediates one after another."""

    code: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]{1,39}$")]
    name: Annotated[str, msgspec.Meta(min_length=2, max_length=100)]
    valid_from: Instant
    valid_to: Instant
    certificates: Annotated[str, msgspec.Meta(max_length=200_000)]
    region: Annotated[str, msgspec.Meta(max_length=60)] = ""
    status: AuthorityStatus = AuthorityStatus.ACTIVE
    policies: Annotated[tuple[Policy, ...], msgspec.Meta(max_length=20)] = ()
    crl_addresses: Annotated[tuple[Address, ...], msgspec.Meta(max_length=10)] = ()
    ocsp_addresses: Annotated[tuple[Address, ...], msgspec.Meta(max_length=5)] = ()

    def as_authority(self) -> Authority:
        """The same with its certificates read; raises ``Malformed``, ``OutgoingRefused``."""
        for address in (*self.crl_addresses, *self.ocsp_addresses):
            require_address(address)
        return Authority(
            code=self.code, name=self.name.strip(), region=self.region.strip(), status=self.status,
            valid_from=self.valid_from, valid_to=self.valid_to, certificates=read_certificates(self.certificates),
            policies=self.policies, crl_addresses=self.crl_addresses, ocsp_addresses=self.ocsp_addresses)


class ProposeChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """CAs to enter or replace, why, and from when on; without ``effective_at`` from the approval on."""

    changes: Annotated[tuple[AuthorityInput, ...], msgspec.Meta(min_length=1, max_length=50)]
    reason: Annotated[str, msgspec.Meta(min_length=2, max_length=500)]
    effective_at: Instant | None = None


class ProposeImport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The CAs of the operator's folder as a proposal, and why."""

    reason: Annotated[str, msgspec.Meta(min_length=2, max_length=500)]


class Decide(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a proposal is approved, refused or taken back; a refusal needs words."""

    reason: Annotated[str, msgspec.Meta(max_length=500)] = ""

    def given_reason(self) -> str:
        """The reason; raises ``Invalid`` when there is none."""
        if not self.reason.strip():
            raise Invalid("请填写理由", field="reason")
        return self.reason.strip()
