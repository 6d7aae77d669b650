"""An evaluation on its pages: drawn, signed in, reviewed, scored under seal, ranked, signed; every role looks on."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from evaluation.committees.commands.leading import Vote, vote_leader
from evaluation.committees.tables import CommitteeMember
from evaluation.scoring.commands.scoring import ExplainAlert, explain_alert
from storage.database.settings import Settings
from storage.kernel.clock import process_now, shanghai
from storage.objects.store import ObjectStore
from tests.browser.accessibility import bring_axe, violations
from tests.browser.desk_stage import Evaluation, answer_yes, evaluation_before
from tests.platform_parts import StartNode
from tests.two_envelopes import FIELDS, TwoEnvelopes

DESIGN = ("27.5", "24", "26.25")


@pytest.fixture
def evaluation(web_client: None, settings: Settings, start_node: StartNode, object_store: ObjectStore,
               tmp_path: Path) -> Iterator[Evaluation]:
    """The opened lot, its bank of experts, and everyone's certificate file."""
    with evaluation_before(start_node, settings, object_store, tmp_path / "files") as made:
        yield made


class Eyes:
    """Everyone's page, what axe finds on it, and what went wrong in it."""

    def __init__(self, browser: Browser, evaluation: Evaluation) -> None:
        self.browser, self.evaluation = browser, evaluation
        self.pages: dict[str, Page] = {}
        self.found: list[str] = []

    def page(self, name: str, path: str) -> Page:
        """The page of that person, there."""
        path = path.format(lot=self.evaluation.lot)
        if name not in self.pages:
            context = self.evaluation.stage.context(self.browser)
            bring_axe(context)
            page = self.pages[name] = self.evaluation.stage.sign_in(context, name, path)
            page.on("pageerror", lambda error: self.found.append(f"{name}: {error}"))
        elif not self.pages[name].url.endswith(path):
            self.pages[name].goto(path)
        return self.pages[name]

    def look(self, name: str, what: str) -> None:
        """What axe finds here at every width."""
        self.found += violations(self.pages[name], f"{name}: {what}")


def _asked_and_drawn(eyes: Eyes) -> None:
    page = eyes.page("tenderee", "/lots/{lot}/committee")
    page.get_by_label("评标专业代码").fill("A08")
    now = shanghai(process_now() + timedelta(seconds=2))  # the hours begin while the request is written
    page.get_by_label("评标开始").fill(f"{now:%Y-%m-%dT%H:%M:%S}")
    page.get_by_label("招标人代表第1号").check()
    page.get_by_label("地区（行政区划代码）").fill("320700")
    page.get_by_label("人数", exact=True).fill("2")
    page.get_by_role("button", name="添加地区").click()
    page.get_by_label("地区（行政区划代码）").nth(1).fill("320500")
    page.get_by_label("人数", exact=True).nth(1).fill("2")
    eyes.look("tenderee", "request")
    page.get_by_role("button", name="提交申请").click()
    expect(page.get_by_role("heading", name="抽取评标专家")).to_be_visible()
    eyes.look("tenderee", "requested")
    page.get_by_role("button", name="抽取", exact=True).click()
    expect(page.get_by_text("此处只有代号")).to_be_visible()
    assert "评标专家第" not in page.content(), "no name reaches the tenderee (R-124)"
    eyes.look("tenderee", "drawn")


