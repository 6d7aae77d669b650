"""What a tender document is made of: known data (A-61), fields to fill in (A-60), and its digest (A-69).

After the standard construction tender document (order 56/2007): notice, instructions to bidders with the table
in front, evaluation method, contract terms, bill of quantities, drawings, technical standards, form of the bid.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from storage.crypto.canonical import canonical_sha256
from storage.kernel.clock import to_wire
from trading.tenders.content import Structure

TEMPLATE = "tender_document/2026.1"
# key: (chapter, label, what stands there while nothing is filled in)
FIELDS: dict[str, tuple[str, str, str]] = {
    "qualification": ("投标人须知", "投标人资格要求", "见招标公告。"),
    "consortium": ("投标人须知", "联合体投标", "不接受联合体投标。"),
    "site_visit": ("投标人须知", "踏勘现场", "不组织。"),
    "subcontracting": ("投标人须知", "分包", "不允许。"),
    "deviation": ("投标人须知", "偏离", "不允许重大偏离。"),
    "tie_rule": ("评标办法", "得分相同时的处理",
                 "报价低者优先；报价也相同的，技术得分高者优先；仍相同的，公开抽签确定。"),
    "contract_terms": ("合同条款", "专用合同条款",
                       "采用国家标准施工招标文件通用合同条款，专用条款由双方在签约时依招标文件填写。"),
    "bill_notes": ("工程量清单", "清单说明", "清单与图纸、技术标准一并阅读；单价与总价不一致的，按评标办法修正。"),
    "drawings": ("图纸", "图纸目录", "见随文件发布的附件。"),
    "technical_standards": ("技术标准和要求", "技术标准和要求", "执行国家和行业现行标准、规范。"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentData:
    """All that stands in the document, one value; money in yuan."""

    project: str
    project_code: str
    approval: str
    funding: str
    tender_project: str
    tender_code: str
    tenderee: str
    agency: str
    lot: str
    lot_code: str
    content: str
    trade_kind: str
    edition: str
    rehearsal: bool
    price_limit: Decimal | None
    deposit: Decimal | None
    validity_days: int
    documents_from: datetime | None
    documents_until: datetime | None
    deadline_at: datetime | None
    opening_place: str
    decryption_minutes: int
    objection_minutes: int
    sign_in_minutes: int
    min_bidders: int
    requires_bill: bool
    structure: Structure
    platform: str
    address: str
    fields: Mapping[str, str]
    clarifications: tuple[Mapping[str, Any], ...] = ()
    number: int = 1


def plain(value: Any) -> Any:
    """A value as JSON without floats: decimals and identifiers as text, instants in wire form."""
    if isinstance(value, datetime):
        return to_wire(value)
    if isinstance(value, Decimal | UUID):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value


def filled(data: DocumentData, key: str) -> str:
    """The text of a field, or what stands there while nothing is filled in."""
    return data.fields.get(key, "").strip() or FIELDS[key][2]


def document_digest(data: DocumentData, file_digests: list[str]) -> str:
    """SHA-256 (hex) of everything the document was laid out from, with its attachments."""
    return canonical_sha256({"template": TEMPLATE, "data": plain(asdict(data)), "files": file_digests})
