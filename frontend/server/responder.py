"""Answers whether the platform's own certificates are good, where its authority is the embedded one (RFC 6960)."""

from litestar import post
from litestar.datastructures import State
from litestar.params import RawBody

from frontend.server.dependencies import parts_of
from frontend.server.parts import OCSP_PATH
from storage.crypto.responder import answer_ocsp
from storage.kernel.clock import process_now


@post(OCSP_PATH, operation_id="askRevocation", status_code=200, media_type="application/ocsp-response")
async def ask_revocation(body: RawBody, state: State) -> bytes:
    """The address that the certificates name; whoever checks a signed paper may ask it."""
    return answer_ocsp(body, parts_of(state).keys, process_now())
