"""The contract: its text from the winning bid and the award letter, and how it is laid out (A-180, A-181)."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from storage.crypto.canonical import canonical_bytes
from storage.database.settings import Settings
from storage.documents.render import render
from storage.kernel.clock import from_wire, to_wire
from storage.kernel.errors import Refused
from trading.awards.award_file import AwardFile
from trading.awards.letter_paper import TEMPLATES, day, money
from trading.awards.model import LetterKind
from trading.awards.tables import Contract
from trading.tenders.surroundings import look_around

ATTACHED = "contract.json"
TITLE = "合同协议书"
# The clauses people fill in, with what stands where they leave one empty.
CLAUSES = {
    "scope": ("承包范围", "招标文件和投标文件载明的全部内容。"),
    "quality": ("质量标准", "符合招标文件约定的质量标准。"),
    "duration": ("工期（服务期）", "按投标文件承诺执行。"),
    "payment": ("价款支付", "按招标文件第四章约定支付。"),
    "dispute": ("争议解决", "协商不成的，向发包人所在地人民法院提起诉讼。"),
    "remarks": ("其他约定", "无。"),
}
_ORDER = ("本协议书与下列文件一起构成合同文件：中标通知书；投标函及其附录；专用合同条款；通用合同条款；技术标准和要求；"
          "图纸；已标价工程量清单；其他合同文件。双方不得再行订立背离合同实质性内容的其他协议。")


async def contract_text(session: AsyncSession, file: AwardFile, contract: Contract, settings: Settings) -> str:
    """The contract as canonical JSON; price, parties and promises are the winning bid's own and cannot be edited."""
    winner = file.winner
    award_letter = next((each for each in file.letters if each.kind == LetterKind.AWARD), None)
    if winner is None or award_letter is None or award_letter.sent_at is None:
        raise Refused("中标通知书发出后方可编制合同")
    around = await look_around(session, file.lot)
    return canonical_bytes({
        "v": 1, "kind": "contract", "number": contract.number,
        "platform": {"id": settings.platform_id, "name": settings.platform_name},
        "lot": {"id": str(file.lot.id), "code": file.lot.code, "title": file.lot.title,
                "rehearsal": file.lot.rehearsal},
        "tenderee": {"name": around.tenderee.name, "uscc": around.tenderee.uscc},
        "winner": {"name": winner.name, "uscc": winner.uscc}, "bid": str(winner.bid_id),
        "price": f"{contract.price:.2f}", "values": [[label, value] for label, value in winner.values.items()],
        "performance_bond": f"{contract.performance_bond:.2f}" if contract.performance_bond else None,
        "letter": {"number": award_letter.number, "sha256": award_letter.sha256,
                   "sent_at": to_wire(award_letter.sent_at)},
        "clauses": {key: contract.fields.get(key, "").strip() or standing for key, (_, standing) in CLAUSES.items()},
    }).decode()


def render_contract(text: str, settings: Settings) -> bytes:
    """The unsigned PDF/A-3 of a contract's text, which it carries inside; blocking."""
    contract = json.loads(text)
    view = contract_view(contract) | {"platform": settings.platform_name, "demo": settings.demo}
    return render(TEMPLATES / "contract.typ", view, created_at=from_wire(contract["letter"]["sent_at"]),
                  attachments={ATTACHED: text})


def contract_view(contract: Mapping[str, Any]) -> dict[str, Any]:
    """What the paper shows."""
    lot, letter = contract["lot"], contract["letter"]
    bond = contract["performance_bond"]
    price = [["签约合同价", money(contract["price"])], *contract["values"],
             ["履约保证金", money(bond) if bond else "不要求"]]
    sections = [{"title": "一、合同价款与投标承诺", "rows": price, "text": ""}]
    sections += [{"title": f"{numeral}、{label}", "rows": [], "text": contract["clauses"][key]}
                 for numeral, (key, (label, _)) in zip("二三四五六七", CLAUSES.items(), strict=True)]
    sections.append({"title": "八、合同文件", "rows": [], "text": _ORDER})
    return {"title": f"{'【演练】' if lot['rehearsal'] else ''}{TITLE}", "number": contract["number"],
            "rehearsal": lot["rehearsal"], "lot": lot["title"], "code": lot["code"],
            "tenderee": contract["tenderee"]["name"], "tenderee_uscc": contract["tenderee"]["uscc"],
            "winner": contract["winner"]["name"], "winner_uscc": contract["winner"]["uscc"],
            "letter": letter["number"], "letter_on": day(letter["sent_at"]), "sections": sections}
