"""Signatures of CAs over certificates, CRLs and OCSP answers: one place that says which count, SM2 among them."""

from functools import partial
from typing import Any

from cryptography.exceptions import InvalidSignature
from pyhanko_certvalidator.context import ValidationContext
from pyhanko_certvalidator.revinfo import validate_ocsp
from pyhanko_certvalidator.sig_validate import (
    DEFAULT_VALIDATION_CONTEXT,
    DefaultSignatureValidator,
    SignatureValidationContext,
)

from storage.crypto.sm2 import SM2_WITH_SM3, public_key_of
from storage.crypto.sm2 import verifies as sm2_verifies
from storage.kernel.errors import Unavailable

_BROKEN = {"md2", "md5", "sha1"}


class _Signatures(DefaultSignatureValidator):
    """pyHanko's own, and SM2 with SM3 besides; an SM2 key under any other algorithm verifies nothing."""

    def validate_signature(self, signature: bytes, signed_data: bytes, public_key_info: Any, signature_algorithm: Any,
                           context: SignatureValidationContext = DEFAULT_VALIDATION_CONTEXT) -> None:
        """Raises ``InvalidSignature`` where it does not verify."""
        if signature_algorithm["algorithm"].dotted != SM2_WITH_SM3:
            validating: Any = super().validate_signature
            validating(signature, signed_data, public_key_info, signature_algorithm, context)
            return
        key = public_key_of(public_key_info)
        if key is None or context.prehashed or not sm2_verifies(key, signed_data, signature):
            raise InvalidSignature


_making: Any = _Signatures
SIGNATURES = _making()

# pyHanko judges an OCSP delegate that nobody need ask about (RFC 6960, 4.2.2.2.1) in a context of its own making, which
# would know no SM2: an SM2 CA's answers would never count, and a paper would never rest on them.
_judging: Any = validate_ocsp
_judging.ValidationContext = partial(ValidationContext, signature_validator=SIGNATURES)


def verifies(issuer: Any, algorithm: Any, signed: bytes, signature: bytes) -> bool:
    """True where ``signature`` (algorithm as asn1crypto has it) over ``signed`` is the issuer's; False for a broken
    hash and for anything that cannot be judged. Raises ``Unavailable`` where this machine knows no SM2."""
    try:
        if algorithm["algorithm"].dotted != SM2_WITH_SM3 and algorithm.hash_algo in _BROKEN:
            return False
        SIGNATURES.validate_signature(signature, signed, issuer.public_key, algorithm)
    except Unavailable:
        raise
    except Exception:  # whatever goes wrong: it does not verify
        return False
    return True
