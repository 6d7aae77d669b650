"""Papers whose time stamp comes to its end get a further one by themselves, once across nodes; where that fails, the
check-up says so."""

import asyncio
from datetime import timedelta
from io import BytesIO
from pathlib import Path

from click.testing import CliRunner
from pypdf import PdfWriter
from sqlalchemy import func, select, update

from frontend.cli.main import main
from frontend.verifier.command import verify
from storage.crypto.pdf_lasting import last_stamp_of, seal_paper
from storage.crypto.platform_keys import PlatformKeys, load_platform_keys
from storage.crypto.stamping import stamp
from storage.crypto.tsa import EmbeddedAuthority, HttpAuthority
from storage.kernel.clock import process_now
from storage.ledger.outbox import append
from storage.ledger.queries import latest_checkpoint
from storage.ledger.stamping import stamp_checkpoint
from storage.ledger.tables import LedgerOutbox
from tests.ledger_world import connect, draft, sequencing
from tests.nodes import environment_of
from tests.waiting import eventually
from trading.papers.lasting import Renewing, note_files, renew_stamps
from trading.papers.queries import newest_key, unrenewed
from trading.papers.tables import LastingFile

TEN_YEARS = timedelta(days=3600)  # what embedded authorities' certificates last


async def sealed_by(keys, authority) -> bytes:
    page, made = PdfWriter(), BytesIO()
    page.add_blank_page(100, 100)
    page.write(made)
    return await seal_paper(made.getvalue(), keys, authority, field_name="platform", reason="回执", now=process_now())


async def ledger_stamped(sessions, database_url, authority) -> None:
    """One entry, its checkpoint, and a stamp over that by the authority."""
    async with sequencing(database_url):
        async with sessions() as session, session.begin():
            await append(session, draft(1), (await session.execute(select(func.clock_timestamp()))).scalar_one())

        async def covered() -> bool:
            async with sessions() as session:
                return await latest_checkpoint(session) is not None

        await eventually(covered)
        assert await stamp_checkpoint(sessions, authority)


async def rested(sessions) -> None:
    async with sessions() as session, session.begin():
        await session.execute(update(LastingFile).values(retry_at=func.clock_timestamp()))


def doctor(settings, tmp_path: Path):
    return CliRunner().invoke(main, ["doctor", "--var", str(tmp_path)], env=environment_of(settings))


async def test_a_stamp_near_its_end_is_followed_once_and_only_failure_is_told(
        settings, sessions, work, object_store, database_url, tmp_path):
    now = process_now()
    load_platform_keys(tmp_path / "old", name="旧平台", now=now - TEN_YEARS + timedelta(days=60))
    old = load_platform_keys(tmp_path / "old", name="旧平台", now=now)  # a node started today, by keys of long ago
    new = load_platform_keys(settings.key_directory, name="新机构", now=now)
    aging, fresh = EmbeddedAuthority(old.timestamp), EmbeddedAuthority(new.timestamp)
    prefix = f"receipts/{database_url.rpartition('/')[2].partition('?')[0]}-"
    pdf, key = await sealed_by(old, aging), f"{prefix}1.pdf"
    await object_store.put(key, pdf, "application/pdf")
    await object_store.put(f"{prefix}2.pdf", await sealed_by(new, fresh), "application/pdf")
    assert await note_files(sessions, object_store, [], [prefix]) == 2
    assert await note_files(sessions, object_store, [], [prefix]) == 0, "a file is read once"

    # The authority's own certificate has not been renewed: a further stamp would end as soon, and that is told.
    await ledger_stamped(sessions, database_url, aging)
    assert await renew_stamps(work, Renewing(object_store, old, aging)) == 0
    async with sessions() as session:
        [told] = await unrenewed(session, now)
    assert (told.authority, told.reason) == ("旧平台 时间戳", "")
    answer = await asyncio.to_thread(doctor, settings, tmp_path)
    assert "尚未更换" in answer.output, answer.output

    # There is a new authority; it is away first.
    with connect(database_url) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("UPDATE ledger_stamp SET token = %s", [await stamp(fresh, bytes(32))])
    away = HttpAuthority("http://127.0.0.1:9/", timeout=1)
    assert await renew_stamps(work, Renewing(object_store, old, away)) == 0
    answer = await asyncio.to_thread(doctor, settings, tmp_path)
    assert answer.exit_code == 1
    assert "旧平台 时间戳" in answer.output
    assert await renew_stamps(work, Renewing(object_store, old, fresh)) == 0, "a failure rests before the next try"
    await rested(sessions)
    assert await renew_stamps(work, Renewing(object_store, old, fresh)) == 0, "nobody vouches for the new authority"
    async with sessions() as session:
        [told] = await unrenewed(session, now)
    assert "不在信任列表" in told.reason
    await rested(sessions)
    # The operator put a new key for stamps beside the old one for papers.
    tools = Renewing(object_store, PlatformKeys(
        old.checkpoint, old.document, new.timestamp, old.master, (*old.crls, *new.crls)), fresh)
    assert sorted(await asyncio.gather(*(renew_stamps(work, tools) for _ in range(3)))) == [0, 0, 1]

    async with sessions() as session:
        assert await unrenewed(session, now) == []
        renewed_key = await newest_key(session, key)
        assert await newest_key(session, key, renewed=False) == key
        acts = (await session.scalars(select(LedgerOutbox).where(LedgerOutbox.action == "paper.restamped"))).all()
    assert [each.sealed for each in acts] == [True]
    assert "时间戳" not in (await asyncio.to_thread(doctor, settings, tmp_path)).output
    renewed = await object_store.get_range(renewed_key, 0, 1 << 24)
    assert await object_store.get_range(key, 0, 1 << 24) == pdf, "what was signed stays"
    assert renewed.startswith(pdf)
    last = last_stamp_of(renewed)
    assert last is not None
    assert last.ends_at == new.timestamp.certificate.not_after
    root, file = tmp_path / "root.pem", tmp_path / "renewed.pdf"
    root.write_text("".join(each.pem for each in (*old.roots, *new.roots)))
    file.write_bytes(renewed)
    shown = await asyncio.to_thread(CliRunner().invoke, verify, [str(file), "--root", str(root)])
    assert (shown.exit_code, shown.output.count("文件时间戳：")) == (0, 2), shown.output





