"""A time stamp checked offline by what it carries: its authority's signature, chain and purpose (RFC 3161, 5652).

For evidence that must be judged with nothing but itself and a root: no trust list, no revocation. Where those are at
hand, ``timestamps.check_timestamp`` asks for them too.
"""

import hashlib
import hmac
from collections.abc import Collection, Sequence
from typing import Any

from asn1crypto import algos, cms, tsp
from cryptography.x509 import ExtendedKeyUsage, ExtensionNotFound
from cryptography.x509.oid import ExtendedKeyUsageOID

from storage.crypto.certificates import Certificate, parse_certificate
from storage.crypto.chain_signatures import verifies
from storage.crypto.errors import Malformed, TimestampRefused
from storage.crypto.statements import check_chain
from storage.crypto.timestamps import TimeStamp, is_named, read_timestamp, stamps_digest
from storage.kernel.errors import DomainError, Unavailable

_HASHES = frozenset({"sha256", "sha384", "sha512"})


def check_stamp(token: bytes, digest: bytes, roots: Collection[str] | None) -> TimeStamp:
    """The time stamp over the SHA-256 ``digest``; raises ``TimestampRefused`` in every other case,
    ``Unavailable`` for SM2 on a machine that does not know it.

    ``roots``: fingerprints (hex) of trusted certificates, one of which must stand in the token's chain; None leaves
    that to the caller.
    """
    if not stamps_digest(token, digest):
        raise TimestampRefused("时间戳不是对这份内容签发的")
    found = read_timestamp(token)
    try:
        chain = _signed_by(cms.ContentInfo.load(token, strict=True)["content"])
        check_chain(chain, found.at)
    except (TimestampRefused, Unavailable):
        raise
    except (ValueError, TypeError, KeyError, IndexError, DomainError) as error:
        raise TimestampRefused("时间戳的签名或证书链不成立") from error
    if roots is not None and not any(each.fingerprint in roots for each in chain):
        raise TimestampRefused("时间戳的证书链不受信任", reason="untrusted", fingerprint=chain[-1].fingerprint)
    return found


def _signed_by(signed: Any) -> list[Certificate]:
    """The chain of the authority that signed, leaf first, as the token carries it."""
    [signer] = signed["signer_infos"]
    certificates = [each.chosen for each in signed["certificates"]]
    leaf = next((each for each in certificates if is_named(signer["sid"], each)), None)
    if leaf is None:
        raise TimestampRefused("时间戳没有附上签发者的证书")
    content = signed["encap_content_info"]["content"]
    told = {each["type"].native: each["values"][0] for each in signer["signed_attrs"]}
    _check_attributes(told, hashlib.new(_hash(signer), bytes(content)).digest(), leaf)
    attributes = signer["signed_attrs"].untag().dump()
    if not verifies(leaf, _algorithm(signer), attributes, signer["signature"].native):
        raise TimestampRefused("时间戳的签名不成立")
    return _ordered(leaf, certificates)


def _hash(signer: Any) -> str:
    """What the signer hashed the content with."""
    name: str = signer["digest_algorithm"]["algorithm"].native
    if name not in _HASHES:
        raise TimestampRefused("时间戳用了不认可的摘要算法", algorithm=name)
    return name


def _algorithm(signer: Any) -> Any:
    """That of the signature; some authorities name RSA alone, and the hash beside it (RFC 3370 section 3.2)."""
    named = signer["signature_algorithm"]
    if named["algorithm"].native != "rsassa_pkcs1v15":
        return named
    return algos.SignedDigestAlgorithm({"algorithm": f"{_hash(signer)}_rsa"})


def _check_attributes(told: dict[str, Any], digest: bytes, leaf: Any) -> None:
    named = told.get("signing_certificate_v2")
    certified = named["certs"][0] if named is not None else None
    if told["content_type"].native != "tst_info" or not hmac.compare_digest(
            told["message_digest"].native, digest):
        raise TimestampRefused("时间戳的内容与签名不符")
    if isinstance(certified, tsp.ESSCertIDv2) and certified["hash_algorithm"]["algorithm"].native == "sha256" \
            and certified["cert_hash"].native != leaf.sha256:
        raise TimestampRefused("时间戳指名的证书不是签发者的")
    if not _is_for_stamping(parse_certificate(leaf.dump())):
        raise TimestampRefused("签发者的证书不是时间戳证书")


def _is_for_stamping(certificate: Certificate) -> bool:
    try:
        uses = certificate.x509.extensions.get_extension_for_class(ExtendedKeyUsage)
    except ExtensionNotFound:
        return False
    return uses.critical and list(uses.value) == [ExtendedKeyUsageOID.TIME_STAMPING]


def _ordered(leaf: Any, certificates: Sequence[Any]) -> list[Certificate]:
    """From the leaf upwards as far as the token's certificates lead; one that leads nowhere has no place in it."""
    chain, rest = [leaf], [each for each in certificates if each is not leaf]
    while rest:
        above = next((each for each in rest if each.subject == chain[-1].issuer), None)
        if above is None:
            raise Malformed("时间戳带有无关的证书", field="certificates")
        rest.remove(above)
        chain.append(above)
    return [parse_certificate(each.dump()) for each in chain]
