"""The hour of opening as values and pure decisions: steps, bid states, causes, the decryption window."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class HallStep(StrEnum):
    """Where the opening 开标 of a lot stands."""

    WAITING = "waiting"
    FROZEN = "frozen"
    DECRYPTING = "decrypting"
    ANNOUNCED = "announced"
    OBJECTIONS = "objections"
    CONFIRMING = "confirming"
    SIGNING = "signing"
    PUBLISHED = "published"
    FAILED = "failed"


class HallAct(StrEnum):
    """What is done in the hall; the first six move it a step on."""

    BEGIN_DECRYPTION = "begin_decryption"
    ANNOUNCE = "announce"
    OPEN_OBJECTIONS = "open_objections"
    CLOSE_OBJECTIONS = "close_objections"
    CONCLUDE = "conclude"
    PUBLISH = "publish"
    EXTEND = "extend"
    PAUSE = "pause"
    RESUME = "resume"
    HAND_OVER = "hand_over"
    SIGN_IN = "sign_in"
    RELEASE_BID = "release_bid"
    RELEASE_SHARES = "release_shares"
    RESTORE_OBJECT = "restore_object"
    RESTORE_BODY = "restore_body"  # once prices were announced, as long as the opening lasts
    OBJECT = "object"
    ANSWER = "answer"
    CONFIRM = "confirm"
    SIGN_RECORD = "sign_record"
    SCHEDULE_PRICES = "schedule_prices"


class BidState(StrEnum):
    """Where one frozen bid stands (domain.md §2.2)."""

    SEALED = "sealed"
    WAITING = "waiting"  # its bidder has released; shares are missing
    QUEUED = "queued"
    DECRYPTING = "decrypting"
    DAMAGED = "damaged"  # the platform's stored object is not what was signed; its bidder may bring it again
    DECRYPTED = "decrypted"
    REVOKED = "revoked"
    WITHDRAWN_BY_FAULT = "withdrawn_by_fault"


TERMINAL = frozenset({BidState.DECRYPTED, BidState.REVOKED, BidState.WITHDRAWN_BY_FAULT})
UNOPENED = TERMINAL - {BidState.DECRYPTED}
AT_WORK = frozenset({BidState.QUEUED, BidState.DECRYPTING})
RUNNING = frozenset({HallStep.FROZEN, HallStep.DECRYPTING, HallStep.ANNOUNCED, HallStep.OBJECTIONS,
                     HallStep.CONFIRMING, HallStep.SIGNING})
PRICES_ARE_KNOWN = frozenset({HallStep.ANNOUNCED, HallStep.OBJECTIONS, HallStep.CONFIRMING, HallStep.SIGNING,
                              HallStep.PUBLISHED})


class BodyCheck(StrEnum):
    """The full decryption of a body in the background, once."""

    NONE = "none"
    WAITING = "waiting"
    CHECKING = "checking"
    SOUND = "sound"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a bid was not opened, whose fault that is, and what the bid becomes (R-144, R-1106)."""

    code: str
    title: str
    at_fault: str  # "bidder" | "custodian" | "platform" | "undetermined"
    becomes: BidState
    may_retry: bool = False

    @property
    def consequence(self) -> str:
        """What follows in law, in words for the hall, the record and the paper."""
        return CONSEQUENCES.get(self.at_fault, _OTHERS_FAULT)


_OTHERS_FAULT = ("视为撤回投标文件，退还投标保证金；投标人有权要求责任方赔偿因此遭受的直接损失"
                 "（电子招标投标办法第三十一条）")
CONSEQUENCES = {
    "bidder": "因投标人原因未能开启，视为撤销投标文件（电子招标投标办法第三十一条）；投标保证金依招标文件处理",
    "undetermined": "责任未能当场查明：视为撤回投标文件，退还投标保证金；责任查明后，直接损失由责任方承担"
                    "（电子招标投标办法第三十一条）",
}

