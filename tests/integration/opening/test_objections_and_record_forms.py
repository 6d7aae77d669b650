"""Objections on the record; forms of the record; who signs what."""

import asyncio
import json

import pytest

from bidding.opening.commands.hosting import (
    SetPlan,
    Speech,
    answer_objection,
    close_objections,
    open_objections,
    raise_objection,
    set_plan,
)
from bidding.opening.commands.periods import NextStep
from bidding.opening.commands.recording import SignRecord, read_pdf, sign_record
from bidding.opening.commands.templates import SaveTemplate, retire_template, save_template, templates
from bidding.opening.tables import Opening
from storage.crypto.canonical import to_base64
from storage.crypto.pdf_attachments import attachments
from storage.crypto.pdf_validation import validate_pdf
from storage.crypto.trust import TrustList
from storage.kernel.clock import process_now
from storage.kernel.errors import Conflict, DomainError, Invalid, NotAllowed, NotFound, Refused, RulesUnmet
from tests.bids_world import Person
from tests.opening_world import Hall

FORM = SaveTemplate("施工类", "工程施工开标记录", "保持安静。",
                    ["place", "bidder", "state", "price", "fields"], "以上属实。")


async def test_an_objection_is_answered_on_the_spot_and_both_are_recorded(hall: Hall) -> None:
    await hall.begin()
    await hall.release_all()
    await hall.announce()
    await hall.change_lot(objection_minutes=5)
    work, lot_id, host, bidder = hall.world.work, hall.lot.id, hall.host.actor, hall.world.bidders[1].actor
    await open_objections(lot_id, NextStep("announced"), host, work())
    with pytest.raises(NotAllowed):
        await raise_objection(lot_id, Speech("旁听者的意见"), hall.world.supervisor.actor, work())
    objection = await raise_objection(lot_id, Speech("解密顺序有误"), bidder, work())
    with pytest.raises(NotAllowed):
        await answer_objection(lot_id, objection, Speech("自己答复"), bidder, work())
    await answer_objection(lot_id, objection, Speech("按递交时间排序，无误"), host, work())
    with pytest.raises(Refused):
        await answer_objection(lot_id, objection, Speech("再答复一次"), host, work())
    with pytest.raises(RulesUnmet) as refused:
        await close_objections(lot_id, NextStep("objections"), host, work())
    assert [rule.number for rule in refused.value.rules] == ["R-509"]
    shown = (await hall.snapshot())["objections"]
    assert [(each["text"], each["answer"]) for each in shown] == [("解密顺序有误", "按递交时间排序，无误")]
    assert [action for action, _ in await hall.entries("objection.raised", "objection.answered")] == [
        "objection.raised", "objection.answered"]


@pytest.mark.cts("A-115")
async def test_the_centre_keeps_forms_of_the_record_and_a_hall_names_one(hall: Hall) -> None:
    work, host = hall.world.work, hall.host.actor
    with pytest.raises(NotAllowed):
        await save_template(None, FORM, hall.world.tenderee.actor, work())
    with pytest.raises(Invalid):
        await save_template(None, SaveTemplate("缺栏", "开标记录", "", ["place", "bidder"], ""), host, work())
    made = await save_template(None, FORM, host, work())
    with pytest.raises(Conflict):
        await save_template(None, FORM, host, work())
    other = await save_template(None, SaveTemplate("货物类", "货物开标记录", "", list(FORM.columns), ""), host, work())
    await retire_template(other.id, host, work())
    async with hall.world.sessions() as session:
        assert [row.name for row in await templates(session)] == ["施工类"]
    with pytest.raises(NotFound):
        await retire_template(other.id, host, work())
    await set_plan(hall.lot.id, SetPlan(False, made.id), host, work())
    await hall.begin()
    with pytest.raises(Refused):
        await set_plan(hall.lot.id, SetPlan(True), host, work())
    await hall.release_all()
    await hall.conclude(await hall.announce())
    async with hall.world.sessions() as session:
        record = json.loads((await session.get_one(Opening, hall.lot.id)).record or "")
    assert (record["form"]["title"], record["form"]["columns"]) == ("工程施工开标记录", FORM.columns)
    assert (await hall.snapshot())["discipline"] == "保持安静。"


async def _hand_in(hall: Hall, person: Person, capacity: str, signature: bytes) -> None:
    command = SignRecord(capacity, to_base64(signature))  # type: ignore[arg-type]
    await sign_record(hall.lot.id, command, person.actor, hall.world.work(), hall.desk)


@pytest.mark.cts("A-114")
async def test_host_and_recorder_sign_with_their_own_keys_each_once_and_only_then_is_it_published(hall: Hall) -> None:
    await hall.begin()
    await hall.release_all()
    await hall.conclude(await hall.announce())
    with pytest.raises(NotAllowed):
        await hall.prepared(hall.world.bidders[0], "host")
    with pytest.raises(NotAllowed):
        await hall.prepared(hall.recorder, "host")
    first, second = await hall.prepared(hall.host, "host"), await hall.prepared(hall.recorder, "recorder")
    with pytest.raises(DomainError):
        await _hand_in(hall, hall.host, "host", hall.recorder.identities[0].sign(first))
    await _hand_in(hall, hall.host, "host", hall.host.identities[0].sign(first))
    assert (await hall.snapshot())["step"] == "signing"
    with pytest.raises(Conflict):
        await _hand_in(hall, hall.recorder, "recorder", hall.recorder.identities[0].sign(second))
    second = await hall.prepared(hall.recorder, "recorder")
    await asyncio.gather(*(_hand_in(hall, hall.recorder, "recorder", hall.recorder.identities[0].sign(second))
                           for _ in range(3)))
    assert len(await hall.entries("opening.published")) == 1
    async with hall.world.sessions() as session:
        opening = await session.get_one(Opening, hall.lot.id)
    pdf = await read_pdf(hall.store, opening.record_pdf_key or "")
    signatures = await validate_pdf(pdf, TrustList(()), process_now())
    assert [(each.field, each.is_intact, each.is_modified) for each in signatures] == [
        ("host", True, False), ("recorder", True, False), ("platform", True, False)]
    assert attachments(pdf)["record.json"].decode() == opening.record
    [(_, notice)] = await hall.entries("notice.published")
    assert notice["kind"] == "opening_record"
