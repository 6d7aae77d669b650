"""Keeping the expert bank: enter, change, verify, suspend, resume, leave, note (A-217 to A-222)."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from sqlalchemy.exc import IntegrityError

from evaluation.experts.model import NOTES, PAST, ExpertAct, ExpertStatus, Kind, status_after
from evaluation.experts.permissions import permit_keeping
from evaluation.experts.queries import entry_of, lock_expert
from evaluation.experts.rules import ENTERING, VERIFYING, verdicts
from evaluation.experts.tables import Expert, ExpertRecord
from storage.crypto.certificates import Certificate, parse_certificate
from storage.crypto.trust import TrustList
from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.errors import Conflict, Invalid
from storage.kernel.identifiers import new_id, receipt_number
from storage.kernel.rule import require
from trading.parties.identity import bound
from trading.parties.model import AGREEMENT_VERSION, PartyData, PartyStatus, VersionStatus, name_key
from trading.parties.records import salted
from trading.parties.tables import Party, PartyVersion

Name = Annotated[str, msgspec.Meta(min_length=2, max_length=60)]
Text = Annotated[str, msgspec.Meta(min_length=2, max_length=2000)]


class UnitGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A body the person belongs to, belonged to, or must stay away from (A-219)."""

    name: Annotated[str, msgspec.Meta(min_length=2, max_length=200)]
    uscc: Annotated[str, msgspec.Meta(max_length=18)] = ""
    relation: Literal["employer", "former", "recusal"] = "employer"
    reason: Annotated[str, msgspec.Meta(max_length=200)] = ""


