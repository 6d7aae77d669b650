"""What each signature's certificate was held valid on, judged again from what the platform kept (R-701). No database.

An act's entry in the ledger names its grounds by their digest; the export carries the grounds, the chain, CRLs and OCSP
answers they rest on, and the ledger's entry of the edition of the trust list that was in effect.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from storage.crypto.canonical import from_base64
from storage.crypto.errors import CertificateRefused, Malformed
from storage.crypto.grounds import KeptEvidence, grounds_digest
from storage.crypto.trust import Admission, TrustList
from storage.kernel.clock import from_wire
from storage.ledger.model import LedgerBroken
from storage.ledger.verification import checkpoint_of, decode_entry, decode_sealed_act, verify_entry

Document = Mapping[str, Any]
FREEZE, EDITION = "lot.bids_frozen", "trust.edition"


@dataclass(frozen=True, slots=True)
class Named:
    """An act that names its grounds; ``certificate``: fingerprint (hex) where the act tells whose signature it was."""

    action: str
    at: datetime
    digest: str
    certificate: str | None


@dataclass(frozen=True, slots=True)
class Judged:
    """How many signatures were judged again; of how many submissions among how many frozen; how many on a CA's last
    word past its end."""

    signatures: int
    submitted: int
    frozen: int
    late: int

    def in_words(self, *, is_trusted: bool) -> tuple[str, str]:
        """In both languages; ``is_trusted``: the reader's own CAs were asked."""
        trusted = ("均由您信任的机构签发", "by CAs that you trust") if is_trusted else (
            "签发机构是否可信未判断（可用 --trust）", "whether the CAs are trusted is not judged (use --trust)")
        return (f"证书：{self.signatures} 次签名当时所依据的证书链和吊销信息重新核验，证书均有效、未吊销；"
                f"其中递交 {self.submitted}/{self.frozen} 份；依据过期吊销信息并已标明的 {self.late} 次；{trusted[0]}",
                f"certificates: of {self.signatures} signatures, among them {self.submitted} of {self.frozen} "
                f"submissions, the kept chains, CRLs and OCSP answers were judged again: valid, not revoked; "
                f"{self.late} on a CA's last word past its end, flagged; {trusted[1]}")


@dataclass(frozen=True, slots=True)
class Edition:
    """An edition of the trust list as the ledger has it; terms by fingerprint of the CA's certificate (hex)."""

    effective_at: datetime
    terms: Mapping[str, Admission]
    withdrawn: frozenset[str]


def named_in(ledger: Document) -> Iterator[Named]:
    """Every act of an export whose readable payload names grounds; of the frozen set each bid's submission."""
    for proof in ledger["entries"]:
        entry, payload = decode_entry(proof["entry"]), proof.get("payload")
        yield from _named(entry.action, entry.ts, payload)
        for bid in payload.get("bids", ()) if payload and entry.action == FREEZE else ():
            yield from _named("bid.submitted", bid["submitted_at"], bid)
    for proof in ledger["sealed"]:
        head = decode_sealed_act(proof["act"])
        yield from _named(head.action, head.at, proof.get("payload"))


def _named(action: str, at: str, payload: Any) -> Iterator[Named]:
    if isinstance(payload, Mapping) and payload.get("validation") is not None:
        yield Named(action, from_wire(at), str(payload["validation"]), payload.get("certificate"))


def check_grounds(bundle: Document, trust: TrustList | None) -> Judged:
    """Judges all of them again; ``trust``: CAs of the reader's own, None: whether they are trusted stays open.

    Raises ``Malformed``, ``LedgerBroken``, ``CertificateRefused``; ``Unavailable`` for SM2 on a machine without it.
    """
    found = list(named_in(bundle["ledger"]))
    if found and "grounds" not in bundle:
        raise Malformed("导出包没有随附签名所依据的证书链和吊销信息；较早版本导出的，请重新导出", field="grounds")
    kept: Document = bundle.get("grounds") or {"validations": [], "evidence": {}, "editions": []}
    bodies = {grounds_digest(each): each for each in kept["validations"]}
    if {each.digest for each in found} != bodies.keys() or len(bodies) != len(kept["validations"]):
        raise Malformed("导出包所附的证书依据与账本所指的不一致", field="grounds")
    evidence = KeptEvidence({name: from_base64(each, "evidence") for name, each in kept["evidence"].items()})
    editions = dict(_editions(bundle["ledger"], kept["editions"]))
    frozen = [bid for proof in bundle["ledger"]["entries"] if decode_entry(proof["entry"]).action == FREEZE
              for bid in (proof.get("payload") or {}).get("bids", ())]
    late = sum(_is_late(each, bodies[each.digest], evidence, editions, trust) for each in _once(found))
    return Judged(len(_once(found)), sum(bid.get("validation") is not None for bid in frozen), len(frozen), late)


def _once(found: Iterable[Named]) -> list[Named]:
    """A submission is named by its sealed act and by the frozen set, where a reader has both."""
    return list({(each.action, each.at, each.digest): each for each in found}.values())


def _is_late(act: Named, body: Document, evidence: KeptEvidence, editions: Mapping[int, Edition],
             trust: TrustList | None) -> bool:
    """Whether it rested on a word past its end, within the grace; raises where the act's grounds do not hold."""
    if act.certificate not in (None, body["certificate"]):
        raise Malformed("证书依据不是签名所用证书的", field=act.action)
    edition, root = editions.get(body["edition"]), body["chain"][-1]
    if edition is None or edition.effective_at > act.at or not edition.terms.keys() >= {*body["chain"][1:]}:
        raise LedgerBroken("当时生效的信任列表中没有这些签发机构", seq=None)
    if edition.withdrawn & {*body["chain"][1:]}:
        raise CertificateRefused("签发机构当时已从信任列表中撤出", reason="withdrawn")
    if trust is not None and root not in {each.sha256.hex() for each in trust.roots}:
        raise CertificateRefused("签发机构的根证书不在您信任的列表中", reason="untrusted", authority=body["authority"])
    return bool(evidence.judge(body, act.at, edition.terms).flags)


def _editions(ledger: Any, proofs: Iterable[Any]) -> Iterator[tuple[int, Edition]]:
    """Each edition from its own entry, which stands in the checkpoint of the export."""
    checkpoint = checkpoint_of(ledger, ledger["key"])  # the key was judged with the export
    for proof in proofs:
        entry, told = verify_entry(proof, checkpoint), proof.get("payload")
        if entry.action != EDITION or not isinstance(told, Mapping) or not isinstance(proof.get("salt"), str):
            raise LedgerBroken("不是信任列表版本的条目", seq=entry.seq)
        terms = {name: _terms(each) for each in told["list"] for name in each["certificates"]}
        withdrawn = {name for each in told["list"] if each["status"] == "withdrawn" for name in each["certificates"]}
        yield int(told["edition"]), Edition(from_wire(told["effective_at"]), terms, frozenset(withdrawn))


def _terms(listed: Document) -> Admission:
    return Admission(from_wire(listed["valid_from"]), from_wire(listed["valid_to"]), listed["status"] == "suspended",
                     frozenset(listed["policies"]))
