"""What of an enterprise enters the ledger: its public names, and a salted digest of everything else."""

import hashlib
import secrets
from dataclasses import asdict
from typing import Any
from uuid import UUID

import msgspec

from storage.crypto.canonical import canonical_bytes
from storage.kernel.actor import Actor
from trading.parties.model import PartyData
from trading.parties.tables import Party, PartyVersion


def salted(data: PartyData) -> tuple[dict[str, Any], str]:
    """The data as stored, with a fresh salt (hex) for its digest."""
    return {**asdict(data), "roles": list(data.roles)}, secrets.token_hex(16)


def data_of(version: PartyVersion) -> PartyData:
    """The declared data of a version."""
    return msgspec.convert(version.data, PartyData)


def data_digest(version: PartyVersion) -> str:
    """SHA-256 (hex) of salt ‖ JCS(data): proves the data later, tells nothing of a telephone or an account now."""
    return hashlib.sha256(bytes.fromhex(version.salt) + canonical_bytes(version.data)).hexdigest()


def payload_of(subject: Party, version: PartyVersion, actor: Actor) -> dict[str, Any]:
    """The ledger payload of an act on a version."""
    return {"party": str(subject.id), "uscc": subject.uscc, "name": version.data["name"], "number": version.number,
            "data_sha256": data_digest(version), "by": actor.name}


def reader_tags(party_id: UUID) -> tuple[str, ...]:
    """Who reads an enterprise's payloads: itself, the centre, the supervisor."""
    return ("centre", "supervisor", f"party:{party_id}")
