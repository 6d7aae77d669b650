"""A committee 评标委员会 as values and pure decisions: its steps, its members, its hours, its votes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class CommitteeStep(StrEnum):
    """Where a committee stands; ``NONE`` is a lot that has not asked for one."""

    NONE = "none"
    REQUESTED = "requested"
    DRAWN = "drawn"
    BEGUN = "begun"


class CommitteeAct(StrEnum):
    """What is done to a committee."""

    REQUEST = "request"
    DRAW = "draw"
    NAME_REPRESENTATIVE = "name_representative"
    ANSWER = "answer"
    SIGN_IN = "sign_in"
    VOTE = "vote"
    SET_DUTIES = "set_duties"
    ASK_TIME = "ask_time"
    REPLACE = "replace"
    EXTEND = "extend"
    BEGIN_EVALUATION = "begin_evaluation"


class MemberStatus(StrEnum):
    """Where one called member stands; the last four have left, and what they concluded is void (R-125)."""

    INVITED = "invited"
    ACCEPTED = "accepted"
    SIGNED_IN = "signed_in"
    DECLINED = "declined"
    RECUSED = "recused"
    REPLACED = "replaced"
    DISMISSED = "dismissed"


SEATED = frozenset({MemberStatus.INVITED, MemberStatus.ACCEPTED, MemberStatus.SIGNED_IN})
CAUSES = {"absent": "未按时到场", "illness": "因病或其他客观原因不能继续", "recusal": "应当回避",
          "discipline": "违反评标纪律"}
DUTIES = {"organise": "主持评审进程", "qualification": "资格与形式评审", "technical": "技术评审",
          "commercial": "商务与报价评审", "report": "起草评标报告"}
DISCIPLINE = ("评标委员会成员应当客观、公正地履行职责，遵守职业道德，对所提出的评审意见承担个人责任；"
              "不得私下接触投标人，不得收受利害关系人的财物或者其他好处；"
              "不得透露对投标文件的评审和比较、中标候选人的推荐情况以及与评标有关的其他情况（招标投标法第四十四条）。"
              "与投标人、招标人、招标代理机构有利害关系的，应当主动回避（实施条例第四十六条）。")

_STEMS = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥"


def alias(place: int) -> str:
    """The name a member bears until the result, by place from 0: 甲, 乙 … 亥, 甲2 (R-606)."""
    again, stem = divmod(place, len(_STEMS))
    return _STEMS[stem] + (str(again + 1) if again else "")


@dataclass(frozen=True, slots=True)
class Stratum:
    """So many experts out of one region 地区 (R-601); region "" is anywhere."""

    region: str
    count: int


@dataclass(frozen=True, slots=True)
class Hours:
    """The evaluation's hours, half-open; nobody is at the desk outside them (R-604)."""

    starts_at: datetime
    ends_at: datetime

    def admits(self, moment: datetime) -> bool:
        """True from the first instant up to, and without, the last."""
        return self.starts_at <= moment < self.ends_at


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitteeFacts:
    """What the rules of a committee decide on; counts are of those seated now, unless they say otherwise."""

    now: datetime
    hours: Hours
    deadline_at: datetime | None = None
    is_suspended: bool = False
    size: int = 0
    representatives: int = 0
    strata: Sequence[Stratum] = ()
    specialty: str = ""
    is_frozen: bool = False
    short_of: int = 0  # experts wanting in the bank for the quotas asked
    experts_seated: int = 0
    representatives_seated: int = 0
    signed_in: int = 0
    recused: int = 0
    votes_for: bool = True  # the one voted for is an expert
    ends_before: datetime | None = None  # the end of the hours before an extension
    is_exhausted: bool = False  # a seat is vacant and its stratum has nobody left

    @property
    def lacks_representative(self) -> bool:
        """True when the tenderee must name another in place of one who left."""
        return self.representatives_seated < self.representatives

    @property
    def seated(self) -> int:
        """Everyone who holds a seat."""
        return self.experts_seated + self.representatives_seated


def elected(votes: Sequence[UUID], members: int) -> UUID | None:
    """Who has more than half of all members, or None (R-607)."""
    for chosen, count in Counter(votes).items():
        if 2 * count > members:
            return chosen
    return None


def time_must_be_extended(asking: int, members: int) -> bool:
    """True when more than a third of the members find the time too short (R-125)."""
    return 3 * asking > members
