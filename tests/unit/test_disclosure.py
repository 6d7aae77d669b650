"""The table of disclosure: what nobody may see before the hour, and what a failed lot never tells."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from trading.tenders.disclosure import TABLE, Subject, Viewer, is_public, is_sealed, shows, stages_showing
from trading.tenders.model import BEFORE_DEADLINE, BEFORE_PUBLICATION, RESULT_IS_KNOWN, Stage

HOUR = datetime(2026, 3, 23, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)
OTHERS = frozenset(Viewer) - {Viewer.OWN}
OF_THE_HOUR = (Subject.DOWNLOADS, Subject.BIDS, Subject.SIGN_INS, Subject.SECURITIES, Subject.MONEY,
               Subject.STRAY_MONEY, Subject.LETTERS)


@dataclass(frozen=True)
class Lot:
    """What the table asks of a lot."""

    stage: str
    deadline_at: datetime | None = HOUR
    suspended: bool = False
    documents_from: datetime | None = HOUR - timedelta(days=20)
    documents_until: datetime | None = HOUR - timedelta(days=5)


def test_every_subject_has_its_row() -> None:
    assert set(TABLE) == set(Subject)


@pytest.mark.parametrize("subject", OF_THE_HOUR)
@pytest.mark.parametrize("stage", sorted(Stage))
@pytest.mark.cts("A-68", "A-102", "A-107")
def test_before_the_hour_nobody_sees_it_whatever_the_stage_says(subject: Subject, stage: Stage) -> None:
    assert not shows(subject, Lot(stage), HOUR - TICK, OTHERS)
    assert is_sealed(subject, Lot(stage), HOUR - TICK)


@pytest.mark.parametrize("subject", OF_THE_HOUR)
@pytest.mark.parametrize("stage", sorted(BEFORE_PUBLICATION | BEFORE_DEADLINE))
def test_after_the_hour_it_stays_unseen_until_bidding_is_closed(subject: Subject, stage: Stage) -> None:
    """A lot held at its deadline, suspended or behind an outage, may be extended still (fault 24)."""
    assert not shows(subject, Lot(stage, suspended=True), HOUR + timedelta(days=1), OTHERS)
    assert is_sealed(subject, Lot(stage, suspended=True), HOUR + timedelta(days=1))


def test_a_failed_lot_never_tells_who_bid() -> None:
    failed = Lot(Stage.FAILED)
    for subject in (Subject.BIDS, Subject.SIGN_INS, Subject.LETTERS):
        assert not shows(subject, failed, HOUR + timedelta(days=365), OTHERS)
        assert is_sealed(subject, failed, HOUR + timedelta(days=365))
    assert is_sealed(Subject.MONEY, failed, HOUR), "the log's heads would count who paid"
    assert shows(Subject.MONEY, failed, HOUR, {Viewer.CENTRE}), "finance has to give it back"
    assert not shows(Subject.MONEY, failed, HOUR, {Viewer.OWNER})


@pytest.mark.parametrize("subject", [Subject.BIDS, Subject.SIGN_INS, Subject.LETTERS])
def test_a_lot_that_fails_in_evaluation_stays_as_open_as_it_was(subject: Subject) -> None:
    assert shows(subject, Lot(Stage.FAILED), HOUR, opened=True)
    assert not shows(subject, Lot(Stage.FAILED), HOUR - TICK, opened=True)
    assert not shows(Subject.BODIES, Lot(Stage.FAILED), HOUR, OTHERS, opened=True)
    for stage in BEFORE_PUBLICATION | BEFORE_DEADLINE:
        assert not shows(subject, Lot(stage), HOUR, OTHERS, opened=True)


def test_at_the_hour_the_hall_shows_its_bids_to_all() -> None:
    assert shows(Subject.BIDS, Lot(Stage.OPENING), HOUR)
    assert not is_sealed(Subject.SIGN_INS, Lot(Stage.OPENING), HOUR)
    assert shows(Subject.DOWNLOADS, Lot(Stage.OPENING), HOUR, {Viewer.OWNER})
    assert not shows(Subject.DOWNLOADS, Lot(Stage.OPENING), HOUR, {Viewer.CENTRE, Viewer.MEMBER})


def test_ones_own_is_seen_at_any_time_of_a_published_lot() -> None:
    for stage in frozenset(Stage) - BEFORE_PUBLICATION:
        assert all(shows(subject, Lot(stage), HOUR - TICK, {Viewer.OWN}) for subject in
                   (Subject.BIDS, Subject.MONEY, Subject.LETTERS, Subject.DOWNLOADS, Subject.LETTER_ORDERS))


def test_an_opened_body_is_its_bidders_and_the_supervisors_from_the_opening_on() -> None:
    for stage in Stage:
        is_opened = stage not in BEFORE_PUBLICATION | BEFORE_DEADLINE | {Stage.FAILED}
        for viewer in (Viewer.OWN, Viewer.SUPERVISOR):
            assert shows(Subject.OPENED_BODIES, Lot(stage), HOUR, {viewer}) == is_opened
    assert shows(Subject.OPENED_BODIES, Lot(Stage.FAILED), HOUR, {Viewer.OWN}, opened=True)
    assert not any(stages_showing(Subject.OPENED_BODIES, *(OTHERS - {Viewer.SUPERVISOR})))


@pytest.mark.cts("A-134")
def test_names_of_experts_are_the_supervisors_until_the_result() -> None:
    before = frozenset(Stage) - RESULT_IS_KNOWN
    assert not stages_showing(Subject.EXPERTS, *(OTHERS - {Viewer.SUPERVISOR})) & before
    assert stages_showing(Subject.EXPERTS, Viewer.SUPERVISOR) == frozenset(Stage)
    assert stages_showing(Subject.EXPERTS) == RESULT_IS_KNOWN
    assert not stages_showing(Subject.COMMITTEE) & before, "to outsiders not even that one is formed"


def test_a_lot_is_public_from_its_publication_on() -> None:
    assert {stage for stage in Stage if not is_public(Lot(stage))} == BEFORE_PUBLICATION


def test_some_acts_are_never_entries_of_their_own() -> None:
    for subject in (Subject.BIDS, Subject.DOWNLOADS, Subject.STRAY_MONEY, Subject.LETTER_ORDERS, Subject.SESSIONS,
                    Subject.REFUSALS):
        assert is_sealed(subject)
        assert all(is_sealed(subject, Lot(stage), HOUR + timedelta(days=1)) for stage in Stage)
