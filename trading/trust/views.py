"""What the interface answers about the trust list: the list and its editions to anyone, proposals to its keepers."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from storage.kernel.actor import Actor
from trading.trust import queries
from trading.trust.model import Act, Authority, ListedCertificate, ProposalStatus
from trading.trust.permissions import may
from trading.trust.reading import published, restored
from trading.trust.tables import RevocationSource, TrustEdition, TrustProposal


class SourceView(msgspec.Struct):
    """Where CRLs come from. ``state``: fresh, late (past its end), missing; ``failure``: what went wrong last."""

    address: str
    state: str
    this_update: datetime | None
    next_update: datetime | None
    checked_at: datetime | None
    failure: str
    sha256: str | None


class AuthorityView(msgspec.Struct):
    """A CA of the list. ``accepted``: whether its certificates are held valid now."""

    code: str
    name: str
    region: str
    status: str
    accepted: bool
    valid_from: datetime
    valid_to: datetime
    policies: list[str]
    crl_addresses: list[str]
    ocsp_addresses: list[str]
    certificates: list[ListedCertificate]


class EditionLine(msgspec.Struct):
    """An edition in the list of editions."""

    number: int
    effective_at: datetime
    approved_at: datetime
    proposed_by: str
    approved_by: str
    changed: list[str]
    digest: str


class EditionView(msgspec.Struct):
    """One edition whole: the list in the form its digest is over."""

    number: int
    effective_at: datetime
    digest: str
    published: list[dict[str, Any]]
    authorities: list[AuthorityView]


class TrustListView(msgspec.Struct):
    """The list now. ``sources``: where its words on revocation come from; ``may``: what the asking actor may do."""

    now: datetime
    edition: int | None
    authorities: list[AuthorityView]
    sources: list[SourceView]
    editions: list[EditionLine]
    may: list[str]


class ProposalView(msgspec.Struct):
    """A proposal as its keepers read it. ``may``: the acts the asking person may do to it now."""

    id: str
    status: str
    reason: str
    effective_at: datetime | None
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    decision_reason: str
    changes: list[AuthorityView]
    replaces: list[str]
    may: list[str]


async def trust_list(session: AsyncSession, actor: Actor) -> TrustListView:
    """The list in effect now, its editions, its sources."""
    now = await queries.database_now(session)
    held = await queries.edition_at(session, now)
    listed = restored(held.listed) if held else ()
    return TrustListView(
        now=now, edition=held.number if held else None, authorities=[authority_view(each, now) for each in listed],
        sources=[_source(each, now) for each in await queries.sources(session)],
        editions=[_line(each) for each in await queries.editions(session)],
        may=[act.value for act in (Act.PROPOSE, Act.APPROVE) if may(actor, act)])


async def edition_view(session: AsyncSession, number: int) -> EditionView:
    """One edition; raises ``NotFound``."""
    held = await queries.edition(session, number)
    listed = restored(held.listed)
    return EditionView(
        number=held.number, effective_at=held.effective_at, digest=held.digest,
        published=[dict(published(each)) for each in listed],
        authorities=[authority_view(each, held.effective_at) for each in listed])


async def proposal_views(session: AsyncSession, actor: Actor) -> list[ProposalView]:
    """Proposals, those that wait first."""
    now = await queries.database_now(session)
    return [_proposal(each, actor, now) for each in await queries.proposals(session)]


def authority_view(authority: Authority, now: datetime) -> AuthorityView:
    """A CA as it stands at ``now``."""
    is_accepted = authority.status == "active" and authority.valid_from <= now < authority.valid_to
    return AuthorityView(
        code=authority.code, name=authority.name, region=authority.region, status=authority.status.value,
        accepted=is_accepted, valid_from=authority.valid_from, valid_to=authority.valid_to,
        policies=list(authority.policies), crl_addresses=list(authority.crl_addresses),
        ocsp_addresses=list(authority.ocsp_addresses), certificates=list(authority.certificates))


def _source(row: RevocationSource, now: datetime) -> SourceView:
    state = "missing" if row.next_update is None else "fresh" if now <= row.next_update else "late"
    return SourceView(row.scope, state, row.this_update, row.next_update, row.checked_at, row.failure, row.evidence)


def _line(row: TrustEdition) -> EditionLine:
    return EditionLine(row.number, row.effective_at, row.approved_at, row.proposed_by_name, row.approved_by_name,
                       [each.code for each in restored(row.changes)], row.digest)


def _proposal(row: TrustProposal, actor: Actor, now: datetime) -> ProposalView:
    is_own = row.proposed_by == actor.id
    acts = ([Act.TAKE_BACK] if is_own else [Act.APPROVE, Act.REFUSE]) if row.status == ProposalStatus.WAITING else []
    return ProposalView(
        id=str(row.id), status=row.status, reason=row.reason, effective_at=row.effective_at,
        proposed_by=row.proposed_by_name, proposed_at=row.proposed_at, decided_by=row.decided_by_name,
        decided_at=row.decided_at, decision_reason=row.decision_reason,
        changes=[authority_view(each, now) for each in restored(row.changes)],
        replaces=sorted(code for code, before in row.based_on.items() if before),
        may=[act.value for act in acts if may(actor, act)])
