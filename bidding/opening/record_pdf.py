"""The opening record on paper: laid out from data, with the record and its ledger proof carried inside."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bidding.bids.model import PRICE, TECHNICAL, WHOLE
from bidding.opening.complaints import WORDS, Why
from bidding.opening.model import CAUSES
from bidding.opening.record import COLUMNS
from storage.documents.render import render
from storage.kernel.clock import from_wire, shanghai
from storage.ledger.printing import in_fragment, in_words, printed_of_note

_USED = {"key": "投标人依补救方案以自行保管的备份解密（已签名）",
         "alone": "保管人份额未足，投标人依补救方案自行提交保管密钥（已签名）"}
RECORD_FILE, PROOF_FILE = "record.json", "proof.json"
_TEMPLATE = Path(__file__).parent / "record.typ"
_STATES = {"decrypted": "已解密", "revoked": "撤销", "withdrawn_by_fault": "撤回（非投标人原因）"}
_ENVELOPES = {TECHNICAL: "（第一信封：技术商务）", PRICE: "（第二信封：报价）"}
# What runs over several lines shares the width that is left; the others are as wide as what stands in them.
_SHARES = {"bidder": 22, "state": 12, "words": 15, "fields": 14}
_OF_PRICES = frozenset({"price", "words", "deviation"})
_MOMENTS = {"submitted": "递交时", "released": "解密时"}
_FLAGS = {
    "cached-crl": "签发机构无法访问，以其最后的吊销列表判断",
    "cached-ocsp": "签发机构无法访问，以其最后的 OCSP 答复判断",
    "expired": "证书已过期（递交时有效）", "revoked": "证书已被吊销（递交时有效）",
    "revocation-unknown": "无法确认证书是否被吊销（递交时有效）", "suspended": "签发机构已暂停（递交时有效）",
    "not-listed": "签发机构已不在信任列表（递交时有效）", "untrusted": "签发机构已不在信任列表（递交时有效）"}
Document = Mapping[str, Any]


def render_record(text: str, proof: Document, *, is_demo: bool) -> bytes:
    """The unsigned PDF/A-3 of a record (JCS text) and its ledger entry document."""
    record = json.loads(text)
    printed = in_fragment(printed_of_note(str(proof["checkpoint"])))
    address = f"{record['platform']['origin']}/verify#lot={record['lot']['id']}{printed}"
    return render(_TEMPLATE, _view(record, proof) | {"demo": is_demo},
                  created_at=from_wire(record["times"]["concluded_at"]), qr=address,
                  attachments={RECORD_FILE: text, PROOF_FILE: json.dumps(proof, ensure_ascii=False)})


def _at(text: str | None, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    return shanghai(from_wire(text)).strftime(form) if text else ""


def _view(record: Document, proof: Document) -> dict[str, Any]:
    """Everything as the paper shows it: Shanghai time, Chinese words."""
    form, staff = record["form"], record["staff"]
    envelope = record["lot"].get("envelope", WHOLE)
    columns = [column for column in form["columns"] if column in COLUMNS and not (
        envelope == TECHNICAL and column in _OF_PRICES)]
    return {
        "platform": record["platform"]["name"], "number": record["lot"]["code"],
        "title": form["title"] + _ENVELOPES.get(envelope, ""),
        "rehearsal": record["lot"]["rehearsal"], "discipline": form["discipline"], "closing": form["closing"],
        "columns": [COLUMNS[column] for column in columns],
        "shares": [_SHARES.get(column, 0) for column in columns], "facts": _facts(record),
        "rows": [[_cell(column, row) for column in columns] for row in record["rows"]],
        "periods": [f"第 {each['number']} 段　{_at(each['opens_at'])} 至 {_at(each['closes_at'])}　"
                    f"{each['reason']}（{each['by']}）" for each in record["periods"]],
        "custodians": "；".join(
            f"{each['index']} {each['name']}（{_at(each['released_at'], '%H:%M:%S') or '未释放'}）"
            for each in record["custodians"]),
        "complaints": _complaints(record), "certificates": certificate_lines(record),
        "consequences": _consequences(record),
        "remedies": _remedies(record),
        "objections": [f"{_at(each['at'], '%H:%M:%S')} {each['name']}：{each['text']}　答复（{each['answered_by']}）："
                       f"{each['answer']}" for each in record["objections"]],
        "host": staff["host"], "recorder": staff["recorder"], "proof": _proof_lines(proof)}


def _complaints(record: Document) -> list[str]:
    """One line for each custodian and bid, whichever of its envelopes it complains of."""
    lines = {(each["place"], each["index"], each["why"]): (
        f"{_at(each['at'], '%H:%M:%S')} 保管人 {each['index']} {each['name']}：第 {each['place']} 号投标文件，"
        f"{WORDS[Why(each['why'])]}（已签名）") for each in record.get("complaints", ())}
    return [lines[key] for key in sorted(lines)]


def certificate_lines(record: Document) -> list[str]:
    """One line for what must be told of a bid's certificate (R-515)."""
    return [f"第 {each['place']} 号 {each['name']}：{_MOMENTS[each['at']]}"
            + "、".join(_FLAGS.get(flag, flag) for flag in each["flags"]) for each in record.get("certificates", ())]


