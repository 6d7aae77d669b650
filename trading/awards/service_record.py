"""The service record: e-notice and courier joined in one statement of the platform (R-225)."""

from storage.crypto.canonical import canonical_bytes
from storage.crypto.platform_keys import PlatformKeys
from storage.crypto.statements import sign_statement
from storage.database.work import Work
from storage.kernel.actor import PLATFORM
from storage.kernel.clock import to_wire
from storage.kernel.errors import Refused
from trading.awards.award_file import AwardFile
from trading.awards.tables import AwardLetter, CourierOrder
from trading.tenders.permissions import insiders

KIND = "service-record"


async def renew_service_record(uow: Work, file: AwardFile, letter: AwardLetter, order: CourierOrder,
                               keys: PlatformKeys) -> None:
    """Written when the parcel is signed for, and once more if the e-notice is read only afterwards."""
    if letter.sent_at is None or order.signed_at is None:
        raise Refused("通知书发出并签收后方有送达记录")
    text = canonical_bytes({
        "v": 1, "kind": KIND, "lot": {"id": str(file.lot.id), "code": file.lot.code, "title": file.lot.title},
        "letter": {"id": str(letter.id), "kind": letter.kind, "number": letter.number, "sha256": letter.sha256,
                   "sent_at": to_wire(letter.sent_at), "read_at": to_wire(letter.read_at) if letter.read_at else None,
                   "certificate": letter.read_certificate or None},
        "courier": {"order": str(order.id), "waybill": order.waybill, "ordered_at": to_wire(order.ordered_at),
                    "signed_at": to_wire(order.signed_at), "signed_by": order.signed_by},
        "at": to_wire(file.now)})
    letter.service_record, letter.service_signature = text.decode(), dict(sign_statement(KIND, text, keys.document))
    uow.record("service.recorded", PLATFORM, stream=file.stream, subject=f"award-letter:{letter.id}",
               audience=(*insiders(file.lot), f"party:{letter.party_id}"),
               payload={"number": letter.number, "statement": letter.service_record})
