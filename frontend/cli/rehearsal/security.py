"""Deposits and guarantee letters of a whole rehearsal: brought under seal, shown at the opening, given back."""

import time
from typing import Any

from frontend.cli.client import ApiError
from frontend.cli.rehearsal import securing
from frontend.cli.rehearsal.company import Company
from frontend.cli.rehearsal.model import Bidder, Security
from frontend.cli.rehearsal.opening import Hall
from frontend.cli.rehearsal.partners import ISSUER
from frontend.cli.rehearsal.platform import Platform
from frontend.cli.rehearsal.report import Report, Stage
from frontend.cli.rehearsal.tender import Staff

PATIENCE = 90.0
_PAUSE_SECONDS = 0.3
# What the public is shown of each at the opening: form and verdict.
_AT_OPENING = {Security.NONE: ("none", "NONE"), Security.LETTER: ("bank", "VALID"), Security.CASH: ("cash", "MATCHED"),
               Security.PIECEMEAL: ("cash", "MATCHED"), Security.SHORT: ("cash", "SHORT")}


def list_issuer(report: Report, platform: Platform, staff: Staff) -> None:
    """Two persons of the centre put the issuer on the list (R-410)."""
    with report.stage("保函机构 issuer") as stage:
        proposed = staff.host.act("/api/guarantee-issuers", _partners(platform).issuer_entry)
        path = f"/api/guarantee-issuers/{proposed['id']}/decide"
        try:
            staff.host.act(path, {"accepted": True})
            numbers = []
        except ApiError as error:
            numbers = [rule["number"] for rule in error.rules]
        listed = staff.recorder.act(path, {"accepted": True})
        stage.prove("R-410/2" in numbers, "提出的人自己批准被拒（R-410/2）")
        stage.need(listed["status"] == "active", f"出具机构“{ISSUER}”由中心两人先后登记、批准")


def _partners(platform: Platform) -> Any:
    if platform.partners is None:
        raise ValueError("a whole rehearsal has partners of its own")
    return platform.partners


def secure(hall: Hall, platform: Platform) -> None:
    """Every bidder brings what its part says, while nobody else is shown any of it."""
    company, lot = hall.company, hall.lot
    with hall.report.stage("保证金与保函 deposits") as stage:
        company.each(securing.ask, company.bidders, lot["id"])
        told = company.each(securing.bring, company.bidders, lot["id"], _partners(platform).address("bank"),
                            platform.folder / "trust", PATIENCE)
        verdicts = dict(zip(company.bidders, told, strict=True))
        letters, payers = company.with_security(Security.LETTER), _payers(company)
        stage.bytes = sum(each.letter.stat().st_size for each in letters)
        stage.prove(all(verdicts[each] == ["letter"] for each in letters),
                    f"{len(letters)} 家经平台密封申请、由出具机构签发保函：平台只见密文；"
                    "各家在本机解开并按 R-414 逐条核验")
        stage.prove(all(_is_as_expected(each, verdicts[each]) for each in payers),
                    f"{len(payers)} 家经银行缴纳现金，账号不含身份；"
                    "非基本账户转出的判为 NOT_BASIC，不足额的判为 SHORT（R-401）")
        without = company.with_security(Security.NONE)
        stage.prove(all(verdicts[each] == ["none"] for each in without),
                    f"{len(without)} 家什么也没有带：自己的页面当时就显示未缴纳，平台不阻止递交")
        _nobody_sees(stage, hall.staff, lot)


def _payers(company: Company) -> list[Bidder]:
    return company.with_security(Security.CASH, Security.PIECEMEAL, Security.SHORT)


def _is_as_expected(bidder: Bidder, verdicts: list[str]) -> bool:
    return verdicts == {Security.CASH: ["MATCHED"], Security.SHORT: ["SHORT"],
                        Security.PIECEMEAL: ["NOT_BASIC", "SHORT", "MATCHED"]}[bidder.security]


def _nobody_sees(stage: Stage, staff: Staff, lot: dict[str, Any]) -> None:
    path = f"/api/lots/{lot['id']}"
    shown = [client.get(f"{path}/deposits") for client in (staff.tenderee, staff.agency, staff.host, staff.supervisor)]
    letters = [client.get(f"{path}/guarantees")["items"] for client in (staff.public, *staff.signed_in)]
    empty = [each[name] for each in shown for name in ("bids", "payments", "refunds")] + letters
    lots = [each["lot"]["id"] for each in staff.host.get("/api/deposits")["lots"]]
    stage.prove(not any(empty) and lot["id"] not in lots,
                "截标前招标人、代理、中心、监督看不到谁缴了保证金、谁有保函，也看不到有几家（R-122、R-412）")


