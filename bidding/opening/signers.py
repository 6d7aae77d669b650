"""Whose key signs for whom a secret was wrapped to."""

from sqlalchemy.ext.asyncio import AsyncSession

from storage.crypto.certificates import Certificate, parse_certificate
from storage.kernel.errors import Refused
from trading.parties.tables import BoundCertificate


async def signing_certificate(session: AsyncSession, fingerprint: str) -> Certificate:
    """The certificate itself, or of a dual pair its signing half (R-702); bound or once bound. Raises ``Refused``.

    Its dates are not asked: what was valid when it was sealed to, may release later (R-515).
    """
    bound = await session.get(BoundCertificate, fingerprint)
    if bound is not None and bound.signing is not None:
        bound = await session.get(BoundCertificate, bound.signing)
    if bound is None:
        raise Refused("没有这张证书的绑定记录", certificate=fingerprint)
    return parse_certificate(bound.pem)
