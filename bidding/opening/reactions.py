"""What the hall does about acts of others."""

from bidding.opening.commands.coefficients import commit_seed
from bidding.opening.timers import lot_of
from storage.crypto.platform_keys import PlatformKeys
from storage.database.work import Work
from storage.reactions.model import Heard, Reaction


def reactions(keys: PlatformKeys) -> list[Reaction]:
    """A published lot gets its committed seed."""

    async def commit(work: Work, heard: Heard) -> None:
        await commit_seed(lot_of(heard.stream), work, keys)

    return [Reaction("opening.seed", frozenset({"lot.published"}), commit)]
