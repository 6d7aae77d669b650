"""The task list, one's own bids and the choice of people, over HTTP."""

import asyncio

import pytest

from frontend.cli.client import ApiError
from tests.identities import make_people
from tests.nodes import NodeProcess


async def _of_people(settings, node: NodeProcess, act):
    """Clients are synchronous; they work beside this loop."""
    return await asyncio.to_thread(lambda: act(make_people(settings, node.address)))


async def test_an_enrolment_that_waits_is_the_centres_task_and_nobody_elses(settings, node):
    def act(people):
        waiting = people.waiting("江苏待核建设有限公司")
        drafting = people.enrolled("江苏草稿建设有限公司")
        return {name: client.get("/api/me/tasks")["items"] for name, client in {
            "host": people.staff("host"), "supervisor": people.staff("supervisor"), "waiting": waiting,
            "drafting": drafting, "bidder": people.verified("江苏完成建设有限公司")}.items()}

    found = await _of_people(settings, node, act)
    assert [(task["kind"], task["title"]) for task in found["host"]] == [("verify_party", "江苏待核建设有限公司")]
    assert found["host"][0]["link"].startswith("/centre/parties?party=")
    assert [task["kind"] for task in found["drafting"]] == ["declare_enrolment"]
    assert found["supervisor"] == found["waiting"] == found["bidder"] == []


async def test_people_to_name_for_an_office_are_shown_to_planners_and_are_never_bidders(settings, node):
    def act(people):
        planner = people.verified("连云港市建设处", roles=["tenderee"])
        people.verified("江苏代理有限公司", roles=["agency"])
        bidder = people.verified("江苏投标建设有限公司")
        refusals = []
        for client in (bidder, people.staff("supervisor"), people.client()):
            with pytest.raises(ApiError) as refused:
                client.get("/api/party-choices")
            refusals.append(refused.value.status)
        return planner.get("/api/party-choices"), people.staff("host").get("/api/party-choices"), refusals

    for_planner, for_centre, refusals = await _of_people(settings, node, act)
    assert refusals == [403, 403, 401]
    assert for_planner == for_centre
    roles = {role for choice in for_planner for role in choice["roles"]}
    assert roles == {"tenderee", "agency", "supervisor", "centre"}
    assert "江苏投标建设有限公司" not in {choice["name"] for choice in for_planner}


async def test_a_list_is_given_to_its_owner_alone(settings, node):
    def act(people):
        statuses = []
        for client, path in ((people.client(), "/api/me/tasks"), (people.client(), "/api/me/bids"),
                             (people.staff("host"), "/api/me/bids")):
            with pytest.raises(ApiError) as refused:
                client.get(path)
            statuses.append(refused.value.status)
        return statuses, people.verified("江苏新浦建设有限公司").get("/api/me/bids")["items"]

    assert await _of_people(settings, node, act) == ([401, 401, 403], [])
