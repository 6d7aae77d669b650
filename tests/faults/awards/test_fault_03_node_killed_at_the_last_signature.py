"""Fault 03: the node dies as the contract's last signature is put in; nothing is half done, a retry does it once."""

import asyncio
import signal
from base64 import b64decode, b64encode
from typing import Any

import httpx
from sqlalchemy import select

from storage.crypto.pdf_validation import validate_pdf
from storage.crypto.signatures import sign
from storage.crypto.trust import TrustList
from storage.database.engine import Sessions
from storage.kernel.clock import process_now
from tests.awards_world import Evaluated
from tests.nodes import NodeProcess
from tests.platform_parts import StartNode
from trading.exchange.tables import ExchangePush

RECORDED = ("paper.signed", "paper.completed", "contract.signed")


async def _put_in(node: NodeProcess, made: Evaluated, path: str, body: dict[str, str]) -> httpx.Response | None:
    """The winner's signature handed to a node; None when the node went away."""
    headers = {"authorization": made.bidders[0].http.headers["authorization"], "origin": node.address}
    async with httpx.AsyncClient(base_url=node.address, headers=headers, timeout=60) as line:
        try:
            return await line.post(f"{path}/sign", json=body)
        except httpx.TransportError:
            return None


async def _state(made: Evaluated, sessions: Sessions, path: str) -> dict[str, Any]:
    """Everything that the last signature changes."""
    shown, paper = await made.read(), await made.office.tenderee.get(path)
    acts = await made.acts()
    async with sessions() as session:
        pushed = await session.scalars(select(ExchangePush.id).where(ExchangePush.kind == "contract.signed"))
        return {
            "stage": shown["lot"]["stage"], "contract": shown["contract"]["status"],
            "completed": paper["completed_at"] is not None, "sha256": paper["sha256"],
            "signed": [each["capacity"] for each in paper["seats"] if each["signed_at"]],
            "acts": {action: acts[action] for action in RECORDED}, "pushed": len([*pushed])}


async def test_fault_03_a_contract_whose_last_signature_met_a_power_cut_is_made_once(
        evaluated: Evaluated, sessions: Sessions, start_node: StartNode) -> None:
    await evaluated.award()
    await evaluated.letters()
    paper = await evaluated.verified_contract()
    path, winner = f"/api/papers/{paper}", evaluated.bidders[0]
    await evaluated.sign(paper, evaluated.office.tenderee, "tenderee")
    prepared = await winner.post(f"{path}/prepare", {"capacity": "winner"})
    made = b64encode(sign(winner.identity.key, b64decode(prepared["to_sign"]))).decode()
    body, before = {"capacity": "winner", "signature": made}, await _state(evaluated, sessions, path)
    assert (before["stage"], before["signed"], before["pushed"]) == ("awarded", ["tenderee"], 0)
    assert before["acts"]["contract.signed"] == 0

    doomed = await asyncio.to_thread(start_node, {"YUNKAI_FAULT_POINT": "paper.signing"})
    assert await _put_in(doomed, evaluated, path, body) is None
    assert await asyncio.to_thread(doomed.process.wait, 10) == -signal.SIGKILL
    assert await _state(evaluated, sessions, path) == before

    survivor = await asyncio.to_thread(start_node)
    for _ in range(2):  # the second finds it done, and changes nothing
        answer = await _put_in(survivor, evaluated, path, body)
        assert answer is not None
        assert answer.is_success, answer.text
        after = await _state(evaluated, sessions, path)
        assert after == {
            "stage": "contracted", "contract": "signed", "completed": True, "sha256": answer.json()["sha256"],
            "signed": ["tenderee", "winner"], "pushed": 1,
            "acts": {action: count + 1 for action, count in before["acts"].items()}}
    pdf = (await evaluated.office.tenderee.http.get(f"{path}/pdf")).content
    signatures = await validate_pdf(pdf, TrustList(()), process_now())
    assert [each.field for each in signatures] == ["tenderee", "winner", "platform"]
    assert all(each.is_intact and not each.is_modified for each in signatures)
