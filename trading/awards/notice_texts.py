"""The standard texts of the candidate publicity and the result notice (R-110, Order 10/2017 article 6)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from trading.tenders.notice_text import moment


@dataclass(frozen=True, slots=True)
class Line:
    """One candidate as a notice shows it; ``values`` are label and value of the announced lines."""

    rank: int
    name: str
    uscc: str
    price: Decimal | None
    score: Decimal | None
    values: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeSource:
    """What both notices are made of. ``experts`` are named where the law wants it (R-163)."""

    lot: str
    code: str
    tenderee: str
    agency: str
    names_winner: bool
    opened_at: datetime | None
    lines: Sequence[Line]
    channel: str
    remarks: str
    publicity: str
    address: str
    experts: Sequence[str] = field(default_factory=tuple)


def candidates_title(source: NoticeSource) -> str:
    """The publicity of a committee that names the winner is called by its name."""
    return f"{source.lot}{'拟中标人' if source.names_winner else '中标候选人'}公示"


def candidates_body(source: NoticeSource) -> str:
    """The publicity's text; its times are added when it goes out."""
    who = "拟中标人" if source.names_winner else "中标候选人"
    parts = [
        f"{source.tenderee}的{source.lot}（{source.code}）于{moment(source.opened_at)}开标，评标委员会已完成评审并签署评标报告。"
        f"现将{who}公示如下：",
        f"一、{who}", *(_candidate(line) for line in source.lines),
        "二、提出异议的渠道和方式",
        f"投标人或者其他利害关系人对评标结果有异议的，应当在公示期内通过平台（{source.address}）提出；"
        f"招标人自收到之日起三日内答复，答复前暂停招标投标活动。{source.channel}",
        "三、公示期", source.publicity]
    if source.remarks.strip():
        parts += ["四、其他", source.remarks.strip()]
    return "\n".join([*parts, *_signed(source)])


def result_title(source: NoticeSource) -> str:
    """The title of the result notice."""
    return f"{source.lot}中标结果公告"


def result_body(source: NoticeSource) -> str:
    """Who won, at what price; in government procurement who judged."""
    winner = source.lines[0]
    parts = [f"{source.tenderee}的{source.lot}（{source.code}）中标候选人公示期已满，中标人已经确定，现予公告：",
             "一、中标人", _candidate(winner)]
    if source.experts:
        parts += ["二、评审专家", "、".join(source.experts)]
    if source.remarks.strip():
        parts += ["其他", source.remarks.strip()]
    if source.channel.strip():
        parts += ["联系方式", source.channel.strip()]
    return "\n".join([*parts, *_signed(source)])


def with_times(body: str, begins_at: datetime, ends_at: datetime) -> str:
    """The reviewed text, and below it the times that are known only when it goes out."""
    return f"{body}\n公示时间：{moment(begins_at)}至{moment(ends_at)}。"


def _candidate(line: Line) -> str:
    price = "未报价" if line.price is None else f"{line.price:,.2f} 元"
    told = [f"第 {line.rank} 名：{line.name}（{line.uscc}）", f"投标报价：{price}"]
    if line.score is not None:
        told.append(f"评标得分：{line.score:.2f}")
    told += [f"{label}：{value}" for label, value in line.values]
    return "；".join(told) + "。"


def _signed(source: NoticeSource) -> list[str]:
    agency = [f"招标代理机构：{source.agency}"] if source.agency else []
    return [f"招标人：{source.tenderee}", *agency]