def _remedies(record: Document) -> list[str]:
    """One line for each remedy of the tender document that was used (R-144)."""
    return [f"{_at(each['at'], '%H:%M:%S')} 第 {each['place']} 号投标文件：{_remedy(each)}"
            for each in record.get("remedies", ())]


def _remedy(each: Document) -> str:
    if each["cause"]:
        what = "开标一览表" if each["what"].endswith("/statement") else "投标文件正文"
        return f"{what}{CAUSES[each['cause']].title}（平台原因），由投标人依补救方案逐字节复原"
    return _USED[each["what"]]


def _consequences(record: Document) -> list[str]:
    """What follows for each bid that was not opened (R-144)."""
    return [f"第 {row['place']} 号 {row['name']}：{CAUSES[row['cause']].title}。{CAUSES[row['cause']].consequence}。"
            for row in record["rows"] if row["cause"]]


def _facts(record: Document) -> list[tuple[str, str]]:
    lot, times = record["lot"], record["times"]
    return [("标段编号", lot["code"]), ("标段名称", lot["title"]),
            ("招标人", lot["tenderee"]), ("招标代理", lot["agency"]),
            ("开标时间", _at(times["opens_at"])), ("开标地点", lot["place"] or "网上开标大厅"),
            ("实际开启", _at(times["opened_at"])), ("唱标时间", _at(times["announced_at"])),
            ("最高投标限价", f"{record['limit']} 元" if record["limit"] else "无"),
            ("投标份数", str(len(record["rows"]))),
            ("主持人", record["staff"]["host"]), ("记录人", record["staff"]["recorder"])]


def _cell(column: str, row: Document) -> str:
    match column:
        case "bidder":
            return f"{row['name']}\n{row['uscc']}"
        case "submitted_at" | "decrypted_at":
            return _at(row[column], "%m-%d %H:%M:%S")
        case "state":
            title = CAUSES[row["cause"]].title if row["cause"] else ""
            return _STATES.get(row["state"], str(row["state"])) + (f"：{title}" if title else "")
        case "fields":
            return "；".join(f"{each['label']} {each['value']}" for each in row["fields"] if each["key"] != "price")
        case "confirmed":
            return _at(row["confirmation"]["at"], "%H:%M:%S") if row["confirmation"] else "未提出意见"
        case _:
            return "" if row[column] is None else str(row[column])


def _proof_lines(proof: Document) -> list[str]:
    entry = json.loads(proof["entry"]["entry"])
    return [f"账本 {entry['log']}　检查点 {in_words(printed_of_note(str(proof['checkpoint'])))}",
            f"本记录条目 {entry['seq']}　叶 {proof['entry']['leaf']}",
            *(f"路径 {index}: {each}" for index, each in enumerate(proof["entry"]["proof"]))]
