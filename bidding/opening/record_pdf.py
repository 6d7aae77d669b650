"""The opening record on paper: laid out from data, with the record and its ledger proof carried inside."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bidding.opening.model import CAUSES
from bidding.opening.record import COLUMNS
from storage.documents.render import render
from storage.kernel.clock import from_wire, shanghai

RECORD_FILE, PROOF_FILE = "record.json", "proof.json"
_TEMPLATE = Path(__file__).parent / "record.typ"
_STATES = {"decrypted": "已解密", "revoked": "撤销", "withdrawn_by_fault": "撤回（非投标人原因）"}
Document = Mapping[str, Any]


def render_record(text: str, proof: Document, *, is_demo: bool) -> bytes:
    """The unsigned PDF/A-3 of a record (JCS text) and its ledger entry document."""
    record = json.loads(text)
    address = f"{record['platform']['origin']}/verify#lot={record['lot']['id']}"
    return render(_TEMPLATE, _view(record, proof) | {"demo": is_demo},
                  created_at=from_wire(record["times"]["concluded_at"]), qr=address,
                  attachments={RECORD_FILE: text, PROOF_FILE: json.dumps(proof, ensure_ascii=False)})


def _at(text: str | None, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    return shanghai(from_wire(text)).strftime(form) if text else ""


def _view(record: Document, proof: Document) -> dict[str, Any]:
    """Everything as the paper shows it: Shanghai time, Chinese words."""
    form, staff = record["form"], record["staff"]
    columns = [column for column in form["columns"] if column in COLUMNS]
    return {
        "platform": record["platform"]["name"], "number": record["lot"]["code"], "title": form["title"],
        "rehearsal": record["lot"]["rehearsal"], "discipline": form["discipline"], "closing": form["closing"],
        "columns": [COLUMNS[column] for column in columns], "facts": _facts(record),
        "rows": [[_cell(column, row) for column in columns] for row in record["rows"]],
        "periods": [f"第 {each['number']} 段　{_at(each['opens_at'])} 至 {_at(each['closes_at'])}　"
                    f"{each['reason']}（{each['by']}）" for each in record["periods"]],
        "custodians": "；".join(
            f"{each['index']} {each['name']}（{_at(each['released_at'], '%H:%M:%S') or '未释放'}）"
            for each in record["custodians"]),
        "objections": [f"{_at(each['at'], '%H:%M:%S')} {each['name']}：{each['text']}　答复（{each['answered_by']}）："
                       f"{each['answer']}" for each in record["objections"]],
        "host": staff["host"], "recorder": staff["recorder"], "proof": _proof_lines(proof)}


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
            return f"{row['name']} {row['uscc']}"
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
    origin, size, root = str(proof["checkpoint"]).split("\n")[:3]
    entry = json.loads(proof["entry"]["entry"])
    return [f"账本 {origin}　检查点条目数 {size}　根 {root}", f"本记录条目 {entry['seq']}　叶 {proof['entry']['leaf']}",
            *(f"路径 {index}: {each}" for index, each in enumerate(proof["entry"]["proof"]))]
