"""Sealing on the bidder's computer: what the platform asks is checked first, then both secrets are made and wrapped."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from secrets import token_bytes
from typing import Any

from storage.crypto.certificates import Certificate, parse_certificate
from storage.crypto.context import Context, Secrets, read_context
from storage.crypto.envelope import Recipient, Sealing, seal
from storage.crypto.header import Header
from storage.crypto.sm2 import SM2
from storage.kernel.clock import from_wire
from storage.kernel.errors import Refused


@dataclass(frozen=True, slots=True)
class Terms:
    """What a version is to be sealed to, checked against what the lot says of itself."""

    contexts: Mapping[str, Context]
    signer: Certificate
    bidder: tuple[Certificate, ...]
    custodians: tuple[Certificate, ...]

    def seal(self, kind: str, keep: Callable[[Header, Secrets], None] | None = None,
             code: str | None = None) -> Sealing:
        """Fresh secrets for one object; they are gone when this returns, but for the message key, and for what
        ``keep`` takes of them with the header for the bidder's own backup, or a recovery code opens (R-144)."""
        chosen = Secrets(token_bytes(32), token_bytes(32))
        sealing = seal(self.contexts[kind], [Recipient(each.tag, each.public_key) for each in self.bidder],
                       [Recipient(each.tag, each.public_key) for each in self.custodians],
                       chosen=chosen, code=code)
        if keep is not None:
            keep(sealing.header, chosen)
        return sealing


def opening_of(requirements: Mapping[str, Any]) -> str:
    """The lot's deadline as a seal names it: whole seconds, UTC."""
    return from_wire(str(requirements["deadline_at"])).strftime("%Y-%m-%dT%H:%M:%SZ")


def terms_of(requirements: Mapping[str, Any], version: Mapping[str, Any], opens_at: str) -> Terms:
    """The terms of a version begun for the opening at ``opens_at``; raises ``Refused`` where the platform contradicts
    itself.

    Custodians are who the tender document names: their certificates are hashed here, not believed. The secret is
    wrapped to a second certificate of the enterprise where it has one, for a renewed key opens nothing (R-704).
    """
    if version["contexts"] is None:
        raise Refused("这个版本已不能再加密上传")
    contexts = {kind: read_context(context) for kind, context in version["contexts"].items()}
    custodians = tuple(parse_certificate(str(each["certificate_pem"])) for each in requirements["custodians"])
    own = [parse_certificate(each["pem"]) for each in requirements["certificates"]]
    signer = next((each for each in own if each.fingerprint == version["certificate"]), None)
    if signer is None:
        raise Refused("这个版本的证书已不在本企业名下，请重新开始")
    is_sm = any(context.algorithms.is_sm for context in contexts.values())
    terms = Terms(contexts, signer, _recipients(signer, own, is_sm), custodians)
    for kind, context in contexts.items():
        _check(context, kind, requirements, terms, opens_at)
    return terms


def _recipients(signer: Certificate, own: Sequence[Certificate], is_sm: bool) -> tuple[Certificate, ...]:
    """The signer's own, with SM2 the other half of its pair, and one more; in suite 2 all are SM2 (R-702, R-704)."""
    # After a CA gave the encryption half anew, the newer one counts.
    first = max((each for each in own if signer.is_pair_with(each)), key=lambda each: each.not_before, default=signer)
    if not first.can_unwrap:
        raise Refused("签名证书没有成对的加密证书，请先绑定双证书")
    others = [each for each in own if each is not first and each.can_unwrap and (not is_sm or each.key_kind == SM2)]
    # Where there are several, the one that lives longest is the best second key.
    return (first, *sorted(others, key=lambda each: each.not_after, reverse=True)[:1])


def _check(context: Context, kind: str, requirements: Mapping[str, Any], terms: Terms, opens_at: str) -> None:
    expected = {
        "lot": requirements["lot"]["code"], "tender": requirements["tender"], "round": requirements["round"],
        "envelope": kind, "k": requirements["k"], "n": len(terms.custodians), "bidder": terms.signer.tag,
        "suite": requirements["suite"],
        "custodians": tuple(each.tag for each in terms.custodians), "seg": requirements["segments"][kind],
        "opens_at": opens_at}
    if wrong := [name for name, value in expected.items() if getattr(context, name) != value]:
        raise Refused("平台给出的密封信息与标段不符，未作任何加密", fields="、".join(wrong))
