"""Binding certificates to an enterprise, and unbinding them (A-12, R-703)."""

from storage.crypto.trust import TrustList
from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.errors import Conflict, NotFound, Refused
from trading.parties.ending import end_sessions
from trading.parties.identity import Proven, bound_halves, prove
from trading.parties.model import Act
from trading.parties.permissions import permit_own
from trading.parties.queries import bound_certificates, lock_party
from trading.parties.requests import Shown
from trading.parties.tables import BoundCertificate, LoginSession, Party


async def bind_certificate(command: Shown, actor: Actor, uow: Work, trust: TrustList, origin: str) -> str:
    """Binds one more certificate of the same enterprise; its key must have signed the challenge (A-12, R-703)."""
    party_id = permit_own(actor, Act.BIND)
    proven = await prove(command, uow, trust, origin)
    found = proven.certificate
    async with uow:
        subject = await lock_party(uow.session, party_id)
        if found.uscc != subject.uscc:
            raise Refused("证书中的统一社会信用代码与入库主体不一致", reason="other-enterprise")
        await attach(uow, subject, proven)
        note_certificate(uow, "certificate.bound", actor, proven)
        await uow.commit()
    return found.fingerprint


async def attach(uow: Work, subject: Party, proven: Proven) -> None:
    """Binds what is not bound yet; a pair whose signing half is bound gets its encryption half, or a newer one."""
    now, rows = await uow.now(), bound_halves(proven, subject.id, await uow.now())
    known = {row.fingerprint: await uow.session.get(BoundCertificate, row.fingerprint) for row in rows}
    held = [each for each in known.values() if each is not None]
    others = [each for each in held if each.party_id != subject.id]
    if others or len([each for each in held if each.unbound_at is None]) == len(rows):
        raise Conflict("该证书已经绑定", certificate=(others or held)[0].fingerprint)
    for row in rows:
        old = known[row.fingerprint]
        if old is None:
            uow.session.add(row)
        elif old.unbound_at is not None:
            old.bound_at, old.unbound_at, old.signing = now, None, row.signing


def note_certificate(uow: Work, action: str, actor: Actor, proven: Proven) -> None:
    """What was bound, by whom."""
    found, half = proven.certificate, proven.encryption
    _note_binding(uow, action, actor, found.fingerprint, serial=found.serial,
                  **({"encryption": half.fingerprint} if half else {}))


def _note_binding(uow: Work, action: str, actor: Actor, fingerprint: str, **facts: object) -> None:
    uow.record(action, actor, stream=f"party:{actor.party_id}", subject=f"certificate:{fingerprint}",
               payload={"party": str(actor.party_id), "certificate": fingerprint, "by": actor.name, **facts},
               audience=("centre", "supervisor", actor.id))


async def unbind_certificate(fingerprint: str, actor: Actor, uow: Work) -> None:
    """Ends a binding, of a dual pair both, and every session opened with it; the last usable certificate that signs
    stays (A-12)."""
    party_id = permit_own(actor, Act.UNBIND)
    async with uow:
        await lock_party(uow.session, party_id)
        now = await uow.now()
        held = {each.fingerprint: each for each in await bound_certificates(uow.session, party_id)}
        gone = held.pop(fingerprint, None)
        if gone is None:
            raise NotFound("没有绑定这张证书")
        if not gone.may_sign:
            raise Refused("加密证书随其签名证书一同解绑", reason="pair")
        if not any(each.may_sign and each.not_before <= now <= each.not_after for each in held.values()):
            raise Refused("这是最后一张可用的证书，解绑后将无法登录；请先绑定新证书", reason="last-certificate")
        for each in (gone, *(other for other in held.values() if other.signing == fingerprint)):
            each.unbound_at = now
        await end_sessions(uow, party_id, actor, "unbound", LoginSession.certificate == fingerprint)
        _note_binding(uow, "certificate.unbound", actor, fingerprint, serial=gone.serial)
        await uow.commit()
