"""The opening record 开标记录 as one canonical document (R-145, R-510)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from storage.crypto.canonical import Json, canonical_bytes

RECORD_KIND = "opening-record"
COLUMNS: dict[str, str] = {
    "place": "序号", "bidder": "投标人", "submitted_at": "递交时间", "decrypted_at": "解密时间", "state": "状态",
    "price": "投标报价（元）", "words": "大写", "deviation": "较限价（%）", "fields": "其他唱标内容",
    "confirmed": "投标人确认",
}


@dataclass(frozen=True, slots=True)
class RecordForm:
    """The words around the table and its columns, as a template gives them (A-115)."""

    title: str = "开标记录"
    discipline: str = ("开标由主持人主持，全程在线公开；任何人不得干扰开标。投标人对开标有异议的，应当当场提出，"
                       "主持人当场答复，并记入本记录。")
    columns: tuple[str, ...] = tuple(COLUMNS)
    closing: str = "以上内容由平台自密封投标文件中提取，经主持人、记录人签署后公布。"


@dataclass(frozen=True, slots=True)
class RecordFacts:
    """Everything a record tells; instants RFC 3339 UTC, values as they are shown."""

    platform: Mapping[str, Json]
    lot: Mapping[str, Json]
    times: Mapping[str, Json]
    set_sha256: str
    staff: Mapping[str, Json]
    custodians: Sequence[Mapping[str, Json]]
    periods: Sequence[Mapping[str, Json]]
    limit: str | None
    rows: Sequence[Mapping[str, Json]]
    complaints: Sequence[Mapping[str, Json]]
    certificates: Sequence[Mapping[str, Json]]
    remedies: Sequence[Mapping[str, Json]]
    objections: Sequence[Mapping[str, Json]]
    sign_ins: Sequence[Mapping[str, Json]]
    form: RecordForm = field(default_factory=RecordForm)


def record_text(facts: RecordFacts) -> str:
    """The record as JCS text. Rows carry ``decrypted_at`` and ``confirmation`` beside what was announced."""
    form = facts.form
    return canonical_bytes({
        "v": 1, "kind": RECORD_KIND, "platform": dict(facts.platform), "lot": dict(facts.lot),
        "times": dict(facts.times), "set_sha256": facts.set_sha256, "staff": dict(facts.staff),
        "custodians": [dict(each) for each in facts.custodians], "periods": [dict(each) for each in facts.periods],
        "limit": facts.limit, "rows": [dict(each) for each in facts.rows],
        "complaints": [dict(each) for each in facts.complaints],
        "certificates": [dict(each) for each in facts.certificates],
        "remedies": [dict(each) for each in facts.remedies],
        "objections": [dict(each) for each in facts.objections], "sign_ins": [dict(each) for each in facts.sign_ins],
        "form": {"title": form.title, "discipline": form.discipline, "columns": list(form.columns),
                 "closing": form.closing}}).decode()
