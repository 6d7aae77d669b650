"""What a bidder's client and an issuer's program say to each other; the platform between sees ciphertext (R-412).

Both sides, and the platform once a bid is open, read and compose the same bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bidding.guarantees.model import APPLICATION, LETTER
from storage.crypto.canonical import Json, canonical_bytes, from_base64, parse_object, to_base64
from storage.crypto.certificates import Certificate, parse_certificate
from storage.crypto.errors import Malformed
from storage.crypto.sealed_box import open_box, seal_box
from storage.crypto.wraps import WrapPrivateKey

LARGEST_PDF = 180_000  # bytes: what a statement of a lot with a deposit has room for (bids.model.STATEMENT_ROOM)
_LARGEST = 1 << 20


@dataclass(frozen=True, slots=True)
class SignedLetter:
    """A letter as issued: its data (R-413) and the PDF that carries the same data under the issuer's signature."""

    data: Mapping[str, Json]
    pdf: bytes = field(repr=False)

    def to_json(self) -> dict[str, Json]:
        """The member ``guarantee`` of an opening statement."""
        return {"data": dict(self.data), "pdf": to_base64(self.pdf)}


def read_signed_letter(member: Mapping[str, object]) -> SignedLetter:
    """A letter from an opening statement's member; raises ``Malformed``."""
    data = member.get("data")
    if not isinstance(data, Mapping):
        raise Malformed("保函缺少数据", field="data")
    pdf = from_base64(member.get("pdf"), "pdf")
    if len(pdf) > LARGEST_PDF:
        raise Malformed("保函文件过大", field="pdf", limit=LARGEST_PDF)
    return SignedLetter(data, pdf)


def sealed_application(application: Mapping[str, Json], issuer: Certificate, issuer_id: str) -> dict[str, Json]:
    """The application sealed to the issuer: the platform carries it and cannot read it."""
    return seal_box(canonical_bytes({"v": 1, **application}), issuer, purpose=APPLICATION, subject=issuer_id)


def opened_application(box: Json, key: WrapPrivateKey, issuer_id: str) -> dict[str, Json]:
    """The application as the issuer's program reads it; raises ``SealBroken``, ``Malformed``."""
    return parse_object(open_box(box, key, purpose=APPLICATION, subject=issuer_id), limit=_LARGEST)


def sealed_letter(letter: SignedLetter, reply_certificate: str, order: str) -> dict[str, Json]:
    """The letter sealed to the bidder's own certificate, bound to the order it answers."""
    content = canonical_bytes({"v": 1, **letter.to_json()})
    return seal_box(content, parse_certificate(reply_certificate), purpose=LETTER, subject=order)


def opened_letter(box: Json, key: WrapPrivateKey, order: str) -> SignedLetter:
    """The letter as its bidder's client reads it; raises ``SealBroken``, ``Malformed``."""
    found = parse_object(open_box(box, key, purpose=LETTER, subject=order), limit=_LARGEST)
    return read_signed_letter(found)
