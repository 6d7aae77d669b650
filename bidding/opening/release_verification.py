"""Who released each bid, judged again: the signature that came with the secrets, from the ledger. No database.

Whoever holds S_B can release it, from a backup too; only the holder of the certificate it was wrapped to can sign as
such. A release that says it is a remedy (R-144) is signed by whoever was signed in for the bidder.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from bidding.opening.release_signing import release_bytes
from bidding.opening.sealed_verification import spoilt_of
from storage.crypto.canonical import from_base64
from storage.crypto.certificates import Certificate, parse_certificate, verify_signature
from storage.crypto.errors import Malformed
from storage.crypto.header import read_header
from storage.ledger.model import LedgerBroken

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Released:
    """What releases came to: how many bids', how many as a remedy, and which bidders gave S_P themselves."""

    count: int
    remedies: frozenset[str]
    alone: frozenset[str]


def check_releases(opening: Document, released: Collection[Document], kinds: Collection[str],
                   remedy: str | None = None) -> Released:
    """Which bids' releases hold; every opened bid has one, and of several the last one counts.

    ``released``: the payloads of ``bid.released`` of this opening; ``kinds``: what each release is of; ``remedy``: what
    the tender document allows, None where the bundle does not say. Raises ``LedgerBroken``, ``Malformed`` or
    ``SignatureRefused``.
    """
    bids = {bid["bid"]: bid for bid in opening["bids"]}
    if not {bid["bid"] for bid in opening["bids"] if bid["state"] == "decrypted"} <= {
            payload["bid"] for payload in released} <= bids.keys():
        raise LedgerBroken("账本缺少已开启投标文件的解密申请", seq=None)
    for payload in released:
        if not {"certificate", "signature", "releases"} <= payload.keys():
            raise LedgerBroken("账本没有保存解密申请的签名", seq=None)
        if {each["kind"] for each in payload["releases"]} != set(kinds):
            raise Malformed("解密申请所含的信封不对", bid=payload["bid"])
        if remedy == "none" and payload["remedy"]:
            raise Malformed("招标文件没有补救方案，账本却有依补救方案的解密（R-144）", bid=payload["bid"])
        gives_custody(payload)
        _check(payload, bids[payload["bid"]], opening["certificates"])
    last = {payload["bid"]: payload for payload in released}
    alone = frozenset(bid for bid, payload in last.items() if gives_custody(payload))
    for bid, found in bids.items():
        if "s_p" in (found["secrets"] or {}) and bid not in alone:
            raise Malformed("导出包中的保管密钥不是投标人签名的补救所提交", bid=bid)
    return Released(len(last), frozenset(bid for bid, payload in last.items() if payload["remedy"]), alone)


def gives_custody(payload: Document) -> bool:
    """Whether a release gives S_P along; raises ``Malformed`` where it is not of every object, or is no remedy."""
    given = ["custody_sha256" in each for each in payload["releases"]]
    if any(given) and not (all(given) and payload["remedy"]):
        raise Malformed("自行提交保管密钥的解密申请不是补救", bid=payload["bid"])
    return any(given)


def _check(payload: Document, bid: Document, pems: Mapping[str, str]) -> None:
    signer = _named(payload["certificate"], pems)
    verify_signature(signer, release_bytes(bid["bid"], payload["releases"], remedy=bool(payload["remedy"])),
                     from_base64(payload["signature"], "signature"))
    if payload["remedy"]:
        return
    headers = {each["kind"]: read_header(each["header"].encode()) for each in bid["envelopes"]}
    for each in payload["releases"]:
        if each["kind"] in spoilt_of(bid) - headers.keys():
            continue  # to whom it was wrapped, the platform has not kept
        wraps = [wrap for wrap in headers[each["kind"]].wraps_for("bidder") if wrap.index == each["i"]]
        if not wraps or not _holds(signer, wraps[0].cert.removeprefix("sha256:"), pems):
            raise Malformed("解密申请不是由密封时所用证书签名", bid=bid["bid"], kind=each["kind"])


def _holds(signer: Certificate, wrapped_to: str, pems: Mapping[str, str]) -> bool:
    return signer.fingerprint == wrapped_to or signer.is_pair_with(_named(wrapped_to, pems))


def _named(fingerprint: str, pems: Mapping[str, str]) -> Certificate:
    found = parse_certificate(pems[fingerprint]) if fingerprint in pems else None
    if found is None or found.fingerprint != fingerprint:
        raise Malformed("导出包中没有解密申请所用的证书", field="certificates")
    return found
