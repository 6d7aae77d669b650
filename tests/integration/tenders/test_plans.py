"""Projects, tender projects and lots: created, changed, deleted, queried, submitted."""

import asyncio

import pytest

from tests.tenders_world import PROJECT, Office, lot_of


@pytest.mark.cts("A-36")
async def test_a_project_is_created_changed_queried_submitted_and_deleted(office: Office) -> None:
    by = office.tenderee
    made = await by.post("/api/projects", PROJECT)
    assert made["code"].startswith("E3207000001")
    assert len(made["code"]) == 17
    changed = await by.put(f"/api/projects/{made['id']}", {**PROJECT, "name": "蔷薇河治理工程"})
    assert changed["name"] == "蔷薇河治理工程"
    assert (await by.get("/api/projects?q=治理"))["total"] == 1
    assert (await by.get("/api/projects?q=100%25"))["total"] == 0
    await by.post(f"/api/projects/{made['id']}/submit")
    await by.put(f"/api/projects/{made['id']}", PROJECT, expect=409)
    await by.delete(f"/api/projects/{made['id']}", expect=409)
    other = await by.post("/api/projects", PROJECT)
    await by.delete(f"/api/projects/{other['id']}", expect=204)
    await by.get(f"/api/projects/{other['id']}", expect=404)


@pytest.mark.cts("A-37", "A-38")
async def test_a_project_holds_several_tender_projects(office: Office) -> None:
    by = office.tenderee
    project = await by.post("/api/projects", PROJECT)
    path = f"/api/projects/{project['id']}/tender-projects"
    first = await by.post(path, {"name": "施工", "trade_kind": "works"})
    second = await by.post(path, {"name": "监理", "trade_kind": "services"})
    assert len({project["code"], first["code"], second["code"]}) == 3
    changed = await by.put(f"/api/tender-projects/{first['id']}", {"name": "河道施工", "trade_kind": "works"})
    assert changed["name"] == "河道施工"
    await by.put(f"/api/tender-projects/{first['id']}", {"name": "河道施工", "trade_kind": "goods"}, expect=409)
    below = (await by.get(f"/api/projects/{project['id']}"))["tender_projects"]
    assert {each["name"] for each in below} == {"河道施工", "监理"}
    await by.delete(f"/api/projects/{project['id']}", expect=409)
    await by.delete(f"/api/tender-projects/{second['id']}", expect=204)
    await by.post(f"/api/tender-projects/{first['id']}/submit")
    await by.delete(f"/api/tender-projects/{first['id']}", expect=409)


@pytest.mark.cts("A-39", "A-40")
async def test_a_tender_project_holds_several_lots(office: Office) -> None:
    by = office.tenderee
    project = await by.post("/api/projects", PROJECT)
    tender = await by.post(f"/api/projects/{project['id']}/tender-projects", {"name": "施工", "trade_kind": "works"})
    path = f"/api/tender-projects/{tender['id']}/lots"
    first, second, third = [await by.post(path, lot_of(office, title=f"{name}标段")) for name in "一二三"]
    assert [each["code"] for each in (first, second, third)] == [f"{tender['code']}00{n}" for n in (1, 2, 3)]
    changed = await by.put(f"/api/lots/{first['id']}", lot_of(office, title="改名标段", k=3))
    assert (changed["title"], changed["k"], changed["code"]) == ("改名标段", 3, first["code"])
    await by.delete(f"/api/lots/{second['id']}", expect=204)
    submitted = await by.post(f"/api/lots/{first['id']}/submit")
    assert submitted["stage"] == "planned"
    await by.put(f"/api/lots/{first['id']}", lot_of(office), expect=409)
    await by.delete(f"/api/lots/{first['id']}", expect=409)
    assert (await by.post(f"/api/lots/{first['id']}/revise"))["stage"] == "draft"
    lots = (await by.get(f"/api/tender-projects/{tender['id']}"))["lots"]
    assert [each["code"] for each in lots] == [first["code"], third["code"]]
    fourth = await by.post(path, lot_of(office, title="四标段"))
    assert fourth["code"].endswith("004")  # a number is never given out twice
    found = await by.get("/api/lots?q=四标段")
    assert [each["id"] for each in found["items"]] == [fourth["id"]]


async def test_codes_given_out_at_the_same_time_never_meet(office: Office) -> None:
    made = await asyncio.gather(*(office.tenderee.post("/api/projects", PROJECT) for _ in range(12)))
    assert len({each["code"] for each in made}) == 12


async def test_nobody_else_sees_or_changes_a_draft(office: Office) -> None:
    project = await office.tenderee.post("/api/projects", PROJECT)
    path = f"/api/projects/{project['id']}"
    # An agency may see projects, though not this one; a bidder is turned away at the door, whatever lies behind it.
    for stranger, told in ((office.bidder, 403), (office.agency, 404)):
        await stranger.get(path, expect=told)
        await stranger.put(path, PROJECT, expect=told)
        await stranger.post(f"{path}/submit", expect=told)
    assert (await office.public.get(path)).status_code == 401
    await office.supervisor.get(path, expect=200)
    await office.supervisor.put(path, PROJECT, expect=403)
    await office.bidder.post("/api/projects", PROJECT, expect=403)


async def test_an_agency_plans_for_a_tenderee_it_names(office: Office) -> None:
    await office.agency.post("/api/projects", PROJECT, expect=400)
    made = await office.agency.post("/api/projects", {**PROJECT, "tenderee_id": office.tenderee.id})
    assert (made["tenderee_id"], made["agency_id"]) == (office.tenderee.id, office.agency.id)
    await office.agency.post("/api/projects", {**PROJECT, "tenderee_id": office.bidder.id}, expect=400)


@pytest.mark.parametrize("changed", [
    {"estimate": "1.005"}, {"price_limit": "-1"}, {"deadline_at": "2026-12-01T09:00:00"}, {"k": 0}, {"unknown": 1},
    {"announced_fields": [{"key": "价", "label": "价", "kind": "money"}]}, {"price_formula": {"number": "R-999"}},
    {"scoring_items": [{"number": "1", "title": "a", "lowest": "9", "highest": "5", "standard": "b"}]},
    {"title": ""}, {"title": "长" * 201}, {"documents_until": "2020-01-01T00:00:00Z"},
])
async def test_a_malformed_lot_is_refused_with_four_hundred(office: Office, changed: dict[str, object]) -> None:
    project = await office.tenderee.post("/api/projects", PROJECT)
    tender = await office.tenderee.post(f"/api/projects/{project['id']}/tender-projects",
                                        {"name": "施工", "trade_kind": "works"})
    await office.tenderee.post(f"/api/tender-projects/{tender['id']}/lots", lot_of(office, **changed), expect=400)
