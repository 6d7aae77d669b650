"""People who run tenders, signed in over the real tables, and the papers they write."""

import secrets
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from storage.crypto.demo_pki import DemoPki, Identity, demo_uscc, open_demo_pki
from storage.crypto.signatures import sign
from storage.database.engine import Sessions
from storage.database.settings import Settings
from storage.database.work import Work
from storage.kernel.calendar import Calendar
from storage.kernel.clock import SHANGHAI, process_now
from storage.kernel.identifiers import new_id
from trading.parties.living import token_digest
from trading.parties.tables import BoundCertificate, LoginSession, Party, PartyVersion
from trading.tenders.calendar_book import known_days
from trading.trust.folder import TrustFolder

Json = dict[str, Any]
KNOWN = Calendar(
    holidays=frozenset(each["day"] for each in known_days() if each["kind"] == "holiday"),
    workdays=frozenset(each["day"] for each in known_days() if each["kind"] == "workday"))


@dataclass
class Person:
    """A party, its identity, and its signed-in line to the platform."""

    party: Party
    identity: Identity
    http: httpx.AsyncClient

    @property
    def id(self) -> str:
        """The party's id."""
        return str(self.party.id)

    async def send(self, method: str, path: str, body: object = None, expect: int | None = None) -> Any:
        """One request; asserts the status (any success when none is named) and answers the JSON."""
        answer = await self.http.request(method, path, json=body) if body is not None else \
            await self.http.request(method, path)
        wanted = answer.is_success if expect is None else answer.status_code == expect
        assert wanted, f"{method} {path}: {answer.status_code} {answer.text[:2000]}"
        return answer.json() if answer.content and "json" in answer.headers.get("content-type", "") else answer

    async def get(self, path: str, expect: int | None = None) -> Any:
        """GET."""
        return await self.send("GET", path, None, expect)

    async def post(self, path: str, body: object = None, expect: int | None = None) -> Any:
        """POST; an empty object when there is no body."""
        return await self.send("POST", path, body, expect)

    async def put(self, path: str, body: object, expect: int | None = None) -> Any:
        """PUT."""
        return await self.send("PUT", path, body, expect)

    async def delete(self, path: str, expect: int | None = None) -> Any:
        """DELETE."""
        return await self.send("DELETE", path, None, expect)


@dataclass
class Office:
    """Everyone a tender needs, and the public."""

    tenderee: Person
    agency: Person
    centre: Person
    deputy: Person
    supervisor: Person
    bidder: Person
    rival: Person
    public: httpx.AsyncClient

    async def close(self) -> None:
        """Hangs up."""
        for person in (self.tenderee, self.agency, self.centre, self.deputy, self.supervisor, self.bidder, self.rival):
            await person.http.aclose()
        await self.public.aclose()


async def enrolled(sessions: Sessions, pki: DemoPki, line: httpx.AsyncClient, name: str, *roles: str,
                  staff: tuple[str, ...] = ()) -> Person:
    """A verified party with one certificate and a living session."""
    now = process_now()
    uscc = demo_uscc(name)
    identity = pki.issue(organisation=name, uscc=uscc, kind="ec-p256", now=now)
    party = Party(id=new_id(), uscc=uscc, name=name, name_key=name, region="320700", roles=list(roles),
                  staff_roles=list(staff), status="verified", agreement_version="2026-01", agreed_at=now,
                  created_at=now, is_demo=True)
    version = PartyVersion(id=new_id(), party_id=party.id, number=1, data={"name": name, "uscc": uscc},
                           salt="00" * 16, status="verified", created_at=now, changed_at=now)
    shown = identity.certificate
    bound = BoundCertificate(
        fingerprint=shown.fingerprint, party_id=party.id, subject_name=shown.organisation, issuer=shown.issuer,
        uscc=shown.uscc, serial=shown.serial, pem=shown.pem, key_kind=shown.key_kind, not_before=shown.not_before,
        not_after=shown.not_after, bound_at=now)
    token = secrets.token_urlsafe(32)
    session_row = LoginSession(token_sha256=token_digest(token), party_id=party.id, certificate=shown.fingerprint,
                               opened_at=now, seen_at=now, address="127.0.0.1")
    async with sessions() as session:
        for row in (party, version, bound, session_row):
            session.add(row)
            await session.flush()
        await session.commit()
    line.headers["authorization"] = f"Bearer {token}"
    return Person(party, identity, line)


