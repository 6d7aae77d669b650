"""The operator's folder of CAs and CRLs: the first edition of the list comes from it, and whatever CRLs lie in it.

Once there is an edition the database decides who is recognised; the folder's CRLs stay a source like any other.
"""

import asyncio
from pathlib import Path

from storage.crypto.trust_files import LISTS, crls_in, stats_of
from storage.database.work import Works
from trading.trust.commands import seed_list
from trading.trust.queries import trust_at
from trading.trust.reading import authorities_of
from trading.trust.sources import absorb_crls


class TrustFolder:
    """A folder as one node sees it; what did not change is not read again."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._seen: object = None
        self._is_seeded = False
        self._reading = asyncio.Lock()

    async def seed(self, work: Works) -> None:
        """Makes edition 1 of what lies in the folder, where there is no edition."""
        if not self._is_seeded and (authorities := authorities_of(self.directory)):
            await seed_list(authorities, work())
            self._is_seeded = True

    async def prepare(self, work: Works) -> None:
        """Both: the first edition where there is none, and the CRLs. Again, with nothing changed, does nothing."""
        await self.seed(work)
        await self.absorb(work)

    async def absorb(self, work: Works) -> None:
        """Takes the CRLs in, when one changed or the list did: a CRL may lie there before its CA is recognised.

        Raises ``CertificateRefused`` naming a file that cannot be read.
        """
        async with self._reading, work() as uow:
            now = await uow.now()
            trust = await trust_at(uow.session, now)
            seen = (stats_of(self.directory, LISTS), trust.version)
            if not trust.roots or seen == self._seen:
                return
            await absorb_crls(uow.session, crls_in(self.directory), trust, now)
            await uow.commit()
            self._seen = seen
