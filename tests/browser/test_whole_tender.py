"""A tender from its opening to its contract, before everyone's eyes and by everyone's own hands: a context each."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from storage.database.settings import Settings
from storage.kernel.clock import process_now, shanghai
from storage.objects.store import ObjectStore
from tests.browser.desk_stage import answer_yes
from tests.browser.tender_stage import SIZE, Tender, opened_tender
from tests.platform_parts import StartNode

COMMAND = Path(sys.executable).parent / "yunkai"
BY_HAND = 2  # so many members review and score on the page; the others' own programs do
PUBLICITY = timedelta(seconds=45)
OBJECTION, ANSWER = "请说明第一名施工组织设计评分的依据", "施工组织设计为主观评分项，依据见评标报告"


@pytest.fixture
def tender(web_client: None, browser: Browser, settings: Settings, start_node: StartNode, object_store: ObjectStore,
           tmp_path: Path) -> Iterator[Tender]:
    """The opened lot and whoever stands before it."""
    with opened_tender(browser, start_node, settings, object_store, tmp_path / "files") as made:
        yield made


@pytest.mark.cts("A-129", "A-130", "A-131", "A-133", "A-134", "A-137", "A-140", "A-144", "A-145", "A-146", "A-151",
                 "A-152", "A-163", "A-164", "A-168", "A-169", "A-170", "A-172", "A-174", "A-180", "A-181", "A-182",
                 "A-183", "A-195", "A-196")
def test_a_tender_goes_from_its_opening_to_its_contract_and_its_file(tender: Tender, tmp_path: Path) -> None:
    _committee_is_drawn(tender)
    _experts_sit_down(tender)
    _every_bid_is_reviewed(tender)
    _scores_are_sealed_then_shown(tender)
    _report_is_signed_by_all(tender)
    _candidates_are_public(tender)
    _an_objection_is_answered(tender)
    _winner_is_confirmed(tender)
    _letters_reach_both(tender)
    _contract_is_signed(tender)
    _everyone_sees_the_result(tender)
    _its_file_is_closed(tender, tmp_path / "archive.json")
    assert tender.found == []


def _committee_is_drawn(tender: Tender) -> None:
    page = tender.page("tenderee", "committee")
    page.get_by_label("评标专业代码").fill("A08")
    now = shanghai(process_now() + timedelta(seconds=2))  # the hours begin while the request is written
    page.get_by_label("评标开始").fill(f"{now:%Y-%m-%dT%H:%M:%S}")
    for place, (region, count) in enumerate((("320700", 3), ("320500", 2))):
        if place:
            page.get_by_role("button", name="添加地区").click()
        page.get_by_label("地区（行政区划代码）").nth(place).fill(region)
        page.get_by_label("人数", exact=True).nth(place).fill(str(count))
    page.get_by_role("button", name="提交申请").click()
    page.get_by_role("button", name="抽取", exact=True).click()
    expect(page.get_by_text("此处只有代号")).to_be_visible()
    tender.evaluation.seat()
    assert not any(name in page.content() for name in tender.names), "no name reaches the tenderee (R-124)"
    tender.look("tenderee", "drawn")


def _experts_sit_down(tender: Tender) -> None:
    for page in tender.members(path="committee"):
        page.get_by_role("button", name="接受", exact=True).click()
        page.get_by_label("我已阅读，承诺遵守").check()
        page.get_by_label("本人，使用的是本人的证书").check()
        page.get_by_label("没有应当回避的情形").check()
        page.get_by_role("button", name="签到", exact=True).click()
        expect(page.get_by_role("heading", name="推选组长")).to_be_visible()
    for place, page in enumerate(tender.members(0, 3, "committee")):
        page.get_by_role("radio", name=tender.alias(0)).check()
        page.get_by_role("button", name="投票").click()
        expect(page.get_by_text("当选组长" if place == 2 else "您已推选")).to_be_visible()
    tender.look("member-2", "led")
    host = tender.page("host", "committee")
    host.get_by_role("button", name="开始评标").click()
    expect(host.get_by_text("评标已开始")).to_be_visible()
    tender.look("host", "begun")


def _every_bid_is_reviewed(tender: Tender) -> None:
    for page in tender.members(0, BY_HAND):
        expect(page.locator("iframe")).to_be_visible()
        for place in range(3):
            page.locator(".picker label").nth(place).click()
            for item in range(3):
                page.get_by_role("radio", name="通过", exact=True).nth(item).check()
        page.get_by_role("button", name="提交初步评审").click()
        answer_yes(page)
        expect(page.get_by_text("您的初步评审已提交")).to_be_visible()
    host = tender.page("host", "evaluation")
    expect(host.get_by_text(f"{SIZE} 人中 {BY_HAND} 人已提交初步评审")).to_be_visible()
    tender.look("host", "progress alone")
    for place in range(BY_HAND, SIZE):
        tender.review(place)


def _scores_are_sealed_then_shown(tender: Tender) -> None:
    for number, page in enumerate(tender.members(0, BY_HAND)):
        cells = page.locator("td input")
        expect(cells.first).to_be_visible()
        for place, score in enumerate((f"29.{number}", "26", "20")):
            cells.nth(place).fill(score)
            cells.nth(3 + place).fill("8")
        page.get_by_role("button", name="提交评分").click()
        answer_yes(page)
        expect(page.get_by_text("您的评分已提交并密封")).to_be_visible()
        assert page.get_by_role("button", name="公开我的评分").count() == 0, "nothing is shown before all (R-330)"
    for place in range(BY_HAND, SIZE):
        tender.commit(place, [(f"28.{place}0", "8.00"), ("26.00", "8.00"), ("20.00", "8.00")])
    for page in tender.members():  # what a program sealed, the member's browser opens
        page.get_by_role("button", name="公开我的评分").click()
        expect(page.get_by_role("button", name="公开我的评分")).to_have_count(0)
    expect(tender.pages["member-0"].get_by_role("heading", name="排序", exact=True)).to_be_visible()
    tender.look("member-0", "ranked")


def _report_is_signed_by_all(tender: Tender) -> None:
    leader = tender.pages["member-0"]
    leader.get_by_label("评审说明").fill("评审过程符合招标文件规定")
    leader.get_by_role("button", name="形成报告，交全体签署").click()
    for place, page in enumerate(tender.members()):
        page.get_by_role("button", name="身份签署").click()
        if place % 2:  # each second one signs while the one before it still does
            continue
        own = page.get_by_role("listitem").filter(has_text=f"成员{tender.alias(place)}")
        expect(own.filter(has_text=tender.names[place])).to_be_visible()
    expect(leader.get_by_text("全体成员已于")).to_be_visible()
    tender.look("member-0", "report is signed")


def _goes_out(page: Page, until: str = "") -> None:
    """A notice: written by the template, handed in, reviewed, published."""
    page.get_by_role("button", name="按模板编制").click()
    page.get_by_role("button", name="提交招标人审核").click()
    page.get_by_role("button", name="审核通过").click()
    if until:
        page.get_by_label("公示截止").fill(until)
    page.get_by_role("button", name="发布", exact=True).click()
    expect(page.get_by_role("button", name="发布", exact=True)).to_have_count(0)


def _candidates_are_public(tender: Tender) -> None:
    page = tender.page("tenderee", "award")
    page.get_by_label("提出异议的渠道和联系方式").fill("张工，0518-80000000")
    _goes_out(page, f"{shanghai(process_now() + PUBLICITY):%Y-%m-%dT%H:%M:%S}")
    visitor, (first, second, third) = tender.page("visitor", "award"), (each.party.name for each in tender.bidders)
    for place, name in enumerate((first, second), 1):
        expect(visitor.get_by_role("row").nth(place)).to_contain_text(name)
    assert third not in visitor.content(), "two candidates are public, no other's place or score (R-128)"


def _an_objection_is_answered(tender: Tender) -> None:
    loser = tender.page("bidder-2", "award")
    loser.get_by_label("对评标结果提出异议").fill(OBJECTION)
    loser.get_by_role("button", name="提出异议").click()
    expect(loser.get_by_text("待答复")).to_be_visible()
    page = tender.page("tenderee", "award", fresh=True)
    expect(page.get_by_text("有 1 项异议尚未答复")).to_be_visible()
    tender.look("tenderee", "an objection is open")
    visitor = tender.page("visitor", "award", fresh=True)
    expect(visitor.get_by_text("有 1 项异议尚未答复")).to_be_visible()
    assert OBJECTION not in visitor.content(), "the public sees how many, not what (R-111)"
    tender.look("visitor", "publicity")
    for path in ("committee", "evaluation", "evaluation/report"):
        assert tender.get("visitor", f"/api/lots/{tender.lot}/{path}").status in {401, 404}, path
    page.get_by_label("答复", exact=True).fill(ANSWER)
    page.get_by_role("button", name="答复", exact=True).click()
    expect(page.get_by_text(ANSWER)).to_be_visible()
    loser.reload()
    expect(loser.get_by_text(ANSWER)).to_be_visible()
    tender.look("bidder-2", "its objection is answered")


def _winner_is_confirmed(tender: Tender) -> None:
    page = tender.page("tenderee", "award")
    page.get_by_role("button", name="确定中标人").click()
    expect(page.get_by_text("确定于")).to_be_visible()
    _goes_out(page)
    tender.look("tenderee", "the result is out")


def _letters_reach_both(tender: Tender) -> None:
    page, host = tender.page("tenderee", "award"), tender.page("host", "award")
    page.get_by_role("button", name="编制全部通知书").click()
    page.get_by_role("button", name="定稿，交招标人签署").click()
    page.get_by_role("button", name="以招标人身份签署").click()
    expect(page.get_by_text("签署完成")).to_be_visible()
    host = tender.page("host", "award", fresh=True)
    host.get_by_role("button", name="验证通过").click()
    expect(host.locator(".tag", has_text="已验证")).to_be_visible()
    tender.look("host", "letters are verified")
    page.reload()
    page.get_by_role("button", name="发出全部通知书").click()
    expect(page.get_by_text("待签收").first).to_be_visible()
    for name, title in (("bidder-1", "中标通知书"), ("bidder-2", "结果通知书")):
        own = tender.page(name, "/me/letters")
        expect(own.get_by_role("heading", name=title)).to_be_visible()
        own.get_by_role("button", name="确认收到").click()
        expect(own.locator(".tag", has_text="已签收")).to_be_visible()
        tender.look(name, "its letter")


def _contract_is_signed(tender: Tender) -> None:
    page = tender.page("tenderee", "award", fresh=True)
    page.get_by_label("质量标准").fill("合格")
    page.get_by_role("button", name="编制合同").click()
    page.get_by_role("button", name="提交验证").click()
    host = tender.page("host", "award", fresh=True)
    host.get_by_role("button", name="验证通过").click()
    expect(host.get_by_role("button", name="验证通过")).to_have_count(0)
    for name, capacity in (("tenderee", "招标人"), ("bidder-1", "中标人")):
        signer = tender.page(name, "award", fresh=True)
        signer.get_by_role("button", name=f"以{capacity}身份签署").click()
        expect(signer.get_by_role("button", name=f"以{capacity}身份签署")).to_have_count(0)
    expect(tender.pages["bidder-1"].get_by_text("签订时间").first).to_be_visible()
    tender.look("bidder-1", "contract is signed")


def _everyone_sees_the_result(tender: Tender) -> None:
    visitor = tender.page("visitor", "award", fresh=True)
    expect(visitor.get_by_text(f"中标人：{tender.bidders[0].party.name}").first).to_be_visible()
    expect(visitor.get_by_text("签订时间").first).to_be_visible()
    assert OBJECTION not in visitor.content()
    tender.look("visitor", "result")
    visitor = tender.page("visitor", "committee")
    for name in tender.names:
        expect(visitor.get_by_text(name).first).to_be_visible()
    tender.look("visitor", "the committee's names")


def _its_file_is_closed(tender: Tender, package: Path) -> None:
    """The centre archives the lot of one envelope, and a stranger computes draw, scores and ranking again from that."""
    page = tender.page("host", "award", fresh=True)
    page.get_by_role("button", name="制作信息包并归档").click()
    expect(page.get_by_text("信息包可以脱离平台独立验证")).to_be_visible()
    tender.look("host", "archived")
    package.write_bytes(tender.get("host", f"/api/lots/{tender.lot}/archive").body())
    told = subprocess.run([COMMAND, "verify", package], capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr
    changed = json.loads(package.read_bytes())
    changed["evaluation"]["outcome"]["rows"][0]["total"]["value"] = "99.99"
    package.write_text(json.dumps(changed, ensure_ascii=False))
    told = subprocess.run([COMMAND, "verify", package], capture_output=True, text=True, check=False)
    assert told.returncode == 1, told.stdout
    visitor = tender.page("visitor", "award", fresh=True)
    expect(visitor.get_by_text("信息包可以脱离平台独立验证")).to_be_visible()
