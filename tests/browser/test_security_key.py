"""A security key beside the certificate: registered in the page, asked at sign-in, useless to who only has the
certificate, forgotten by two persons (R-1012, fault 36). Chromium's own virtual authenticator holds the key."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue

import httpx
import psycopg
import pytest
from playwright.sync_api import Browser, Page, Request, expect

from frontend.cli.client import ApiClient, ApiError, Asked
from frontend.cli.demo import prepare_demo
from frontend.cli.identity import ClientIdentity
from storage.database.settings import Settings
from tests.browser.accessibility import bring_axe, violations
from tests.browser.hall_stage import Stage
from tests.platform_parts import StartNode
from trading.parties.seed import PASSWORD


@pytest.fixture
def named_stage(web_client: None, settings: Settings, start_node: StartNode, tmp_path: Path) -> Stage:
    """A platform with a name, for browsers make no keys for bare addresses; the centre counts with a key alone."""
    node = start_node(host="localhost", second_factor_roles="centre")
    with ThreadPoolExecutor(1) as aside:
        aside.submit(prepare_demo, settings, tmp_path / "demo").result()
    return Stage(node.settings.public_origin, tmp_path / "demo")


def _plug_in(page: Page) -> None:
    """A virtual key in this page's machine, touched whenever it is asked."""
    line = page.context.new_cdp_session(page)
    line.send("WebAuthn.enable")
    line.send("WebAuthn.addVirtualAuthenticator", {"options": {
        "protocol": "ctap2", "transport": "usb", "hasResidentKey": False, "hasUserVerification": False,
        "automaticPresenceSimulation": True}})


def _sign_in_again(page: Page, file: Path) -> None:
    page.get_by_role("button", name="退出", exact=True).click()
    page.goto("/login?next=/me")
    page.get_by_label("证书文件").set_input_files(file)
    page.get_by_label("证书密码").fill(PASSWORD)
    page.get_by_role("button", name="打开证书").click()
    page.wait_for_url("**/me")


def _identity(stage: Stage, name: str) -> ClientIdentity:
    return ClientIdentity.from_pkcs12(stage.folder / f"{name}.p12", PASSWORD)


def _client(stage: Stage, name: str) -> ApiClient:
    client = ApiClient(stage.address, _identity(stage, name))
    client.login()
    return client


def _a_touch_counts(page: Page, settings: Settings) -> None:
    """Where the last proof is old, the key will do for a grave act; not for binding a certificate."""
    with psycopg.connect(settings.database_url.replace("+psycopg", ""), autocommit=True) as line:
        line.execute("update login_session set opened_at = clock_timestamp() - interval '16 minutes', proven_at = null")
    page.goto("/centre/parties")
    page.get_by_label("状态").select_option("verified")
    page.get_by_role("row").filter(has_text="连岛").get_by_role("button", name="查看").click()
    page.get_by_label("退回或停用的理由").fill("违法失信")
    page.get_by_role("button", name="停用", exact=True).click()
    dialog = page.get_by_role("dialog", name="请再次证明身份")
    expect(dialog).to_be_visible()
    assert violations(page, "a fresh proof by key") == []
    with page.expect_response("**/api/login/again/key") as answered:
        dialog.get_by_role("button", name="用安全钥匙确认").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="恢复", exact=True)).to_be_visible()
    replayed = page.context.request.post("/api/login/again/key", data=answered.value.request.post_data_json)
    assert (replayed.status, replayed.json()["facts"]["reason"]) == (409, "challenge")
    refused = page.context.request.delete(f"/api/me/certificates/{'0' * 64}")
    assert (refused.status, refused.json()["code"], refused.json()["facts"]["by"]) == (
        403, "proof-needed", "certificate")


def _a_program_is_confirmed(page: Page, stage: Stage) -> None:
    """The command line shows a code; the person sees what asks, and touches the key."""
    told: Queue[Asked] = Queue()
    program = ApiClient(stage.address, _identity(stage, "host"), tell=told.put)
    with ThreadPoolExecutor(1) as aside:
        opened = aside.submit(program.login)
        asked = told.get(timeout=60)
        page.get_by_role("link", name="确认命令行登录").click()
        page.get_by_label("代码").fill(asked.code)
        page.get_by_role("button", name="查看").click()
        expect(page.get_by_role("heading", name="命令行请求登录")).to_be_visible()
        expect(page.get_by_text("yunkai-cli")).to_be_visible()
        assert violations(page, "/confirm") == []
        page.get_by_role("button", name="用安全钥匙确认").click()
        expect(page.get_by_text("已确认，请回到命令行继续")).to_be_visible()
        assert opened.result(60)["actor"]["roles"] == ["centre"]


def test_a_key_is_registered_asked_for_and_forgotten(
        browser: Browser, named_stage: Stage, settings: Settings) -> None:
    stage = named_stage
    context = stage.context(browser)
    bring_axe(context)
    page = stage.sign_in(context, "host", "/me")
    _plug_in(page)
    told, centre = page.get_by_text("您的职务须使用安全钥匙"), page.get_by_role("link", name="交易中心", exact=True)
    expect(told).to_be_visible()
    expect(centre).to_have_count(0)
    page.get_by_label("钥匙名称").fill("办公室钥匙")
    page.get_by_role("button", name="登记安全钥匙").click()
    expect(page.get_by_text("现在即可继续；下次登录起须使用")).to_be_visible()
    expect(told).to_have_count(0)
    expect(centre).to_be_visible()
    assert violations(page, "/me") == []
    answers: list[Request] = []
    page.on("request", lambda request: answers.append(request) if request.url.endswith("/login/key") else None)
    _sign_in_again(page, stage.folder / "host.p12")
    expect(page.get_by_text("最近使用")).to_be_visible()
    assert len(answers) == 1
    _only_the_certificate(stage, str(answers[0].post_data))
    _a_program_is_confirmed(page, stage)
    _a_touch_counts(page, settings)
    # Lost: one proposes, another approves; then the certificate alone signs in again.
    one, other = _client(stage, "security"), _client(stage, "security-2")
    host = next(each["id"] for each in one.get("/api/parties", q="开标一科")["items"])
    made = one.post(f"/api/parties/{host}/appointments", {"role": "forget_keys", "reason": "钥匙遗失"})
    with pytest.raises(ApiError):
        one.post(f"/api/appointments/{made['id']}/approve", {})
    other.post(f"/api/appointments/{made['id']}/approve", {"reason": "已核实"})
    again = _client(stage, "host").get("/api/me")
    assert (again["party"]["roles"], again["actor"]["roles"]) == (["centre"], []), "the office stays"


def _only_the_certificate(stage: Stage, answered: str) -> None:
    """Who has but the certificate, and an answer that was used already, is nobody."""
    with pytest.raises(ApiError) as refused:
        _client(stage, "host")
    assert refused.value.code == "second-factor"
    with httpx.Client(base_url=stage.address, timeout=20) as thief:
        client = ApiClient(stage.address)
        opened = thief.post("/api/login", json=client.show(_identity(stage, "host"))).json()
        assert opened["second_factor"]["allowCredentials"]
        assert opened["actor"]["party_id"] is None
        assert thief.get("/api/me").json()["signed_in"] is False
        assert thief.get("/api/parties").status_code == 401
        replayed = thief.post("/api/login/key", content=answered, headers={"Content-Type": "application/json"})
        assert (replayed.status_code, replayed.json()["facts"]["reason"]) == (409, "challenge")
        assert thief.get("/api/me").json()["signed_in"] is False