def _signed_in_and_led(eyes: Eyes) -> None:
    evaluation, board = eyes.evaluation, eyes.evaluation.board
    evaluation.seat()
    page = eyes.page("member-0", "/lots/{lot}/committee")
    expect(page.get_by_role("heading", name="请答复评标邀请")).to_be_visible()
    eyes.look("member-0", "invited")
    page.get_by_role("button", name="接受", exact=True).click()
    page.get_by_label("我已阅读，承诺遵守").check()
    page.get_by_label("本人，使用的是本人的证书").check()
    page.get_by_label("没有应当回避的情形").check()
    eyes.look("member-0", "sign-in")
    page.get_by_role("button", name="签到", exact=True).click()
    expect(page.get_by_role("button", name="我认为评标时间不够")).to_be_visible()
    for member in evaluation.desk.members[1:]:
        evaluation.run(board.answer(member))
        evaluation.run(board.sign_in(member))
    page.get_by_label("（本人）").check()
    eyes.look("member-0", "vote")
    page.get_by_role("button", name="投票").click()
    for member in evaluation.desk.members[1:3]:
        evaluation.run(_votes(evaluation, member))
    host = eyes.page("host", "/lots/{lot}/committee")
    expect(host.get_by_text("当选组长").or_(host.get_by_text("成员").first).first).to_be_visible()
    eyes.look("host", "committee")
    host.get_by_role("button", name="开始评标").click()
    expect(host.get_by_text("评标已开始")).to_be_visible()


async def _votes(evaluation: Evaluation, member: CommitteeMember) -> None:
    desk = evaluation.desk
    await vote_leader(desk.lot_id, Vote(desk.leader.id), desk.actor(member), desk.work())


def _reviewed(eyes: Eyes) -> None:
    desk = eyes.evaluation.desk
    page = eyes.page("member-0", "/lots/{lot}/evaluation")
    frame = page.locator("iframe")
    expect(frame).to_be_visible()
    eyes.look("member-0", "review beside the bid")
    names = page.locator(".picker label")
    for place in range(3):
        names.nth(place).click()
        for item in range(3):
            page.get_by_role("radio", name="通过", exact=True).nth(item).check()
    page.get_by_role("radio", name="不通过", exact=True).nth(2).check()
    page.get_by_label("不通过的理由").fill("工期超过招标文件要求")
    page.get_by_label("依据所在页码").fill("2")
    page.get_by_role("button", name="翻到该页").click()
    expect(frame).to_have_attribute("src", re.compile("#page=2$"))
    expect(page.get_by_text("已保存")).to_be_visible()
    page.reload()
    names.nth(2).click()
    expect(page.get_by_label("不通过的理由")).to_have_value("工期超过招标文件要求")
    eyes.look("member-0", "against")
    page.get_by_role("radio", name="通过", exact=True).nth(2).check()
    page.get_by_role("button", name="提交初步评审").click()
    answer_yes(page)
    expect(page.get_by_text("您的初步评审已提交")).to_be_visible()
    for member in desk.members[1:]:
        eyes.evaluation.run(desk.review(member))


def _scored(eyes: Eyes) -> None:
    desk = eyes.evaluation.desk
    page = eyes.page("member-0", "/lots/{lot}/evaluation")
    cells = page.locator("td input")
    expect(cells.first).to_be_visible()
    for place, score in enumerate(DESIGN):
        cells.nth(place).fill(score)
        cells.nth(3 + place).fill("8")
    cells.nth(2).fill("31")
    expect(page.get_by_text("应在 10 至 30 之间")).to_be_visible()
    eyes.look("member-0", "scores")
    cells.nth(2).fill(DESIGN[2])
    expect(page.get_by_text("草稿已用您的证书密封")).to_be_visible()
    page.reload()
    expect(cells.first).to_have_value("27.50")
    page.get_by_role("button", name="提交评分").click()
    answer_yes(page)
    expect(page.get_by_text("您的评分已提交并密封")).to_be_visible()
    eyes.look("member-0", "committed")
    for number, member in enumerate(desk.members[1:]):
        low = "12.00" if number == 3 else f"2{number}.50"
        eyes.evaluation.run(desk.commit(member, [{"2": low, "3": "8.00"}, {"2": "24.00", "3": "8.00"},
                                                 {"2": "26.00", "3": "8.00"}]))
    page.get_by_role("button", name="公开我的评分").click()
    expect(page.get_by_text("您的评分已公开")).to_be_visible()
    for member in desk.members[1:]:
        eyes.evaluation.run(desk.reveal(member))
    expect(page.get_by_role("heading", name="须说明理由的评分")).to_be_visible()
    eyes.look("member-0", "alerts")


