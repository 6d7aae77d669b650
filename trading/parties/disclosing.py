"""Staff see an enterprise's personal data whole for a purpose they state; the reading itself is an act (R-1016)."""

from typing import Annotated
from uuid import UUID

import msgspec

from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.errors import Invalid
from trading.parties.permissions import permit_disclosing
from trading.parties.personal import personal
from trading.parties.queries import newest_version, party
from trading.parties.records import reader_tags

_SHORTEST = 4


class Disclosure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why the data is needed."""

    purpose: Annotated[str, msgspec.Meta(max_length=200)]


async def disclose(party_id: UUID, command: Disclosure, actor: Actor, uow: Work) -> dict[str, str]:
    """The personal fields of the newest version, whole; the ledger keeps who read them and why, never what they say.

    The enterprise reads the entry as well. Raises ``NotSignedIn``, ``NotAllowed``, ``NotFound``, ``Invalid``.
    """
    permit_disclosing(actor)
    purpose = command.purpose.strip()
    if len(purpose) < _SHORTEST:
        raise Invalid("请说明用途，不少于四个字", field="purpose")
    async with uow:
        subject = await party(uow.session, party_id)
        version = await newest_version(uow.session, party_id)
        shown = personal(version.data)
        uow.record("party.personal_data_disclosed", actor, stream=f"party:{subject.id}", subject=f"party:{subject.id}",
                   payload={"party": str(subject.id), "number": version.number, "fields": sorted(shown),
                            "purpose": purpose, "by": actor.name},
                   audience=("audit", *reader_tags(subject.id)))
        await uow.commit()
        return shown
