"""Showing a certificate: a challenge of this platform, signed by the certificate's own key, once (R-701)."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, insert, select

from storage.crypto.canonical import from_base64, to_base64
from storage.crypto.certificates import Certificate, parse_certificate
from storage.crypto.login import check_login
from storage.crypto.trust import TrustList
from storage.database.work import Work
from storage.kernel.clock import to_wire
from storage.kernel.errors import Refused
from trading.parties.model import NONCE_LIFE
from trading.parties.requests import Shown
from trading.parties.tables import BoundCertificate, LoginNonce
from trading.trust.asking import await_answers
from trading.trust.model import Purpose
from trading.trust.validating import Grounds, grounds

_STALE = timedelta(minutes=10)


async def issue_challenge(uow: Work) -> dict[str, str]:
    """A fresh nonce (32 bytes, base64) with its end; sweeps out what nobody used."""
    async with uow:
        now = await uow.now()
        nonce, expires_at = secrets.token_bytes(32), (now + NONCE_LIFE).replace(microsecond=0)
        stale = select(LoginNonce.nonce).where(LoginNonce.expires_at < now - _STALE).limit(100)
        await uow.session.execute(delete(LoginNonce).where(
            LoginNonce.nonce.in_(stale.with_for_update(skip_locked=True))))
        await uow.session.execute(insert(LoginNonce).values(nonce=nonce, expires_at=expires_at))
        await uow.commit()
    return {"nonce": to_base64(nonce), "expires_at": wire_seconds(expires_at)}


def wire_seconds(moment: datetime) -> str:
    """RFC 3339 in whole seconds, as the challenge is signed."""
    return to_wire(moment).replace(".000000Z", "Z")


async def _consume(uow: Work, nonce: bytes) -> tuple[datetime, datetime]:
    """Takes the nonce for good: its end, and now. Raises ``Refused`` when it is used already or unknown."""
    async with uow:
        query = delete(LoginNonce).where(LoginNonce.nonce == nonce).returning(LoginNonce.expires_at)
        expires_at = (await uow.session.execute(query)).scalar_one_or_none()
        now = await uow.now()
        await uow.commit()
    if expires_at is None:
        raise Refused("登录挑战已使用或已失效，请重试", reason="challenge")
    return expires_at, now


@dataclass(frozen=True, slots=True)
class Proven:
    """A certificate whose holder is here, and the grounds on which it was held valid (R-701)."""

    certificate: Certificate
    grounds: Grounds


async def prove(shown: Shown, uow: Work, trust: TrustList, origin: str) -> Proven:
    """The certificate shown, when its key signed an unused challenge of this origin and it is valid by the list now.

    Opens and closes ``uow``. Raises ``Refused``, ``CertificateRefused``, ``SignatureRefused``.
    """
    certificate = parse_certificate(shown.certificate)
    nonce = from_base64(shown.nonce, "nonce")
    expires_at, now = await _consume(uow, nonce)
    check_login(certificate, from_base64(shown.signature, "signature"), origin=origin, nonce=nonce,
                expires_at=wire_seconds(expires_at), now=now)
    await await_answers(certificate, trust, uow)
    async with uow:
        found = await grounds(uow.session, certificate, now, Purpose.LOGIN, trust)
        await uow.commit()
    return Proven(certificate, found)


def bound(certificate: Certificate, party_id: UUID, now: datetime) -> BoundCertificate:
    """The row that binds the certificate to an enterprise from now on."""
    return BoundCertificate(
        fingerprint=certificate.fingerprint, party_id=party_id, subject_name=certificate.organisation,
        issuer=certificate.issuer, uscc=certificate.uscc, serial=certificate.serial, pem=certificate.pem,
        key_kind=certificate.key_kind, not_before=certificate.not_before, not_after=certificate.not_after,
        bound_at=now, unbound_at=None)
