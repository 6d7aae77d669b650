"""The container of a PDF signature (CMS, RFC 5652): that it has the one form it can have.

No signature covers its own container. What is inside is signed or checked by itself; here the rest is pinned down, so
that no byte of it can be another: letter case, padding, version numbers, names of algorithms, certificates that come
along.
"""

from typing import Any

from asn1crypto import cms

from storage.crypto.chain_signatures import verifies

_HEX_CASES = (bytes.lower, bytes.upper)
_FIRST, _THIRD = "v1", "v3"


def is_plain(pdf: bytes, signature: Any) -> bool:
    """True for a container (of a pyHanko embedded signature) in its only form."""
    _, before, after, _ = (int(each) for each in signature.byte_range)
    return is_plain_gap(pdf[before:after], bytes(signature.pkcs7_content))


def is_plain_gap(gap: bytes, told: bytes) -> bool:
    """``gap``: what ByteRange leaves out, ``<…>``; ``told``: its content as it was read."""
    digits = gap[1:-1]
    if gap[:1] + gap[-1:] != b"<>" or not any(case(digits) == digits for case in _HEX_CASES):
        return False
    try:
        held = bytes.fromhex(digits.decode("ascii"))
        content = cms.ContentInfo.load(told)
        length = len(content.dump())
        return held[:len(told)] == told and not any(held[length:]) and _is_as_specified(content["content"])
    except (ValueError, TypeError, KeyError, IndexError):
        return False


def _is_as_specified(signed: Any) -> bool:
    """Versions and algorithms as RFC 5652 §5.1 and §5.3 leave no choice; one signer, and tokens within likewise."""
    [signer] = signed["signer_infos"]
    plain = signed["encap_content_info"]["content_type"].native == "data"
    first = signer["sid"].name == "issuer_and_serial_number"
    versions = (_FIRST if plain and first else _THIRD, _FIRST if first else _THIRD)
    named = [each["algorithm"].native for each in signed["digest_algorithms"]]
    return ((signed["version"].native, signer["version"].native) == versions
            and named == [signer["digest_algorithm"]["algorithm"].native]
            and signer["digest_algorithm"]["algorithm"].native == _hash_of(signer)
            and all(map(_is_sound, _with_issuers(signed)))
            and all(_is_as_specified(token["content"]) for token in _tokens(signer)))


def _with_issuers(signed: Any) -> list[tuple[Any, list[Any]]]:
    """Each certificate the container carries, with those beside it that may have issued it."""
    carried = [each.chosen for each in signed["certificates"] or ()]
    return [(each, [above for above in carried if above.subject == each.issuer]) for each in carried]


def _is_sound(found: tuple[Any, list[Any]]) -> bool:
    """Signed by one of its issuers beside it; whose issuer is elsewhere is judged with the chain."""
    each, issuers = found
    algorithm = each["signature_algorithm"]
    return not issuers or (algorithm.dump() == each["tbs_certificate"]["signature"].dump() and any(verifies(
        above, algorithm, each["tbs_certificate"].dump(), each["signature_value"].native) for above in issuers))


def _hash_of(signer: Any) -> str:
    told = str(signer["digest_algorithm"]["algorithm"].native)
    try:
        return str(signer["signature_algorithm"].hash_algo)
    except ValueError:  # an algorithm that names none, or one that asn1crypto does not know by its hash: SM2
        return told


def _tokens(signer: Any) -> list[Any]:
    return [token for each in signer["unsigned_attrs"] or () if each["type"].native == "signature_time_stamp_token"
            for token in each["values"]]