async def open_office(sessions: Sessions, settings: Settings, line: Any) -> Office:
    """Founds the office; ``line()`` opens a fresh connection to the platform."""
    pki = open_demo_pki(settings.key_directory, settings.trust_directory, now=process_now())
    await TrustFolder(settings.trust_directory).prepare(lambda: Work(sessions))

    async def person(name: str, *roles: str, staff: tuple[str, ...] = ()) -> Person:
        return await enrolled(sessions, pki, line(), name, *roles, staff=staff)

    return Office(
        tenderee=await person("连云港市水利工程建设处", "tenderee"),
        agency=await person("江苏信诚工程咨询有限公司", "agency"),
        centre=await person("连云港市公共资源交易中心", staff=("centre",)),
        deputy=await person("连云港市公共资源交易中心灌云分中心", staff=("centre",)),
        supervisor=await person("连云港市公共资源交易监督管理办公室", staff=("supervisor",)),
        bidder=await person("江苏新浦建设集团有限公司", "bidder"),
        rival=await person("南京海州市政工程有限公司", "bidder"), public=line())


PROJECT: Json = {"name": "蔷薇河综合整治工程", "approval": "连发改审〔2026〕118号", "funding": "市级财政资金，已落实",
                 "region": "320700", "in_scope": True}
NOTICE_FIELDS = {"location": "连云港市海州区", "duration": "365日历天", "quality": "合格",
                 "scope": "河道清淤、护岸、配套建筑物的全部施工内容，详见招标文件",
                 "qualification": "具备水利水电工程施工总承包二级及以上资质，具有有效的安全生产许可证",
                 "consortium": "不接受", "contact": "张工，0518-80000000，连云港市海州区朝阳东路1号"}
METHOD: Json = {
    "announced_fields": [
        {"key": "price", "label": "投标总价", "kind": "money", "required": True},
        {"key": "duration", "label": "工期", "kind": "days", "required": True},
        {"key": "manager", "label": "项目经理", "kind": "text", "required": True}],
    "bid_parts": [{"number": "1", "title": "投标函及附录", "required": True},
                  {"number": "2", "title": "已标价工程量清单", "required": True},
                  {"number": "3", "title": "施工组织设计", "required": True}],
    "review_items": [
        {"number": "1.1", "title": "投标人名称", "stage": "form", "standard": "与营业执照一致"},
        {"number": "2.1", "title": "资质等级", "stage": "qualification", "standard": "符合公告要求"},
        {"number": "3.1", "title": "投标报价", "stage": "response", "standard": "不高于最高投标限价"}],
    "scoring_items": [
        {"number": "1", "title": "投标报价", "lowest": "0", "highest": "60", "standard": "见价格公式", "group": "price",
         "objective": True},
        {"number": "2", "title": "施工组织设计", "lowest": "20", "highest": "40", "standard": "综合评价"}],
    "price_formula": {"number": "R-312", "above": "2", "below": "1", "weight": "60",
                      "k_set": ["95", "96", "97", "98"], "drops_extremes": True}}


def instant(moment: datetime) -> str:
    """An instant as JSON carries it."""
    return moment.astimezone(UTC).isoformat()


def working_day_after(moment: datetime, days: int, hour: int = 9) -> datetime:
    """Nine o'clock of the first working day at least so many days later."""
    day = KNOWN.next_working((moment.astimezone(SHANGHAI) + timedelta(days=days)).date())
    return datetime(day.year, day.month, day.day, hour, tzinfo=SHANGHAI)


async def worked_day(office: Office, days: int) -> datetime:
    """Nine o'clock so many days from now, a day that the centre has marked as worked, whatever the calendar had of it.

    For what must come no later: a working day by itself may lie behind a holiday of nine days.
    """
    day = (process_now().astimezone(SHANGHAI) + timedelta(days=days)).date()
    await office.centre.put("/api/calendar", {"day": day.isoformat(), "kind": "workday", "name": "调休上班"})
    return datetime(day.year, day.month, day.day, 9, tzinfo=SHANGHAI)