def show_verdicts(hall: Hall) -> None:
    """From the opening on everyone sees each verdict, rule by rule."""
    with hall.report.stage("开标保函核验 letters") as stage:
        rows = _verified(hall)
        wrong = [f"{bidder.name} {row['security']}" for bidder, row in rows
                 if (row["security"]["form"], row["security"]["verdict"]) != _AT_OPENING[_opened(bidder, row)]]
        told = "、".join(f"{form} {verdict}" for form, verdict in sorted({
            (row["security"]["form"], row["security"]["verdict"]) for _, row in rows}))
        stage.prove(not wrong, f"开标大厅逐家公布 {len(rows)} 家保证金的形式与结论（{told}）"
                    + "".join(f"；不符：{each}" for each in wrong))
        letters = hall.staff.public.get(f"{hall.path}/guarantees")["items"]
        counts = {len(each["rules"]) for each in letters}
        stage.prove(bool(letters) and all(rule["satisfied"] for each in letters for rule in each["rules"]),
                    f"{len(letters)} 份保函随投标文件密封、到点才开启，各核验 {max(counts, default=0)} 条规则："
                    "签名与信任、摘要、受益人、金额、标段、有效期、见索即付（R-414）")
        pdfs = [hall.staff.tenderee.get_bytes(f"{hall.path}/guarantees/{each['bid']}/pdf") for each in letters]
        stage.bytes = sum(map(len, pdfs))
        stage.prove(all(pdf.startswith(b"%PDF-") for pdf in pdfs), "受益人取得签名的保函 PDF")


def _opened(bidder: Bidder, row: dict[str, Any]) -> Security:
    """A letter that was never decrypted is nobody's."""
    return bidder.security if row["state"] == "decrypted" or bidder.security is not Security.LETTER else Security.NONE


def _verified(hall: Hall) -> list[tuple[Bidder, dict[str, Any]]]:
    """The hall's lines with their bidders, once every letter has been judged."""
    by_code = {each.uscc: each for each in hall.company.bidders}
    letters = len(hall.company.with_security(Security.LETTER))
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and len(hall.staff.public.get(f"{hall.path}/guarantees")["items"]) < letters:
        time.sleep(_PAUSE_SECONDS)
    return [(by_code[row["bidder"]["uscc"]], row) for row in hall.now()["bids"]]


def give_back(hall: Hall, platform: Platform) -> None:
    """The signed contract frees everything by itself: money by the bank, letters at the issuer (R-129, R-402)."""
    with hall.report.stage("退还 refunds") as stage:
        payers, partners = _payers(hall.company), _partners(platform)
        reasons = hall.company.each(securing.refunded, payers, hall.lot["id"], PATIENCE)
        told = {reason for each in reasons for reason in each}
        stage.prove({"contract", "rejected_money", "withdrawn"} <= told,
                    f"{len(payers)} 家的现金由合同签订这一账本记录自动触发退还；退错账户的、撤回投标的此前已退")
        moves = partners.ask("bank", "/moves")
        balance = _held(moves)
        stage.prove(balance == 0 and _booked(moves, "refund") == _booked(moves, "in"),
                    f"银行自己的账：{len(moves)} 笔往来，原路退回原账户，余额为零")
        letters = _surrendered(hall, platform)
        stage.prove(letters == len(hall.company.with_security(Security.LETTER)),
                    f"{letters} 份保函已退还出具机构，机构自己的记录与平台一致")
        _compare_balance(hall, platform, stage)


def _held(moves: list[dict[str, Any]]) -> int:
    signs = {"in": 1, "refund": -1, "transfer": -1}
    return sum(signs[each["kind"]] * int(each["amount"].replace(".", "")) for each in moves)


def _booked(moves: list[dict[str, Any]], kind: str) -> list[tuple[str, str, str]]:
    return sorted((each["account"], each["counter_account"], each["amount"]) for each in moves if each["kind"] == kind)


def _surrendered(hall: Hall, platform: Platform) -> int:
    until = time.monotonic() + PATIENCE
    while True:
        items = hall.staff.public.get(f"{hall.path}/guarantees")["items"]
        own = {each["number"] for each in _partners(platform).ask("issuer", "/state")["surrendered"]}
        given = {each["number"] for each in items if each["status"] == "surrendered"}
        if given == own == {each["number"] for each in items} or time.monotonic() > until:
            return len(given & own)
        time.sleep(_PAUSE_SECONDS)


def _compare_balance(hall: Hall, platform: Platform, stage: Stage) -> None:
    """The bank states what it holds; the platform compares (R-404)."""
    stated = _partners(platform).tell("bank", "/statements", {})
    until = time.monotonic() + PATIENCE
    balances: list[dict[str, Any]] = []
    while not balances and time.monotonic() < until:
        time.sleep(_PAUSE_SECONDS)
        balances = hall.staff.host.get("/api/deposits")["balances"]
    stage.prove(bool(balances) and balances[0]["agrees"],
                f"银行报送当日余额 {stated['balance']} 元，与平台账相符（R-404）")
