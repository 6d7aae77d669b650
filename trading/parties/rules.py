"""The numbered rules of enrolment and identity (R-224, R-701, R-804)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from stdnum.cn import uscc

from storage.kernel.rule import Rule, rule
from trading.parties.model import AGREEMENT_VERSION, ENROLLABLE_ROLES, NEVER_KEEPERS, Act, PartyData, name_key


@dataclass(frozen=True)
class Enrolment:
    """A declaration, with what the platform knows to judge it by."""

    data: PartyData
    agreement_version: str
    names_taken: frozenset[str]
    certificate_names: tuple[str, ...]
    certificate_usccs: tuple[str, ...]


_CTS = "CTS-EBS01-2016 "


@rule("R-224/1", "已阅读并同意现行的入库协议与承诺", cites=_CTS + "A-25", since=date(2016, 1, 1))
def agreement_is_accepted(enrolment: Enrolment) -> bool:
    """The version agreed to is the one in force."""
    return enrolment.agreement_version == AGREEMENT_VERSION


@rule("R-224/2", "单位名称未被其他主体使用", cites=_CTS + "A-26", since=date(2016, 1, 1))
def name_is_free(enrolment: Enrolment) -> bool:
    """No other enterprise bears the name, however its brackets and spaces are typed."""
    return name_key(enrolment.data.name) not in enrolment.names_taken


@rule("R-224/3", "申报信息完整", cites="平台约定：企业入库须填写完整（R-224，依据待核）", since=date(2016, 1, 1))
def data_is_complete(enrolment: Enrolment) -> bool:
    """Every field is filled, and the roles are ones an enterprise may take by itself."""
    roles = frozenset(enrolment.data.roles)
    return not enrolment.data.empty_fields() and roles <= ENROLLABLE_ROLES


@rule("R-804", "统一社会信用代码校验正确", cites="GB 32100-2015", since=date(2015, 10, 1))
def uscc_is_well_formed(enrolment: Enrolment) -> bool:
    """Eighteen characters of the standard's alphabet with the right check character."""
    code = enrolment.data.uscc
    return bool(uscc.is_valid(code)) and code == uscc.compact(code)


@rule("R-701/1", "证书中的统一社会信用代码与申报一致", cites="电子招标投标办法 第四十条", since=date(2013, 5, 1))
def certificate_names_the_enterprise(enrolment: Enrolment) -> bool:
    """Every bound certificate carries the enterprise's own code."""
    codes = enrolment.certificate_usccs
    return bool(codes) and all(code == enrolment.data.uscc for code in codes)


@rule("R-701/2", "证书中的单位名称与申报一致", cites=_CTS + "A-12", since=date(2016, 1, 1))
def certificate_bears_the_name(enrolment: Enrolment) -> bool:
    """Where it does not, for instance after a change of name, a person verifies (A-28)."""
    declared = name_key(enrolment.data.name)
    return any(name_key(name) == declared for name in enrolment.certificate_names)


_LEVEL_3 = "GB/T 22239-2019 8.1.7"


@rule("R-1011", "任免由一人提议、另一人批准", cites=_LEVEL_3, since=date(2019, 12, 1))
def another_person_decides(proposed_by: str, decided_by: str) -> bool:
    """Nobody gives or takes an office alone."""
    return proposed_by != decided_by


@rule("R-1011/2", "任职者须先由两人免职，不由一人停止业务", cites=_LEVEL_3, since=date(2019, 12, 1))
def one_stops_no_staff(act: Act, staff_roles: Sequence[str]) -> bool:
    """A stop takes every role away, so of who holds an office it would be a dismissal by one person."""
    return act is not Act.STOP or not staff_roles


@rule("R-200/2", "任职者不得是进行中标段的招标人、代理、投标人或份额保管人", cites="电子招标投标办法 第二十三条",
      since=date(2013, 5, 1))
def staff_have_no_part_in_lots(role: str | None, ties: Iterable[str]) -> bool:
    """``ties``: custodian, owner, bidder. A supervisor may keep a share, for it does not run the platform."""
    kept = set(ties) - ({"custodian"} if role not in NEVER_KEEPERS else set())
    return role is None or not kept


DECLARING = (agreement_is_accepted, name_is_free, data_is_complete, uscc_is_well_formed,
             certificate_names_the_enterprise)
VERIFYING_BY_ITSELF = (certificate_bears_the_name,)


def verdicts(rules: Iterable[Rule[Enrolment]], enrolment: Enrolment) -> list[tuple[Rule[...], bool]]:
    """Each rule with whether the enrolment satisfies it."""
    return [(each, each(enrolment)) for each in rules]
