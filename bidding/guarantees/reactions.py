"""What guarantee letters do when something happened elsewhere: a bid was opened, a contract signed, a tender ended."""

from uuid import UUID

from bidding.guarantees.commands.ending import surrender_letters
from bidding.guarantees.commands.verifying import verify_letter
from storage.crypto.platform_keys import PlatformKeys
from storage.database.work import Work
from storage.reactions.model import Heard, Reaction

_ENDS = frozenset({"contract.signed", "lot.failed", "lot.terminated", "guarantee.claim_refused"})


def reactions(keys: PlatformKeys) -> list[Reaction]:
    """The room's reactions over a node's keys."""

    async def verify(work: Work, heard: Heard) -> None:
        await verify_letter(UUID(str(heard.payload["bid"])), work, keys)

    async def give_back(work: Work, heard: Heard) -> None:
        await surrender_letters(UUID(heard.stream.removeprefix("lot:")), heard.action, work)

    return [Reaction("guarantees.verify", frozenset({"bid.decrypted"}), verify),
            Reaction("guarantees.surrender", _ENDS, give_back)]
