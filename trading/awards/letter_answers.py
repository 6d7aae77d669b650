"""How a letter is told to its addressee and to those who send it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from storage.kernel.actor import Actor
from storage.kernel.clock import to_wire
from trading.awards import acts
from trading.awards.acts import AwardAct
from trading.awards.award_file import AwardFile, facts_of
from trading.awards.tables import AwardLetter, CourierEvent, CourierOrder
from trading.tenders.views import rules_view

Json = dict[str, Any]
Parcel = tuple[CourierOrder, list[CourierEvent]]


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of letters, by letter: their parcels, and until when files with further time stamps last."""

    parcels: Mapping[UUID, Parcel]
    renewed: Mapping[UUID, str]


def letter_answer(file: AwardFile, letter: AwardLetter, actor: Actor, delivery: Delivery) -> Json:
    """One letter with the acts that the asker may do on it now."""
    parcel = delivery.parcels.get(letter.id)
    name = next(each.name for each in file.bidders if each.id == letter.bidder_id)
    return {
        "id": str(letter.id), "kind": letter.kind, "number": letter.number, "status": file.award.letters,
        "bidder": {"id": str(letter.bidder_id), "name": name}, "reason": letter.reason,
        "paper_id": str(letter.paper_id) if letter.paper_id else None, "sha256": letter.sha256 or None,
        "renewed_until": delivery.renewed.get(letter.id),
        "sent_at": to_wire(letter.sent_at) if letter.sent_at else None,
        "read_at": to_wire(letter.read_at) if letter.read_at else None, "has_address": letter.consented_at is not None,
        "courier": _parcel(parcel), "has_service_record": letter.service_record is not None,
        **_rights(file, letter, actor, parcel)}


def _parcel(parcel: Parcel | None) -> Json | None:
    if parcel is None:
        return None
    order, events = parcel
    return {"order": str(order.id), "status": order.status, "waybill": order.waybill or None,
            "ordered_at": to_wire(order.ordered_at), "signed_at": to_wire(order.signed_at) if order.signed_at else None,
            "events": [{"status": each.status, "at": to_wire(each.at), "place": each.place} for each in events]}


def _rights(file: AwardFile, letter: AwardLetter, actor: Actor, parcel: Parcel | None) -> Json:
    roles = file.roles | ({"addressee"} if actor.is_party(letter.party_id) else set())
    facts = replace(facts_of(file), has_address=letter.consented_at is not None)
    is_done = {AwardAct.READ: letter.read_at is not None, AwardAct.ADDRESS: parcel is not None,
               AwardAct.COURIER: parcel is not None}
    unmet = {act.value: acts.missing(act, facts) for act in acts.acts_of(roles)
             if act in acts.ON_A_LETTER and not is_done[act]}
    return {"may": [name for name, rules in unmet.items() if not rules],
            "missing": {name: rules_view(rules) for name, rules in unmet.items() if rules}}
