"""What the bank's routes answer, as plain JSON values."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from evaluation.experts.model import STEPS, ExpertAct
from evaluation.experts.permissions import may_keep
from evaluation.experts.queries import entry_of, records_of
from evaluation.experts.rules import VERIFYING, verdicts
from evaluation.experts.tables import Expert
from storage.kernel.actor import Actor
from storage.kernel.clock import to_wire
from storage.kernel.rule import unmet
from trading.parties.queries import bound_certificates

Json = dict[str, Any]


def expert_line(held: Expert) -> Json:
    """An entry in a list."""
    return {
        "id": str(held.id), "party_id": str(held.party_id), "number": held.number, "kind": held.kind,
        "name": held.name, "specialties": held.specialties, "region": held.region, "title": held.title,
        "is_senior": held.is_senior, "years": held.years, "units": held.units, "status": held.status,
        "entered_by": held.entered_by, "entered_at": to_wire(held.entered_at), "changed_by": held.changed_by,
        "changed_at": to_wire(held.changed_at), "verified_by": held.verified_by,
        "verified_at": to_wire(held.verified_at) if held.verified_at else None, "demo": held.is_demo}


async def expert_view(session: AsyncSession, held: Expert, actor: Actor) -> Json:
    """An entry with its record, its certificate, and the acts open to the asker."""
    acts = [act for (status, act) in STEPS if status == held.status] if may_keep(actor) else []
    failed = unmet(verdicts(VERIFYING, entry_of(held, actor.id))) if ExpertAct.VERIFY in acts else ()
    missing = {ExpertAct.VERIFY.value: [{"number": each.number, "title": each.title} for each in failed]} \
        if failed else {}
    certificates = await bound_certificates(session, held.party_id)
    return expert_line(held) | {
        "certificate": {"fingerprint": certificates[-1].fingerprint,
                        "not_after": to_wire(certificates[-1].not_after)} if certificates else None,
        "history": [{"kind": each.kind, "text": each.text, "by": each.by, "at": to_wire(each.at)}
                    for each in await records_of(session, held.id)],
        "may": sorted(act.value for act in acts if act not in missing), "missing": missing}
