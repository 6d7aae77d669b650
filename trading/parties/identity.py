"""Showing a certificate: a challenge of this platform, signed by the certificate's own key, once (R-701)."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, insert, select

from storage.crypto.canonical import from_base64, to_base64
from storage.crypto.certificates import Certificate, parse_certificate
from storage.crypto.errors import CertificateRefused
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


async def consume(uow: Work, nonce: bytes) -> tuple[datetime, datetime]:
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
    """A certificate whose holder is here, and the grounds on which it was held valid (R-701); ``encryption``: the
    other half of its dual pair, where it was shown and is valid too."""

    certificate: Certificate
    grounds: Grounds
    encryption: Certificate | None = None


async def prove(shown: Shown, uow: Work, trust: TrustList, origin: str) -> Proven:
    """The certificate shown, when its key signed an unused challenge of this origin and it is valid by the list now.

    Opens and closes ``uow``. Raises ``Refused``, ``CertificateRefused``, ``SignatureRefused``.
    """
    certificate = parse_certificate(shown.certificate)
    encryption = _other_half(certificate, shown.encryption)
    nonce = from_base64(shown.nonce, "nonce")
    expires_at, now = await consume(uow, nonce)
    check_login(certificate, from_base64(shown.signature, "signature"), origin=origin, nonce=nonce,
                expires_at=wire_seconds(expires_at), now=now, encryption=encryption.fingerprint if encryption else "")
    for each in (certificate, encryption):
        if each is not None:
            await await_answers(each, trust, uow)
    async with uow:
        found = await grounds(uow.session, certificate, now, Purpose.LOGIN, trust)
        if encryption is not None:
            await grounds(uow.session, encryption, now, Purpose.SEAL, trust)
        await uow.commit()
    return Proven(certificate, found, encryption)


def _other_half(certificate: Certificate, shown: str) -> Certificate | None:
    """The encryption half; raises ``CertificateRefused`` (reason pair) where it is not this signing certificate's."""
    if not shown:
        return None
    encryption = parse_certificate(shown)
    if not certificate.is_pair_with(encryption):
        raise CertificateRefused("签名证书与加密证书不是同一单位的一对，或用途不符", reason="pair",
                                 fingerprint=encryption.fingerprint)
    return encryption


def bound_halves(proven: Proven, party_id: UUID, now: datetime) -> list[BoundCertificate]:
    """The rows that bind what was shown: one, or both halves of a dual pair."""
    rows = [bound(proven.certificate, party_id, now)]
    if proven.encryption is not None:
        rows.append(bound(proven.encryption, party_id, now, signing=proven.certificate.fingerprint))
    return rows


def bound(certificate: Certificate, party_id: UUID, now: datetime, signing: str | None = None) -> BoundCertificate:
    """The row that binds the certificate to an enterprise from now on; ``signing``: the other half of an encryption
    half."""
    return BoundCertificate(
        fingerprint=certificate.fingerprint, party_id=party_id, subject_name=certificate.organisation,
        issuer=certificate.issuer, uscc=certificate.uscc, serial=certificate.serial, pem=certificate.pem,
        key_kind=certificate.key_kind, not_before=certificate.not_before, not_after=certificate.not_after,
        bound_at=now, unbound_at=None, signing=signing)
