"""What an enterprise agrees to before it enrols (A-25)."""

from trading.parties.model import AGREEMENT_VERSION

TITLE = "企业入库协议与承诺"

CLAUSES = (
    "本单位自行申报入库信息，对其真实、完整、准确负责；信息变化时及时申报变更，变更生效前以原信息为准。",
    "本单位使用绑定的数字证书所作的登录、签名、加密和解密，视为本单位的行为；私钥由本单位保管，平台不接触、不保存。",
    "证书到期、更换或遗失可能使已加密的投标文件无法解密。本单位将在到期前绑定新证书，并尽量绑定备用证书。",
    "平台对每一步操作留痕并形成不可更改的存证；联系人、电话和账户等信息只以摘要存证，不向公众公开。",
    "本单位参加招标投标活动，遵守《中华人民共和国招标投标法》及其实施条例和《电子招标投标办法》，不弄虚作假，不串通投标。",
    "申报信息与证书一致的，平台自动核验后生效；不一致的，由交易中心核验。交易中心可依法停止或恢复本单位的业务，并说明理由。",
)


def agreement() -> dict[str, object]:
    """The agreement in force: version, title, clauses."""
    return {"version": AGREEMENT_VERSION, "title": TITLE, "clauses": list(CLAUSES)}
