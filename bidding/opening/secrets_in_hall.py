"""Secrets released in the hall: opened for a moment, checked against the bidder's commitments, never kept."""

from collections.abc import Sequence
from dataclasses import dataclass

from storage.crypto.context import Secrets
from storage.crypto.envelope import message_key_of
from storage.crypto.errors import SealBroken
from storage.crypto.floe import MessageKey
from storage.crypto.header import Header
from storage.crypto.wraps import WHOLE_SECRET, Release, SessionPrivateKey, open_release


@dataclass(frozen=True, slots=True)
class SealedShare:
    """A custodian's release of one share, as it rests."""

    index: int
    release: Release


@dataclass(frozen=True, slots=True)
class SealedKeys:
    """Everything released for one envelope; ``wrap_index`` is the bidder's wrap that was used (0, 1). ``custody``: S_P
    from the bidder itself, as a remedy (R-144)."""

    header: Header
    wrap_index: int
    release: Release
    shares: Sequence[SealedShare]
    custody: Release | None = None


def check_bidder_release(header: Header, wrap_index: int, release: Release,
                         session: SessionPrivateKey) -> str | None:
    """None when the release holds the S_B the bidder committed to, else the cause code (R-1106)."""
    try:
        secret = open_release(release, session, role="bidder", index=wrap_index, ch=header.ctx.ch)
    except SealBroken:
        return "release-unreadable"
    try:
        header.check_bidder_secret(secret)
    except SealBroken:
        return "wrong-key"
    return None


def check_custody_release(header: Header, release: Release, session: SessionPrivateKey) -> str | None:
    """None when the release holds the S_P the bidder committed to, else the cause code (R-1106)."""
    try:
        secret = open_release(release, session, role="custodian", index=WHOLE_SECRET, ch=header.ctx.ch)
    except SealBroken:
        return "release-unreadable"
    try:
        header.check_custody_secret(secret)
    except SealBroken:
        return "wrong-key"
    return None


def is_sound_share(header: Header, share: SealedShare, session: SessionPrivateKey) -> bool:
    """True when the release holds the share the bidder committed to for this custodian."""
    try:
        header.check_share(share.index, _share(header, share, session))
    except SealBroken:
        return False
    return True


def reveal(keys: SealedKeys, session: SessionPrivateKey) -> tuple[bytes, dict[int, bytes]]:
    """S_B and the shares by index, unchecked; for the bundle of a published opening, of its statements alone."""
    bidder = open_release(keys.release, session, role="bidder", index=keys.wrap_index, ch=keys.header.ctx.ch)
    return bidder, {each.index: _share(keys.header, each, session) for each in keys.shares}


def join(keys: SealedKeys, session: SessionPrivateKey) -> Secrets:
    """Both secrets of one envelope, every commitment checked; raises ``SealBroken`` with its part."""
    bidder, shares = reveal(keys, session)
    custody = reveal_custody(keys, session)
    return keys.header.join(bidder, shares) if custody is None else keys.header.join_whole(bidder, custody)


def reveal_custody(keys: SealedKeys, session: SessionPrivateKey) -> bytes | None:
    """S_P where its bidder gave it, unchecked; None where custodians' shares open the bid."""
    if keys.custody is None:
        return None
    return open_release(keys.custody, session, role="custodian", index=WHOLE_SECRET, ch=keys.header.ctx.ch)


def unlock(keys: SealedKeys, session: SessionPrivateKey) -> MessageKey:
    """The key that decrypts the object; raises ``SealBroken``."""
    return message_key_of(keys.header, join(keys, session))


def _share(header: Header, share: SealedShare, session: SessionPrivateKey) -> bytes:
    return open_release(share.release, session, role="custodian", index=share.index, ch=header.ctx.ch)
