"""Permissions in one table (fault 33): its page is up to date, and its rows speak of roles and stages that exist."""

from frontend.server.permissions import PERMISSIONS
from tests.permissions_page import PAGE, page
from trading.tenders.model import Stage

ROLES = {"public", "party", "tenderee", "agency", "bidder", "centre", "supervisor", "expert",
         "system_administrator", "security_administrator", "auditor",
         "representative"}


def test_the_page_of_permissions_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == page(), "run make docs"


def test_rows_name_roles_and_stages_that_exist():
    rows = [row for each in PERMISSIONS.values() for row in each]
    assert {role for row in rows for role in row.roles} - ROLES == set()
    assert {stage for row in rows for stage in row.stages} - {stage.value for stage in Stage} == set()
    assert [row.operation for row in rows if not row.grants] == []