def lot_of(office: Office, **changed: object) -> Json:
    """A lawful lot: documents from in a moment for seven days, deadline a working day after twenty-two."""
    now = process_now()
    return {"title": "蔷薇河整治施工一标段", "content": "清淤12公里、护岸8公里", "estimate": "12000000",
            "price_limit": "10000000.00", "deposit": "200000", "documents_from": instant(now + timedelta(minutes=5)),
            "documents_until": instant(now + timedelta(days=7)), "deadline_at": instant(working_day_after(now, 22)),
            "opening_place": "云开公共资源交易平台网上开标大厅", "host_id": office.centre.id,
            "recorder_id": office.deputy.id, "k": 2, "custodians": [
                {"party_id": office.tenderee.id}, {"party_id": office.agency.id}, {"party_id": office.supervisor.id}],
            **METHOD, **changed}


async def plan(office: Office, *, kind: str = "works", project: Json | None = None, **changed: object) -> Json:
    """A submitted project and tender project with one submitted lot; answers the lot."""
    by = office.tenderee
    made = await by.post("/api/projects", {**PROJECT, "rehearsal": kind == "rehearsal",
                                           "agency_id": office.agency.id, **(project or {})})
    below = await by.post(f"/api/projects/{made['id']}/tender-projects",
                          {"name": "蔷薇河综合整治工程施工", "trade_kind": kind})
    lot = await by.post(f"/api/tender-projects/{below['id']}/lots", lot_of(office, **changed))
    await by.post(f"/api/projects/{made['id']}/submit")
    await by.post(f"/api/tender-projects/{below['id']}/submit")
    submitted: Json = await by.post(f"/api/lots/{lot['id']}/submit")
    return submitted


async def verified_notice(office: Office, lot: Json, **fields: str) -> Json:
    """A notice that was declared by the agency, reviewed by the tenderee and verified by the centre."""
    notice = await office.agency.post(f"/api/lots/{lot['id']}/notices", {"fields": {**NOTICE_FIELDS, **fields}})
    path = f"/api/notices/{notice['id']}"
    await office.agency.post(f"{path}/submit")
    await office.tenderee.post(f"{path}/review", {"accepted": True})
    verified: Json = await office.centre.post(f"{path}/verify", {"accepted": True})
    return verified


def numbers(problem: Json) -> set[str]:
    """The numbers of the rules that a refusal lists, or that a resource misses."""
    return {rule["number"] for rule in problem.get("rules", problem.get("missing", []))}


async def signed_document(office: Office, lot: Json, **fields: str) -> Json:
    """A tender document written by the agency, laid out, and signed with the tenderee's own key."""
    path = f"/api/lots/{lot['id']}/document"
    await office.agency.put(path, {"fields": fields})
    return await lay_out_and_sign(office, lot)


async def lay_out_and_sign(office: Office, lot: Json) -> Json:
    """Lays the document out as it stands, and signs it as the tenderee's client does."""
    path = f"/api/lots/{lot['id']}/document"
    await office.agency.post(f"{path}/render")
    identity = office.tenderee.identity
    prepared = await office.tenderee.post(f"{path}/signature/prepare", {"certificate": identity.certificate.pem})
    signature = sign(identity.key, b64decode(prepared["to_sign"]))
    signed: Json = await office.tenderee.post(
        f"{path}/signature/complete", {"signature": b64encode(signature).decode()})
    return signed


async def published_lot(office: Office, *, kind: str = "works", **changed: object) -> Json:
    """A lot whose tender runs: notice public, document issued."""
    lot = await plan(office, kind=kind, **changed)
    await signed_document(office, lot)
    notice = await verified_notice(office, lot)
    await office.centre.post(f"/api/notices/{notice['id']}/publish", {})
    running: Json = await office.tenderee.get(f"/api/lots/{lot['id']}")
    return running
