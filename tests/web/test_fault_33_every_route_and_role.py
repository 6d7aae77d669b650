"""Fault 33: every route of the OpenAPI document, with every role, own and other, at every stage of a lot's life.

What the table of permissions grants gets past the door; everything else is denied, and nothing changes. A route
without a row is denied to everyone, and fails the first test.
"""

from collections import defaultdict
from collections.abc import Callable

import pytest

from frontend.server.permissions import PERMISSIONS
from storage.database.engine import Sessions
from storage.database.settings import Settings
from storage.database.work import Work
from storage.kernel.actor import PUBLIC, Actor
from storage.kernel.identifiers import new_id
from storage.kernel.permission import admits, door_opens
from tests.bids_world import Founder
from tests.openapi_bodies import operations
from tests.opening_fixtures import empty_hall, hall
from tests.opening_world import Hall
from tests.permission_scenes import scenes_of_an_office, scenes_of_an_opening
from tests.permission_world import Doors, HeldWork, Member, Scene, open_doors

__all__ = ["empty_hall", "hall"]
DENIED = {401, 403, 404}
# Granted acts on things that do not come about in these two lots' lives; the tests of their rooms take them there.
ELSEWHERE = {
    "answerObjection", "answerResultObjection", "approveAppointment", "approveTrustChange", "askDepositRefund",
    "claimKeyRelay",
    "courierReports",
    "decideForfeiture", "decideGuaranteeClaim", "decideGuaranteeIssuer", "handHallOver", "hearBank", "hearIssuer",
    "proposeForfeiture", "proposeGuaranteeClaim", "proveEntry", "readArchive", "readForfeitureEvidence",
    "readGuaranteeClaimEvidence", "readGuaranteeData", "readGuaranteePdf", "readReceipt", "readReceiptPdf",
    "readPublishedClient", "readReleasedReport", "readServiceRecord", "readTrustEdition", "readTrustEvidence",
    "readCheckpoint",
    "refuseAppointment", "removeFile", "retireGuaranteeIssuer", "retireRecordTemplate", "retireWitness",
    "takeBackTrustChange", "voteLeader"}
NOBODY = Member("", new_id(), frozenset())


class Trial:
    """What happened at the doors: what went wrong, and which grants were seen to open something."""

    def __init__(self, doors: Doors) -> None:
        self.doors, self.wrong, self.opened = doors, list[str](), defaultdict[str, set[str]](set)
        self.scenes = 0

    async def all_doors(self, scene: Scene) -> None:
        """Every operation, with everybody; those whom the door turns away by their role alone, once."""
        subjects = await self.doors.subjects(scene)
        everything = not self.scenes
        self.scenes += 1
        for operation, (_, path, _) in operations(self.doors.document).items():
            if "{" not in path and not everything:
                continue
            for name, member in {"public": NOBODY, **scene.cast}.items():
                passes = door_opens(PERMISSIONS, operation, _actor(member))
                if passes or everything:
                    await self._one(scene, operation, name, member, subjects)

    async def _one(self, scene: Scene, operation: str, name: str, member: Member, subjects: dict[str, str]) -> None:
        answer = await self.doors.knock(operation, member, subjects)
        is_denied = answer.status_code in DENIED
        stages = "{" in operations(self.doors.document)[operation][1]
        said = f"{scene.name}: {operation} by {name}: {answer.status_code} {answer.text[:120]} {HeldWork.attempted}"
        if answer.status_code >= 500:
            self.wrong.append(said)
        elif admits(PERMISSIONS, operation, member.grants, scene.stage if stages else _stage_of(operation)):
            if not is_denied:
                self.opened[operation].add(name)
            elif not self._lacks_a_subject(operation, subjects) and answer.status_code != 404:
                self.wrong.append(f"granted, yet {said}")
        elif self._opens_to_someone(operation, member, scene.stage):
            if not is_denied or HeldWork.attempted:
                self.wrong.append(f"not granted, yet {said}")
        elif HeldWork.attempted or (answer.status_code < 400 and self._reads(operation)):
            self.wrong.append(f"not at this stage, yet {said}")

    def _opens_to_someone(self, operation: str, member: Member, stage: str) -> bool:
        """False where the stage shuts the operation to everybody, or to whoever holds the right grant at another.

        There it may be refused for the stage, in any words; a repeated act may be answered as it was the first time.
        """
        if any(admits(PERMISSIONS, operation, member.grants, other) for other in _stages_of(operation)):
            return False
        return any(not row.stages or stage in row.stages for row in PERMISSIONS[operation])

    def _reads(self, operation: str) -> bool:
        return operations(self.doors.document)[operation][0] == "GET"

    def _lacks_a_subject(self, operation: str, subjects: dict[str, str]) -> bool:
        parameters = operations(self.doors.document)[operation][2].get("parameters", ())
        return any(each["in"] == "path" and each["name"] not in subjects for each in parameters)


def _actor(member: Member) -> Actor:
    if not member.token:
        return PUBLIC
    return Actor("", "", frozenset(each for each in member.grants if ":" not in each), member.party_id)


def _stages_of(operation: str) -> set[str]:
    return {stage for row in PERMISSIONS[operation] for stage in row.stages or {""}}


def _stage_of(operation: str) -> str:
    return min(_stages_of(operation))


@pytest.fixture
async def trial(hall: Hall, settings: Settings, sessions: Sessions, work: Callable[[], Work],
                monkeypatch: pytest.MonkeyPatch) -> Trial:
    """Every door tried in every scene."""
    patient = settings.model_copy(update={"step_up_minutes": 120})  # how long the doors take is no subject here
    async with open_doors(patient, sessions, monkeypatch) as doors:
        trial = Trial(doors)
        founder = Founder(sessions, settings.key_directory.parent / "ca", settings.trust_directory)
        async for scene in scenes_of_an_opening(hall, founder):
            await trial.all_doors(scene)
        async for later in scenes_of_an_office(doors, work, founder, dict(scene.cast)):
            await trial.all_doors(later)
        return trial


@pytest.mark.cts("A-96")
async def test_every_route_has_a_row_and_holds_to_it(trial: Trial) -> None:
    assert set(PERMISSIONS) == set(operations(trial.doors.document))
    assert "\n".join(trial.wrong) == ""
    never = {operation for operation in PERMISSIONS if not trial.opened[operation]}
    assert never == ELSEWHERE
