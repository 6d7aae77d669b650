"""The bidder's own certificates that a bid is sealed to: judged when it is sealed and when it is submitted (R-701).

What is sealed to a certificate that does not hold is refused at once, by the certificate's name and the reason, while
the bidder can still seal it anew; not silently, and not at the opening.
"""

from collections.abc import Awaitable, Callable, Collection
from datetime import datetime
from typing import TypeVar

from sqlalchemy import select

from bidding.bids.rules import bidder_can_unwrap, sealed_to_valid
from storage.crypto.certificates import Certificate, parse_certificate
from storage.crypto.errors import CertificateRefused
from storage.crypto.header import Header
from storage.database.work import Work
from storage.kernel.errors import NumberedRule, RulesUnmet
from trading.parties.queries import term
from trading.parties.tables import BoundCertificate
from trading.trust.asking import await_answers
from trading.trust.model import Purpose
from trading.trust.queries import trust_at
from trading.trust.validating import Grounds, grounds, grounds_again

T = TypeVar("T")
_UNKNOWN = "revocation-unknown"


class SealedToInvalid(RulesUnmet):
    """A certificate that the bid is sealed to does not hold; ``cause``: a reason of ``CertificateRefused``, or gone."""

    def __init__(self, rule: NumberedRule, certificate: Certificate, cause: str, why: str) -> None:
        super().__init__((rule,), field="wraps", cause=cause, fingerprint=certificate.fingerprint,
                         reason=f"{certificate.common_name}（{certificate.issuer}，序列号 {certificate.serial}）："
                                f"{why}。请改用有效的证书重新加密上传")
        self.certificate, self.cause = certificate, cause


def recipients_of(header: Header) -> list[str]:
    """Fingerprints of the bidder's certificates in a header, the sealing one first."""
    return [item.cert.removeprefix("sha256:") for item in header.wraps_for("bidder")]


async def judge_recipients(uow: Work, fingerprints: Collection[str], now: datetime,
                           signer: tuple[Certificate, Grounds] | None = None) -> list[dict[str, object]]:
    """Certificate and grounds of each, for the ledger; ``signer``: one that was judged in this very act.

    Raises ``SealedToInvalid``.
    """
    others = set(fingerprints) - ({signer[0].fingerprint} if signer else set())
    bound = {each.fingerprint: each for each in await uow.session.scalars(
        select(BoundCertificate).where(BoundCertificate.fingerprint.in_(others)))} if others else {}
    told = []
    for each in sorted(set(fingerprints)):
        if signer and each == signer[0].fingerprint:
            found = await _refused_by_name(grounds_again(uow.session, *signer, Purpose.SEAL), signer[0])
        else:
            shown = parse_certificate(bound[each].pem)
            if bound[each].unbound_at is not None or not term(bound[each]).admits(now):
                raise SealedToInvalid(bidder_can_unwrap, shown, "gone", "证书已解除绑定或不在有效期内")
            found = await _refused_by_name(grounds(uow.session, shown, now, Purpose.SEAL), shown)
        told.append({"certificate": each, **found.facts})
    return told


async def _refused_by_name(judging: Awaitable[Grounds], certificate: Certificate) -> Grounds:
    try:
        return await judging
    except CertificateRefused as error:
        raise SealedToInvalid(sealed_to_valid, certificate, str(error.facts.get("reason")), error.message) from error


async def asking_once(act: Callable[[], Awaitable[T]], uow: Work) -> T:
    """The act; where nothing is known of a certificate's revocation, its CA is asked, and the act tried once more.

    A backup certificate did not sign in, so nobody may have asked about it yet.
    """
    try:
        return await act()
    except SealedToInvalid as error:
        if error.cause != _UNKNOWN:
            raise
        async with uow:
            trust = await trust_at(uow.session, await uow.now())
        await await_answers(error.certificate, trust, uow)
        return await act()
