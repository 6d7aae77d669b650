"""The numbered rules a sealed bid meets on its way in."""

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta

from bidding.bids.model import EnvelopeState
from storage.kernel.rule import rule

_EB = date(2013, 5, 1)
_BL = date(2000, 1, 1)
_MARGIN = timedelta(days=30)  # a decryption window that is extended, an opening that is adjourned


@rule("R-140", "投标文件须按招标文件的要求加密，密封信息与标段、投标人、版本逐项一致",
      cites="电子招标投标办法 第二十六条", since=_EB)
def sealed_as_required(faulty_fields: Sequence[str]) -> bool:
    """No field of header or context differs from what the slot demands."""
    return not faulty_fields


@rule("R-141", "投标文件的传输、修改、撤回须在投标截止时间前完成",
      cites="招标投标法 第二十八条、第二十九条；电子招标投标办法 第二十七条", since=_BL)
def comes_before_the_deadline(now: datetime, deadline_at: datetime) -> bool:
    """The deadline instant itself is late (R-221)."""
    return now < deadline_at


@rule("R-210/4", "延期前密封的投标文件继续有效，其密封所载开标时间不得晚于标段的开标时间",
      cites="招标投标法实施条例 第二十一条；招标投标法 第三十四条", since=date(2012, 2, 1))
def seal_opens_with_the_lot(opens_at: datetime, deadline_at: datetime) -> bool:
    """Deadlines move later only, so a seal made before an extension names an earlier time, and opens with the rest."""
    return opens_at <= deadline_at


@rule("R-221", "全部分片已收齐，且逐片摘要与签名清单一致", cites="电子招标投标办法 第二十七条", since=_EB)
def arrived_whole(envelopes: Collection[tuple[str, str]], kinds: Collection[str]) -> bool:
    """Each required object (kind, state) was read back by the platform and found as signed."""
    checked = [kind for kind, state in envelopes if state == EnvelopeState.CHECKED]
    return sorted(checked) == sorted(kinds)


@rule("R-223", "替换、撤回须由同一企业的有效数字证书签名",
      cites="招标投标法 第二十九条；电子签名法 第十三条", since=date(2005, 4, 1))
def signed_by_the_enterprise(certificate: str, valid_of_party: Collection[str]) -> bool:
    """The signing certificate is one the enterprise has bound, valid at the moment."""
    return certificate in valid_of_party


@rule("R-702", "国密标段须以 SM2 签名证书及与其成对的加密证书投标",
      cites="电子招标投标办法 第二十六条；GB/T 20518", since=_EB)
def bids_with_a_dual_pair(is_sm: bool, kind: str, encryption: str | None) -> bool:
    """In a lot of suite 2 the bidder signs by SM2, and has the other half to seal to."""
    return not is_sm or (kind == "sm2" and encryption is not None)


@rule("R-701/3", "投标文件所封给的投标人证书，封存和递交时均须有效：信任列表中的机构签发、未过期、未被吊销、可用于加密",
      cites="电子招标投标办法 第二十六条；电子签名法 第十三条", since=_EB)
def sealed_to_valid(reason: str) -> bool:
    """No reason against any of the bidder's own certificates that the secrets are sealed to, the backup's included."""
    return not reason


@rule("R-704", "投标文件的内容密钥须封给投标人自己的有效证书",
      cites="电子招标投标办法 第二十六条、第三十一条", since=_EB)
def bidder_can_unwrap(wrapped_to: Sequence[str], sealing: Collection[str], valid_of_party: Collection[str]) -> bool:
    """One or two of the bidder's own valid certificates, distinct, the sealing one first: with SM2 an encryption half
    of its pair."""
    return (
        1 <= len(wrapped_to) <= 2
        and len(set(wrapped_to)) == len(wrapped_to)
        and wrapped_to[0] in sealing
        and all(fingerprint in valid_of_party for fingerprint in wrapped_to)
    )


@rule("R-704/2", "封存投标文件所用证书的有效期应超过开标之后三十日",
      cites="电子招标投标办法 第二十六条、第三十一条", since=_EB)
def outlasts_the_opening(not_after: datetime, opens_at: datetime) -> bool:
    """A renewed certificate has another key, which opens nothing that was sealed before; this warns and refuses not."""
    return not_after >= opens_at + _MARGIN
