"""The numbered rules of the trust list (R-700)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from storage.kernel.rule import rule
from trading.trust.model import Authority

_SINCE = date(2013, 5, 1)  # 电子招标投标办法 in force
_CITES = "电子招标投标办法 第四十条；电子签名法 第十三条"


@dataclass(frozen=True, slots=True)
class Presented:
    """What is known of a CA's certificates: those that may issue, and those whose issuer stands on the list too."""

    may_issue: frozenset[str]
    anchored: frozenset[str]


@rule("R-700", "信任列表的变更由一人提出、另一人批准", cites=_CITES, since=_SINCE)
def list_is_changed_by_two(proposer: str, decider: str) -> bool:
    """Who decides is not who proposed."""
    return proposer != decider


@rule("R-700/2", "列入的证书可以签发证书，且止于列表内的根", cites=_CITES, since=_SINCE)
def certificates_are_of_authorities(authority: Authority, presented: Presented) -> bool:
    """There is at least one; each is a CA's, and signed by itself or by one on the list."""
    held = {each.fingerprint for each in authority.certificates}
    return bool(held) and held <= presented.may_issue and held <= presented.anchored


@rule("R-700/3", "变更的生效时间不早于批准之时", cites=_CITES, since=_SINCE)
def change_begins_after_its_approval(effective_at: datetime, now: datetime) -> bool:
    """No edition reaches back: what was judged by the list stays judged by it."""
    return effective_at >= now


@rule("R-700/4", "机构的列入期限起止有序", cites=_CITES, since=_SINCE)
def term_is_in_order(authorities: Sequence[Authority]) -> bool:
    """From comes before to."""
    return all(each.valid_from < each.valid_to for each in authorities)


@rule("R-700/5", "同一证书只属于一个机构", cites=_CITES, since=_SINCE)
def certificates_belong_to_one(listed: Sequence[Authority]) -> bool:
    """No certificate stands twice on the list, else its terms would be two."""
    held = [each.fingerprint for authority in listed for each in authority.certificates]
    return len(held) == len(set(held))