class ChangeExpert(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the bank holds of a person, and no more than a draw needs (R-1016)."""

    name: Name
    region: Annotated[str, msgspec.Meta(max_length=6)]
    specialties: Annotated[list[Annotated[str, msgspec.Meta(max_length=20)]], msgspec.Meta(max_length=50)] = []
    title: Annotated[str, msgspec.Meta(max_length=60)] = ""
    is_senior: bool = False
    years: Annotated[int, msgspec.Meta(ge=0, le=80)] = 0
    units: Annotated[list[UnitGiven], msgspec.Meta(max_length=30)]


class EnterExpert(ChangeExpert, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A new entry with the person's own certificate, PEM."""

    kind: Kind
    certificate: Annotated[str, msgspec.Meta(max_length=20000)]


class Why(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A reason, for the record."""

    reason: Text


class Note(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A reward, a penalty, a training (A-221)."""

    kind: Literal["reward", "penalty", "training"]
    text: Text


async def enter_expert(command: EnterExpert, actor: Actor, uow: Work, trust: TrustList) -> Expert:
    """Enters a person; nobody is drawn before another has verified the entry."""
    permit_keeping(actor)
    certificate = parse_certificate(command.certificate)
    if not certificate.uscc:
        raise Invalid("证书中没有统一的编码，不能据以登录", field="certificate")
    async with uow:
        now = await uow.now()
        await trust.validate(certificate, now)
        try:
            held = await add_expert(uow, command, certificate, actor, is_demo=False)
        except IntegrityError as error:
            raise Conflict("该证书或其编码已经入库", field="certificate") from error
        require(*verdicts(ENTERING, entry_of(held)))
        await uow.commit()
        return held


async def add_expert(uow: Work, command: EnterExpert, certificate: Certificate, actor: Actor, *,
                     is_demo: bool) -> Expert:
    """The rows of a new entry, inside an entered unit of work; its owner commits."""
    now = await uow.now()
    person = Party(
        id=new_id(), uscc=certificate.uscc, name=command.name, name_key=f"{name_key(command.name)}#{certificate.uscc}",
        region=command.region, roles=[], staff_roles=[command.kind.value], status=PartyStatus.VERIFIED,
        agreement_version=AGREEMENT_VERSION, agreed_at=now, created_at=now, status_reason="", is_demo=is_demo)
    uow.session.add(person)
    await uow.session.flush()
    stored, salt = salted(PartyData(name=command.name, uscc=certificate.uscc, region=command.region, roles=()))
    uow.session.add_all([bound(certificate, person.id, now), PartyVersion(
        id=new_id(), party_id=person.id, number=1, data=stored, salt=salt, status=VersionStatus.VERIFIED,
        created_at=now, changed_at=now, declared_by=actor.id, declared_at=now, verified_by=actor.id,
        verified_by_name=actor.name, verified_at=now, reason="")])
    return await add_entry(uow, person.id, command, actor, is_demo=is_demo)


async def add_entry(uow: Work, party_id: UUID, command: EnterExpert, actor: Actor, *, is_demo: bool) -> Expert:
    """The entry of a person who can sign in already, inside an entered unit of work."""
    now = await uow.now()
    held = Expert(
        id=new_id(), party_id=party_id, number=receipt_number().replace("HZ", "ZJ", 1), kind=command.kind.value,
        status=ExpertStatus.REVIEW, entered_by=actor.name, entered_at=now, is_demo=is_demo)
    _fill(held, command)
    _changed(held, actor)
    held.changed_at = now
    uow.session.add(held)
    await uow.session.flush()
    await _note(uow, held, "entered", "入库", actor)
    return held


def _fill(held: Expert, command: ChangeExpert) -> None:
    held.name, held.region, held.title = command.name, command.region, command.title
    held.specialties, held.is_senior, held.years = sorted(set(command.specialties)), command.is_senior, command.years
    held.units = [msgspec.to_builtins(each) for each in command.units]


def _changed(held: Expert, actor: Actor) -> None:
    held.changed_by_id, held.changed_by = actor.id, actor.name
    held.verified_by = held.verified_at = None


async def _note(uow: Work, held: Expert, kind: str, text: str, actor: Actor) -> None:
    """One line in the person's record, one entry in the ledger: what was done by whom, nothing personal."""
    uow.session.add(ExpertRecord(expert_id=held.id, kind=kind, text=text, by=actor.name, at=await uow.now()))
    action = f"expert.{'noted' if kind in NOTES else kind}"
    uow.record(action, actor, stream=f"expert:{held.id}", subject=f"expert:{held.id}",
               payload={"number": held.number, "kind": kind, "status": held.status, "by": actor.name},
               audience=("centre", "supervisor", f"party:{held.party_id}"))


async def change_expert(expert_id: UUID, command: ChangeExpert, actor: Actor, uow: Work) -> Expert:
    """Changes an entry; it waits for verification again (A-218)."""
    permit_keeping(actor)
    async with uow:
        held = await lock_expert(uow, expert_id)
        held.status = status_after(held.status, ExpertAct.CHANGE)
        _fill(held, command)
        _changed(held, actor)
        held.changed_at = await uow.now()
        require(*verdicts(ENTERING, entry_of(held)))
        await _note(uow, held, PAST[ExpertAct.CHANGE], "变更入库信息", actor)
        await uow.commit()
        return held


async def verify_expert(expert_id: UUID, actor: Actor, uow: Work) -> Expert:
    """Another person of the centre verifies what was entered or changed."""
    permit_keeping(actor)
    async with uow:
        held = await lock_expert(uow, expert_id)
        after = status_after(held.status, ExpertAct.VERIFY)
        require(*verdicts(VERIFYING, entry_of(held, actor.id)))
        await verified(uow, held, after, actor)
        await uow.commit()
        return held


async def verified(uow: Work, held: Expert, after: ExpertStatus, actor: Actor) -> None:
    """The verification itself, inside an entered unit of work."""
    held.status, held.verified_by, held.verified_at = after, actor.name, await uow.now()
    await _note(uow, held, PAST[ExpertAct.VERIFY], "核验通过", actor)


async def set_status(expert_id: UUID, act: ExpertAct, command: Why, actor: Actor, uow: Work) -> Expert:
    """Suspends, resumes, or takes out of the bank, with a reason (A-222)."""
    permit_keeping(actor)
    async with uow:
        held = await lock_expert(uow, expert_id)
        held.status = status_after(held.status, act)
        await _note(uow, held, PAST[act], command.reason, actor)
        await uow.commit()
        return held


async def note_expert(expert_id: UUID, command: Note, actor: Actor, uow: Work) -> Expert:
    """Adds a reward, a penalty or a training to the record; lines are added, never changed (A-221)."""
    permit_keeping(actor)
    async with uow:
        held = await lock_expert(uow, expert_id)
        status_after(held.status, ExpertAct.NOTE)
        await _note(uow, held, command.kind, command.text, actor)
        await uow.commit()
        return held
