"""The numbered rules of enrolment and identity (R-224, R-701, R-804)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from stdnum.cn import uscc

from storage.kernel.rule import Rule, rule
from trading.parties.model import AGREEMENT_VERSION, ENROLLABLE_ROLES, PartyData, name_key


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


DECLARING = (agreement_is_accepted, name_is_free, data_is_complete, uscc_is_well_formed,
             certificate_names_the_enterprise)
VERIFYING_BY_ITSELF = (certificate_bears_the_name,)


def verdicts(rules: Iterable[Rule[Enrolment]], enrolment: Enrolment) -> list[tuple[Rule[...], bool]]:
    """Each rule with whether the enrolment satisfies it."""
    return [(each, each(enrolment)) for each in rules]
