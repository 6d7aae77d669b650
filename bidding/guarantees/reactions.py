"""What guarantee letters do when something happened elsewhere: a bid was opened, a contract signed, a tender ended."""

from uuid import UUID

from bidding.guarantees.commands.ending import surrender_letters
from bidding.guarantees.commands.verifying import verify_letter
from storage.crypto.platform_keys import PlatformKeys
from storage.database.work import Work
from storage.reactions.model import Heard, Reaction, by_subject

_ENDS = frozenset({"contract.signed", "lot.failed", "lot.terminated", "guarantee.claim_refused"})


def reactions(keys: PlatformKeys) -> list[Reaction]:
    """The room's reactions over a node's keys."""

    async def verify(work: Work, heard: Heard) -> None:
        await verify_letter(UUID(str(heard.payload["bid"])), work, keys)

    async def give_back(work: Work, heard: Heard) -> None:
        await surrender_letters(UUID(heard.stream.removeprefix("lot:")), heard.action, work)

    # Letters wait for no other: one that this machine cannot judge yet stays alone.
    return [Reaction("guarantees.verify", frozenset({"bid.decrypted"}), verify, by_subject),
            Reaction("guarantees.surrender", _ENDS, give_back)]