# Found by the platform itself, and always its own fault.
DAMAGES = frozenset({"object-altered", "object-missing"})
CAUSES: dict[str, Cause] = {cause.code: cause for cause in (
    Cause("wrong-key", "所用密钥解不开本投标文件（与投标时的承诺不符），请换用投标时的证书重试",
          "bidder", BidState.REVOKED, may_retry=True),
    Cause("not-the-holder", "解密申请没有由密封时所用证书签名；以备份解密的，须依招标文件的补救方案申请",
          "bidder", BidState.REVOKED, may_retry=True),
    Cause("release-unreadable", "解密申请无法读取，请重新解密", "bidder", BidState.REVOKED, may_retry=True),
    Cause("not-released", "解密时间内未解密", "bidder", BidState.REVOKED),
    Cause("badly-dealt", "投标人加密时分发的密钥份额互相矛盾或不能解开", "bidder", BidState.REVOKED),
    Cause("dealing-disputed", "保管人称份额不能解开，而异议人数不足以查明是谁的责任",
          "undetermined", BidState.WITHDRAWN_BY_FAULT),
    Cause("seal-broken", "文件完好，但投标人加密有误，不能解开", "bidder", BidState.REVOKED),
    Cause("statement-invalid", "开标一览表内容不合招标文件的要求", "bidder", BidState.REVOKED),
    Cause("custodians-absent", "解密时间内保管人份额不足", "custodian", BidState.WITHDRAWN_BY_FAULT),
    Cause("share-mismatch", "保管人交出的份额与投标时的承诺不符", "custodian", BidState.WITHDRAWN_BY_FAULT),
    Cause("object-altered", "平台存储的文件与签名清单不符", "platform", BidState.WITHDRAWN_BY_FAULT),
    Cause("object-missing", "平台存储的文件缺失", "platform", BidState.WITHDRAWN_BY_FAULT),
)}


@dataclass(frozen=True, slots=True)
class Period:
    """One stretch of the decryption window, half-open; an extension is another period (R-504)."""

    opens_at: datetime
    closes_at: datetime

    def admits(self, moment: datetime) -> bool:
        """True from the first instant up to, and without, the last."""
        return self.opens_at <= moment < self.closes_at


@dataclass(frozen=True, slots=True)
class DecryptionWindow:
    """All periods together; it never shrinks."""

    periods: tuple[Period, ...] = ()

    def admits(self, moment: datetime) -> bool:
        """True inside any period."""
        return any(period.admits(moment) for period in self.periods)

    @property
    def closes_at(self) -> datetime | None:
        """The last instant of all periods, or None before the window was opened."""
        return max((period.closes_at for period in self.periods), default=None)

    def is_over(self, moment: datetime) -> bool:
        """True once opened and no period admits any more."""
        return self.closes_at is not None and moment >= self.closes_at

    def extended(self, moment: datetime, length: timedelta) -> Period:
        """The period an extension adds: from the end, or from now where the end is past."""
        begin = max(moment, self.closes_at or moment)
        return Period(begin, begin + length)

    def resumed(self, paused_at: datetime, moment: datetime) -> Period | None:
        """The period that gives back what a pause took; None when nothing was left at the pause (R-506)."""
        end = self.closes_at
        if end is None or paused_at >= end:
            return None
        return Period(moment, max(end, moment + (end - paused_at)))


@dataclass(frozen=True, slots=True, kw_only=True)
class HallFacts:
    """What the rules of the hall decide on."""

    now: datetime
    step: HallStep
    deadline_at: datetime
    sign_in_lead: timedelta = timedelta(minutes=60)
    window: DecryptionWindow = DecryptionWindow()
    is_paused: bool = False
    is_suspended: bool = False
    states: Sequence[str] = ()
    objections_until: datetime | None = None
    objections_open: int = 0
    confirmations_until: datetime | None = None
    unconfirmed: int = 0
    signatures: frozenset[str] = frozenset()
    remedy: str = "none"
    claims_remedy: bool = False
    damaged_bodies: int = 0  # of bids that are open, found damaged and not brought again
    passers_are_fixed: bool = False
    price_notice: timedelta = timedelta(minutes=60)
    price_hour: datetime | None = None  # the hour that is about to be set


CAPACITIES = ("host", "recorder")


def state_after_release(shares: int, needed: int) -> BidState:
    """What a bid becomes when its bidder has released: queued as soon as enough shares are there."""
    return BidState.QUEUED if shares >= needed else BidState.WAITING
