"""Five hundred submissions over HTTP in ten seconds, the deadline among them: each a receipt or a refusal."""

import asyncio
import collections
import secrets
import time
from datetime import timedelta

import httpx
import psutil

from benchmarks.figures import Figure, quantile
from benchmarks.platform import Platform
from benchmarks.transactions import desk
from storage.kernel.clock import process_now
from tests.bids_world import World
from tests.ready_bids import Ready, make_ready
from trading.parties.living import token_digest
from trading.parties.tables import LoginSession

_SECONDS = 10.0
_PREPARATION = 45  # seconds for five hundred certificates and bids, and for a node to start
_BEFORE = 8.0  # seconds of the rush that lie before the deadline


_LIMIT = (
    "Rush: fifty submissions a second take a node most of a core (14 ms for each: sign-in, the answer kept under the "
    "idempotency key, the submission itself, the record of each refusal). Where the machine leaves the node and "
    "PostgreSQL less than that, the queue grows for as long as the rush lasts: with other work at a load average of 9 "
    "the p99 of three runs was 5 to 23 s, and five answers of 500 were a 503, which clients try again under the same "
    "key. Whether a bid was in time is decided when its transaction holds the lot.")


async def _sign_in(world: World, bids: list[Ready]) -> list[str]:
    tokens, now = [secrets.token_urlsafe(32) for _ in bids], process_now()
    async with world.sessions() as session:
        session.add_all(LoginSession(token_sha256=token_digest(token), party_id=one.actor.party_id, opened_at=now,
                                     certificate=one.actor.certificate, seen_at=now, address="127.0.0.1")
                        for one, token in zip(bids, tokens, strict=True))
        await session.commit()
    return tokens


async def _rush(address: str, bids: list[Ready], tokens: list[str], deadline: float) -> list[tuple[str, float]]:
    """Outcome and milliseconds of each, sent evenly over ten seconds."""
    begin = deadline - _BEFORE
    limits = httpx.Limits(max_connections=100, max_keepalive_connections=100)
    async with httpx.AsyncClient(base_url=address, timeout=30, limits=limits) as client:
        async def submit(place: int) -> tuple[str, float]:
            due = begin + place * _SECONDS / len(bids)
            await asyncio.sleep(max(0.0, due - time.time()))
            headers = {"Authorization": f"Bearer {tokens[place]}", "Idempotency-Key": secrets.token_hex(16)}
            path = f"/api/bid-versions/{bids[place].version_id}/submit"
            for _ in range(20):
                answer = await client.post(path, headers=headers)
                if answer.status_code != 503:
                    break
                await asyncio.sleep(float(answer.headers.get("Retry-After", 1)))  # as the product's clients do
            return _outcome(answer), (time.time() - due) * 1000
        return await asyncio.gather(*map(submit, range(len(bids))))


def _outcome(answer: httpx.Response) -> str:
    if answer.status_code == 201 and answer.json()["number"].startswith("HZ-"):
        return "receipt"
    rules = [rule["number"] for rule in answer.json().get("rules") or []]
    return f"refused {','.join(rules)}" if rules else f"failed {answer.status_code}"


async def _once(platform: Platform, count: int) -> tuple[list[tuple[str, float]], float]:
    """Answers, and the node's processor time for each in milliseconds."""
    settings = platform.settings()
    async with desk(settings) as made:
        deadline = (process_now() + timedelta(seconds=_PREPARATION)).replace(microsecond=0)
        await made.world.set_deadline(deadline)  # first, because the seals name it
        bids = await make_ready(made.world, count)
        tokens = await _sign_in(made.world, bids)
        with platform.node(settings) as node:
            assert time.time() < deadline.timestamp() - _BEFORE, "the machine was too slow to prepare"
            before = _worked(node.process.pid)
            answers = await _rush(node.address, bids, tokens, deadline.timestamp())
            return answers, (_worked(node.process.pid) - before) * 1000 / count


def _worked(process: int) -> float:
    times = psutil.Process(process).cpu_times()
    return float(times.user + times.system)


def run(platform: Platform, small: bool) -> list[Figure]:
    """p99 of each run, and what became of them all."""
    values, texts, clean = [], [], []
    count = 50 if small else 500
    for _ in range(1 if small else 3):
        answers, cost = asyncio.run(_once(platform, count))
        outcomes = collections.Counter(outcome for outcome, _ in answers)
        took = [each for _, each in answers]
        values.append(quantile(took, 0.99) / 1000)
        clean.append(sum(number for outcome, number in outcomes.items()
                         if outcome in ("receipt", "refused R-141")) / count)
        parts = ", ".join(f"{number} {outcome}" for outcome, number in outcomes.most_common())
        texts.append(f"p50 {quantile(took, 0.5):.0f} ms, node's processor {cost:.0f} ms for each; {parts}")
    return [Figure(f"{count} submissions over HTTP in 10 s, p99 in seconds", "the clock", values, "<=", 2, " s",
                   context=texts[values.index(sorted(values)[len(values) // 2])], limit=_LIMIT),
            Figure("of these, answered by a receipt or a refusal", "all of them", clean, ">=", 1.0)]
