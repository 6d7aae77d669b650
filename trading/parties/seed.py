"""The identities of a demo: enrolled bodies with their PKCS#12 files, and one that has yet to enrol."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from sqlalchemy import select

from storage.crypto.authority import KeyKind
from storage.crypto.demo_pki import DemoPki, Identity, demo_uscc, read_pkcs12
from storage.database.work import Work, Works
from storage.kernel.actor import PLATFORM
from storage.kernel.identifiers import new_id
from trading.parties.identity import bound
from trading.parties.model import AGREEMENT_VERSION, STAFF_ROLES, PartyData, PartyStatus, VersionStatus, name_key
from trading.parties.queries import certificate
from trading.parties.records import reader_tags, salted
from trading.parties.tables import Party, PartyVersion
from trading.trust.folder import TrustFolder

PASSWORD = "yunkai-demo"


@dataclass(frozen=True)
class DemoBody:
    """One demo identity: the file's name, the body's name and role, the kind of its key."""

    file: str
    name: str
    role: str
    kind: KeyKind
    is_enrolled: bool = True

    @property
    def is_staff(self) -> bool:
        """True for a role that is appointed, not chosen."""
        return self.role in STAFF_ROLES


BODIES = (
    DemoBody("tenderee", "演示海州城市建设有限公司", "tenderee", "ec-p256"),
    DemoBody("agency", "演示云港招标代理有限公司", "agency", "rsa"),
    DemoBody("host", "演示公共资源交易中心开标一科", "centre", "ec-p256"),
    DemoBody("deputy", "演示公共资源交易中心开标二科", "centre", "ec-p256"),
    DemoBody("supervisor", "演示公共资源交易监督办公室", "supervisor", "ec-p256"),
    DemoBody("system", "演示平台运行维护中心", "system_administrator", "ec-p256"),
    DemoBody("security", "演示平台安全管理一处", "security_administrator", "ec-p256"),
    DemoBody("security-2", "演示平台安全管理二处", "security_administrator", "ec-p256"),
    DemoBody("auditor", "演示平台审计处", "auditor", "ec-p256"),
    DemoBody("bidder-1", "演示东海路桥工程有限公司", "bidder", "rsa"),
    DemoBody("bidder-2", "演示云台建筑工程有限公司", "bidder", "ec-p256"),
    DemoBody("bidder-3", "演示连岛市政工程有限公司", "bidder", "ec-p256"),
    DemoBody("bidder-sm", "演示海州湾水利工程有限公司", "bidder", "sm2"),
    # Dual certificates of bodies above, for lots of suite 2: the same body, one more certificate.
    DemoBody("tenderee-sm", "演示海州城市建设有限公司", "tenderee", "sm2"),
    DemoBody("agency-sm", "演示云港招标代理有限公司", "agency", "sm2"),
    DemoBody("supervisor-sm", "演示公共资源交易监督办公室", "supervisor", "sm2"),
    *(DemoBody(f"expert-{number}", f"演示专家{word}", "expert", "ec-p256")
      for number, word in enumerate("一二三四五六七八九", 1)),
    DemoBody("representative-1", "演示招标人代表甲", "representative", "ec-p256"),
    DemoBody("representative-2", "演示招标人代表乙", "representative", "ec-p256"),
    DemoBody("newcomer", "演示花果山园林工程有限公司", "bidder", "ec-p256", is_enrolled=False),
)


def demo_data(body: DemoBody) -> PartyData:
    """What the body declares of itself."""
    return PartyData(
        name=body.name, uscc=demo_uscc(body.name), region="320700", legal_representative="演示法定代表人",
        address="江苏省连云港市演示路 1 号", contact="演示联系人", phone="0518-00000000",
        bank_name="演示银行连云港分行", bank_account=f"0000 {_digits(body.name)}",
        roles=() if body.is_staff else (body.role,))


def _digits(name: str) -> str:
    """Twelve digits of an account that is nobody else's."""
    return f"{int(sha256(name.encode()).hexdigest(), 16) % 10**12:012d}"


def demo_identity(body: DemoBody, pki: DemoPki, folder: Path, now: datetime) -> Identity:
    """The body's identity from its file; issued and written where there is none of the present demo CA."""
    path = folder / f"{body.file}.p12"
    if path.exists():
        kept = read_pkcs12(path.read_bytes(), PASSWORD)
        if kept.issuer == pki.roots[body.kind].certificate and kept.certificate.is_valid_at(now):
            return kept
    identity = pki.issue(organisation=body.name, uscc=demo_uscc(body.name), kind=body.kind, now=now)
    folder.mkdir(parents=True, exist_ok=True)
    path.write_bytes(identity.to_pkcs12(PASSWORD))
    return identity


async def seed_demo(work: Works, pki: DemoPki, folder: Path, now: datetime) -> list[DemoBody]:
    """Writes ``<folder>/<file>.p12`` for every body and enrols those that should be; again does nothing.

    ``now`` is the process clock, for certificates alone.
    """
    await TrustFolder(pki.directory).prepare(work)
    for body in BODIES:
        identity = demo_identity(body, pki, folder, now)
        if body.is_enrolled:
            await enrol_demo_body(body, identity, work())
    return list(BODIES)


async def enrol_demo_body(body: DemoBody, identity: Identity, uow: Work) -> None:
    """Enrols a body as verified and binds its certificate, as far as that is not done yet."""
    data = demo_data(body)
    async with uow:
        now = await uow.now()
        query = select(Party).where(Party.uscc == data.uscc)
        subject = (await uow.session.execute(query)).scalar_one_or_none()
        if subject is not None and await certificate(uow.session, identity.certificate.fingerprint):
            return
        if subject is None:
            subject = await _make_party(uow, body, data)
        uow.session.add(bound(identity.certificate, subject.id, now))
        if identity.encryption is not None:
            half = identity.encryption.certificate
            uow.session.add(bound(half, subject.id, now, signing=identity.certificate.fingerprint))
        uow.record("party.seeded", PLATFORM, stream=f"party:{subject.id}", subject=f"party:{subject.id}",
                   payload={"party": str(subject.id), "uscc": subject.uscc, "name": subject.name, "role": body.role,
                            "certificate": identity.certificate.fingerprint, "demo": True},
                   audience=reader_tags(subject.id))
        await uow.commit()


async def _make_party(uow: Work, body: DemoBody, data: PartyData) -> Party:
    now = await uow.now()
    subject = Party(
        id=new_id(), uscc=data.uscc, name=data.name, name_key=name_key(data.name), region=data.region,
        roles=list(data.roles), staff_roles=[body.role] if body.is_staff else [], status=PartyStatus.VERIFIED,
        agreement_version=AGREEMENT_VERSION, agreed_at=now, created_at=now, status_reason="", is_demo=True)
    stored, salt = salted(data)
    uow.session.add(subject)
    await uow.session.flush()
    uow.session.add(PartyVersion(
        id=new_id(), party_id=subject.id, number=1, data=stored, salt=salt, status=VersionStatus.VERIFIED,
        created_at=now, changed_at=now, declared_by=PLATFORM.id, declared_at=now, verified_by=PLATFORM.id,
        verified_by_name=PLATFORM.name, verified_at=now, reason=""))
    return subject
