"""What a key is asked to do, in words made from the very bytes, never from what a page says of them."""

from hashlib import sha256

from asn1crypto import cms

from frontend.cli.token_questions import Question
from storage.crypto.canonical import from_base64
from storage.crypto.errors import Malformed

_KINDS = {b"manifest": "投标文件清单", b"withdrawal": "撤回投标", b"confirm": "确认唱标结果",
          b"bidder-release": "释放投标密钥", b"custodian-complaint": "保管人异议"}
_WRAP = b"ebid/1 wrap\0"
_ROLES = {b"bidder": "投标人（或收件人）", b"custodian": "保管人"}


def words(question: Question) -> list[str]:
    """One line a thing to be done; raises ``Malformed`` for what a key must not do at all."""
    if question.do == "list":
        return ["向网页出示证书（不签名）"]
    if question.do == "sign":
        return [_signing(from_base64(each, "messages"), question.origin) for each in question.messages]
    return _opening([from_base64(each.info, "info") for each in question.locked])


def _signing(message: bytes, origin: str) -> str:
    if message.startswith(b"ebid/1 login\0"):
        named = message.removeprefix(b"ebid/1 login\0").partition(b"\0")[0].decode("utf-8", "replace")
        if named != origin:
            raise Malformed("登录的网址与请求的网址不一致，已拒绝", field="messages", origin=named)
        return f"登录 {named}"
    if message.startswith(b"ebid/1 "):
        kind, _, text = message.removeprefix(b"ebid/1 ").partition(b"\0")
        if kind not in _KINDS:
            raise Malformed("不认识要签署的内容，已拒绝", field="messages")
        return f"签署{_KINDS[kind]}，内容 SHA-256 {sha256(text).hexdigest()}"
    return f"签署文件，文件摘要 {_document_digest(message)}"


def _document_digest(message: bytes) -> str:
    """The digest of the PDF whose signed attributes (RFC 5652, 5.4) these are; anything else is refused."""
    try:
        attributes = cms.CMSAttributes.load(message, strict=True)
        found = {each["type"].native: each["values"].native[0] for each in attributes}
        return bytes(found["message_digest"]).hex()
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise Malformed("不认识要签署的内容，已拒绝", field="messages") from error


def _opening(bound: list[bytes]) -> list[str]:
    counts: dict[bytes, int] = {}
    for each in bound:
        role = each.removeprefix(_WRAP).partition(b"\0")[0]
        if not each.startswith(_WRAP) or role not in _ROLES:
            raise Malformed("不认识要解开的内容，已拒绝", field="locked")
        counts[role] = counts.get(role, 0) + 1
    return [f"以{_ROLES[role]}身份解开 {count} 个密钥信封" for role, count in counts.items()]
