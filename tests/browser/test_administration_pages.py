"""Two security administrators appoint a body in the page, and the auditor reads that they did (R-1011)."""

import psycopg
from playwright.sync_api import Browser, Page, expect

from storage.database.settings import Settings
from tests.browser.accessibility import bring_axe, violations
from tests.browser.hall_stage import Stage

NEWCOMER = "演示连岛市政工程有限公司"


def _enter(browser: Browser, stage: Stage, name: str, path: str) -> Page:
    context = stage.context(browser)
    bring_axe(context)
    page = stage.sign_in(context, name, path)
    expect(page.locator("h1").first).to_be_visible()
    return page


def _grow_old(settings: Settings) -> None:
    """Everybody's last signature is sixteen minutes old."""
    with psycopg.connect(settings.database_url.replace("+psycopg", ""), autocommit=True) as line:
        line.execute("update login_session set opened_at = clock_timestamp() - interval '16 minutes'")


def _prove_again(page: Page) -> None:
    """The page asks for the certificate once more; what was written stays, and the act goes on by itself."""
    dialog = page.get_by_role("dialog", name="请再次证明身份")
    expect(dialog).to_be_visible()
    assert violations(page, "the dialog of a fresh proof") == []
    dialog.get_by_role("button", name="用证书确认").click()
    expect(dialog).to_be_hidden()


def test_one_proposes_another_approves_the_auditor_reads(browser: Browser, stage: Stage, settings: Settings) -> None:
    page = _enter(browser, stage, "security", "/centre/appointments")
    _grow_old(settings)
    page.get_by_label("单位").fill("连岛")
    page.get_by_role("button", name="查找").click()
    page.get_by_role("button", name=NEWCOMER).click()
    page.get_by_label("职务").select_option(label="交易中心")
    page.get_by_label("理由").fill("增设开标三科")
    page.get_by_role("button", name="提出任免").click()
    _prove_again(page)
    expect(page.get_by_text("等待另一人批准")).to_be_visible()
    expect(page.get_by_role("button", name="批准", exact=True)).to_have_count(0)
    expect(page.get_by_role("button", name="撤回")).to_be_visible()
    assert violations(page, "/centre/appointments") == []
    other = _enter(browser, stage, "security-2", "/tasks")
    other.get_by_role("link", name="去办理 批准或不批准任免").click()
    other.get_by_role("button", name="批准", exact=True).click()
    expect(other.get_by_text("已批准")).to_be_visible()
    auditor = _enter(browser, stage, "auditor", "/administration")
    auditor.get_by_role("button", name="查阅").click()
    expect(auditor.get_by_role("row").filter(has_text="party.appointed")).to_be_visible()
    assert violations(auditor, "/administration") == []
    system = _enter(browser, stage, "system", "/administration")
    expect(system.get_by_text("YUNKAI_SESSION_IDLE_MINUTES")).to_be_visible()
    expect(system.get_by_role("button", name="查阅")).to_have_count(0)
