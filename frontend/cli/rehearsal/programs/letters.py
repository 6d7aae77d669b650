"""A letter as an issuer writes it: its data (R-413) and a PDF that carries the data and the issuer's signature."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

from bidding.guarantees.application import SignedLetter
from bidding.guarantees.model import ATTACHMENT, KIND_WORDS, IssuerKind
from storage.crypto.canonical import Json, canonical_bytes
from storage.crypto.certificates import describe
from storage.crypto.certified_key import CertifiedKey
from storage.crypto.demo_pki import Identity
from storage.crypto.pdf_signing import sign_pdf
from storage.documents.render import render
from storage.kernel.clock import shanghai, to_wire
from storage.kernel.money import CENT, in_words, yuan

_TEMPLATE = Path(__file__).with_name("letter.typ")
_TERMS = ("我方应申请人请求，就其参加上述标段的投标，向贵方开立本保函。",
          "本保函为不可撤销的见索即付独立保函。在有效期内，我方收到贵方载明事由的书面索赔通知后，"
          "在保函金额内无条件支付，不要求贵方先行向申请人追索。")
# Ways in which a letter may be wrong, for those who want to see that it is found out.
MISTAKES = ("amount", "end", "begin", "beneficiary", "lot", "wording", "applicant", "digest", "unsigned")


@dataclass(frozen=True, slots=True)
class House:
    """An issuer: its name and kind, the identity it signs with and opens applications with, its rate in per cent."""

    name: str
    kind: IssuerKind
    identity: Identity = field(repr=False)
    rate: Decimal = Decimal("0.30")
    mistake: str = ""


def letter_data(house: House, order: str, application: Mapping[str, Json], now: datetime) -> dict[str, Json]:
    """The data of a letter that answers an application; with a mistake, where the house makes one."""
    bidder, contact = application["bidder"], application["contact"]
    if not isinstance(bidder, Mapping) or not isinstance(contact, Mapping):
        raise ValueError("the application names nobody")
    amount = yuan(str(application["amount"]))
    data: dict[str, Json] = {
        "v": 1, "order": order, "project": application["project"], "lot": application["lot"],
        "bidder": bidder["name"], "uscc": bidder["uscc"], "consortium": "", "type": house.kind.value,
        "number": f"BH{shanghai(now):%Y%m%d}{secrets.randbelow(10**8):08d}", "applicant": contact["name"],
        "phone": contact["phone"], "beneficiary": application["beneficiary"], "issuer": house.name,
        "amount": f"{amount:.2f}", "premium": f"{_premium(amount, house.rate):.2f}", "rate": f"{house.rate:.2f}",
        "created_at": to_wire(now), "begin": application["begin"], "end": application["end"],
        "issued_at": to_wire(now), "paid_at": to_wire(now), "payment": "transfer",
        "wording": {"on_demand": True, "irrevocable": True}}
    return _mistaken(data, house.mistake)


def _premium(amount: Decimal, rate: Decimal) -> Decimal:
    return (amount * rate / 100).quantize(CENT, rounding=ROUND_HALF_UP)


def _mistaken(data: dict[str, Json], mistake: str) -> dict[str, Json]:
    match mistake:
        case "amount":
            return data | {"amount": f"{yuan(str(data['amount'])) - 1:.2f}"}
        case "end":
            return data | {"end": _moved(data["end"], -1)}
        case "begin":
            return data | {"begin": _moved(data["end"], -1)}
        case "beneficiary":
            return data | {"beneficiary": "另一招标人"}
        case "lot":
            return data | {"lot": str(data["lot"])[:-1] + "9"}
        case "wording":
            return data | {"wording": {"on_demand": False, "irrevocable": True}}
        case "applicant":
            return data | {"bidder": "另一投标人"}
    return data


def _moved(day: Json, days: int) -> str:
    return (datetime.fromisoformat(str(day)) + timedelta(days=days)).date().isoformat()


async def issue_letter(house: House, data: dict[str, Json], now: datetime) -> SignedLetter:
    """The letter, signed (PAdES); its data lies in the file, so that the signature covers it byte for byte."""
    told = canonical_bytes(data).decode()
    pdf = render(_TEMPLATE, _shown(house, data, now), created_at=now, attachments={ATTACHMENT: told})
    if house.mistake != "unsigned":
        chain = (house.identity.certificate, describe(house.identity.issuer))
        pdf = await sign_pdf(pdf, CertifiedKey(house.identity.key, chain), field_name="Issuer", reason="出具保函")
    return SignedLetter(data | {"premium": "1.00"} if house.mistake == "digest" else data, pdf)


def _shown(house: House, data: Mapping[str, Json], now: datetime) -> dict[str, object]:
    amount = yuan(str(data["amount"]))
    facts = [("保函编号", data["number"]), ("项目", data["project"]), ("标段编号", data["lot"]),
             ("被保证人（投标人）", data["bidder"]), ("统一社会信用代码", data["uscc"]),
             ("保函金额", f"{amount:.2f} 元（{in_words(amount)}）"), ("有效期", f"{data['begin']} 至 {data['end']}"),
             ("申请编号", data["order"])]
    return {"title": f"投标{KIND_WORDS[house.kind]}", "number": data["number"], "platform": house.name,
            "demo": house.identity.certificate.is_demo, "beneficiary": data["beneficiary"], "text": list(_TERMS),
            "facts": facts, "issuer": house.name, "issued_on": f"{shanghai(now):%Y年%m月%d日}"}
