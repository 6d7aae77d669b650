"""The standard text of a notice (B-005): chapters, the lot's known data, and the fields left to fill in.

After chapter one (招标公告, 资格预审公告) of the standard documents of order 56/2007. Pure: text in, text out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from storage.kernel.clock import shanghai
from storage.kernel.money import in_words
from trading.tenders.model import NoticeKind

PUBLIC_SERVICE = "中国招标投标公共服务平台（http://www.cebpubservice.com）"
REHEARSAL_MARK = "【演练】"
# key: (label, required)
FIELDS: dict[str, tuple[str, bool]] = {
    "location": ("建设（交货、服务）地点", True),
    "scope": ("招标范围", True),
    "duration": ("工期（交货期、服务期）", True),
    "quality": ("质量要求", True),
    "qualification": ("投标人资格要求", True),
    "consortium": ("联合体投标", True),
    "contact": ("联系人、电话、地址", True),
    "remarks": ("其他说明", False),
}
_REMEDIES = {"none": "本次招标不设解密失败的补救方案。",
             "backup": "解密失败的，投标人可以在解密时限内提交自行保管的备份（解密密钥、恢复码，或以原文重新加密）；"
                       "其内容须与已提交的清单逐字节一致。"}


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeData:
    """What a notice's text is made of."""

    kind: str
    project: str
    approval: str
    funding: str
    tenderee: str
    agency: str
    lot: str
    lot_code: str
    content: str
    price_limit: Decimal | None
    deposit: Decimal | None
    documents_from: datetime | None
    documents_until: datetime | None
    deadline_at: datetime | None
    opening_place: str
    decryption_minutes: int
    remedy: str
    rehearsal: bool
    platform: str
    address: str
    fields: Mapping[str, str]


def moment(value: datetime | None) -> str:
    """An instant as papers show it, to the second, Beijing time."""
    return shanghai(value).strftime("%Y年%m月%d日 %H:%M:%S") if value else "（未定）"


def _amount(value: Decimal) -> str:
    return f"人民币{value:,.2f}元（大写：{in_words(value)}）"


def filled(data: NoticeData, key: str) -> str:
    """A field's text; the scope falls back on the lot's own content (A-61)."""
    text = data.fields.get(key, "").strip()
    return text or (data.content.strip() if key == "scope" else "")


def empty_fields(data: NoticeData) -> tuple[str, ...]:
    """The required fields that are still empty."""
    return tuple(key for key, (_, required) in FIELDS.items() if required and not filled(data, key))


def default_title(data: NoticeData) -> str:
    """The standard title; a rehearsal carries its mark."""
    name = "资格预审公告" if data.kind == NoticeKind.PREQUALIFICATION else "招标公告"
    return f"{REHEARSAL_MARK if data.rehearsal else ''}{data.lot}{name}"


def compose(data: NoticeData) -> str:
    """The whole text, chapters parted by an empty line."""
    document = "资格预审文件" if data.kind == NoticeKind.PREQUALIFICATION else "招标文件"
    bid = "资格预审申请文件" if data.kind == NoticeKind.PREQUALIFICATION else "投标文件"
    head = ["本公告为演练，用于培训和测试，不是真实交易，不产生法律效力。"] if data.rehearsal else []
    return "\n\n".join([*head, _conditions(data), _scope(data), _qualification(data), _obtaining(data, document),
                        _submitting(data, bid), _opening(data), _media(data), _contact(data)])


def _conditions(data: NoticeData) -> str:
    basis = f"已由{data.approval}批准，" if data.approval else ""
    money = f"资金来源为{data.funding}，" if data.funding else ""
    return (f"1. 招标条件\n本招标项目{data.project}{basis}招标人为{data.tenderee}，{money}"
            f"项目已具备招标条件，现对{data.lot}（标段编号：{data.lot_code}）进行公开招标。")


def _scope(data: NoticeData) -> str:
    lines = ["2. 项目概况与招标范围"]
    lines += [f"{FIELDS[key][0]}：{filled(data, key)}" for key in ("location", "scope", "duration", "quality")]
    if data.price_limit is not None:
        lines.append(f"最高投标限价：{_amount(data.price_limit)}")
    if data.deposit is not None:
        lines.append(f"投标保证金：{_amount(data.deposit)}")
    return "\n".join(lines)


def _qualification(data: NoticeData) -> str:
    return f"3. 投标人资格要求\n{filled(data, 'qualification')}\n联合体投标：{filled(data, 'consortium')}"


def _obtaining(data: NoticeData, document: str) -> str:
    return (f"4. {document}的获取\n凡有意参加投标者，请于{moment(data.documents_from)}至"
            f"{moment(data.documents_until)}（北京时间），凭数字证书登录{data.platform}（{data.address}）"
            f"免费下载{document}。除平台注册外，不设其他条件。")


def _submitting(data: NoticeData, bid: str) -> str:
    return (f"5. {bid}的递交\n{bid}须加密后通过{data.platform}递交，递交截止时间（投标截止时间）为"
            f"{moment(data.deadline_at)}（北京时间，以平台服务器时间为准）。到达该时刻即为逾期，"
            f"未传输完成或逾期送达的{bid}，平台予以拒收。截止前可以补充、修改或者撤回。")


def _opening(data: NoticeData) -> str:
    return (f"6. 开标\n开标时间与投标截止时间相同，为{moment(data.deadline_at)}；开标地点：{data.opening_place}。"
            f"解密时限{data.decryption_minutes}分钟。{_REMEDIES.get(data.remedy, '')}")


def _media(data: NoticeData) -> str:
    return f"7. 发布公告的媒介\n本公告同时在{data.platform}（{data.address}）和{PUBLIC_SERVICE}发布，内容相同。"


def _contact(data: NoticeData) -> str:
    lines = ["8. 联系方式", f"招标人：{data.tenderee}"]
    if data.agency:
        lines.append(f"招标代理机构：{data.agency}")
    lines += [f"联系人、电话、地址：{filled(data, 'contact')}", f"电子交易平台：{data.platform}，网址：{data.address}"]
    if filled(data, "remarks"):
        lines.append(f"其他说明：{filled(data, 'remarks')}")
    return "\n".join(lines)