def _explained_and_ranked(eyes: Eyes) -> None:
    page = eyes.page("member-0", "/lots/{lot}/evaluation")
    page.get_by_label("您的理由").fill("施工组织针对性强，措施可行")
    page.get_by_role("button", name="提交理由").click()
    expect(page.get_by_text("已说明")).to_be_visible()
    eyes.evaluation.run(_explain(eyes.evaluation))
    expect(page.get_by_role("heading", name="排序", exact=True)).to_be_visible()
    for summary in page.locator(".figure > summary").all()[:3]:
        summary.click()
    eyes.look("member-0", "ranking")
    page.get_by_label("评审说明").fill("评审过程符合招标文件规定")
    page.get_by_role("button", name="形成报告，交全体签署").click()
    expect(page.get_by_text("等待签署")).to_be_visible()
    eyes.look("member-0", "signing")
    page.get_by_role("button", name="身份签署").click()
    expect(page.get_by_role("button", name="身份签署")).to_have_count(0)
    eyes.look("member-0", "signed")


async def _explain(evaluation: Evaluation) -> None:
    desk = evaluation.desk
    by_alias = {each.alias: each for each in desk.members}
    for alert in (await desk.view(desk.actor(desk.leader)))["alerts"]:
        if alert["reason"] is None:
            member = by_alias[alert["alias"]]
            await explain_alert(desk.lot_id, alert["id"], ExplainAlert("依据投标文件第二章"), desk.actor(member),
                                desk.work())


def test_an_evaluation_is_worked_on_its_pages(browser: Browser, evaluation: Evaluation) -> None:
    eyes = Eyes(browser, evaluation)
    _asked_and_drawn(eyes)
    _signed_in_and_led(eyes)
    eyes.page("supervisor", "/lots/{lot}/committee").get_by_role("button", name="重新演算").click()
    expect(eyes.pages["supervisor"].get_by_text("相符").nth(3)).to_be_visible()
    eyes.look("supervisor", "replay")
    _reviewed(eyes)
    _scored(eyes)
    _explained_and_ranked(eyes)
    for name in ("tenderee", "host", "supervisor"):
        page = eyes.page(name, "/lots/{lot}/evaluation")
        expect(page.get_by_role("heading", name="进度")).to_be_visible()
        eyes.look(name, "desk")
    assert eyes.found == []


async def _to_the_technical_result(evaluation: Evaluation) -> TwoEnvelopes:
    board = evaluation.board
    await board.drawn()
    seated = await board.seat_everyone()
    await board.elect(next(each for each in seated if each.capacity == "expert"))
    await board.begin()
    two = TwoEnvelopes(evaluation.desk)
    evaluation.seat_these(seated)
    await two.judge({(2, "2.1"): "资质等级不足"})
    return two


def test_a_technical_result_is_worked_on_its_page(
        browser: Browser, web_client: None, settings: Settings, start_node: StartNode, object_store: ObjectStore,
        tmp_path: Path) -> None:
    with evaluation_before(start_node, settings, object_store, tmp_path / "files", two_envelopes=True,
                           announced_fields=FIELDS) as evaluation:
        two = evaluation.run(_to_the_technical_result(evaluation))
        eyes = Eyes(browser, evaluation)
        page = eyes.page("member-0", "/lots/{lot}/evaluation")
        expect(page.get_by_role("heading", name="技术商务评审结果").first).to_be_visible()
        assert "stepHint" not in page.content(), "every step has its words"
        eyes.look("member-0", "technical")
        paper = evaluation.run(evaluation.desk.lay_out("technical"))
        expect(page.get_by_text("等待签署")).to_be_visible()
        eyes.look("member-0", "technical signing")
        for place in range(1, len(two.desk.members) + 1):
            evaluation.run(two.desk.sign(paper, place))
        expect(page.get_by_role("button", name="采用公布的报价并排序")).to_be_visible()
        assert "stepHint" not in page.content()
        eyes.look("member-0", "prices")
        assert eyes.found == []
