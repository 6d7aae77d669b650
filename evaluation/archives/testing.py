"""The four tests 四性检测 of a package before it is handed over: each is carried out, none is declared (R-811)."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

from bidding.opening.verification import Anchors
from evaluation.archives.verification import verify_archive
from storage.crypto.canonical import from_base64
from storage.crypto.pdf_active import active_content
from storage.crypto.pdf_validation import validate_pdf
from storage.crypto.trust import TrustList
from storage.kernel.clock import process_now
from storage.kernel.errors import DomainError

# What signs a paper of ours carries along on purpose.
_OUR_OWN = frozenset({"attachment"})


async def four_tests(content: bytes, ledger_key: str, trust: TrustList) -> dict[str, bool]:
    """authenticity: ledger, draw, scores, ranking and signatures hold; integrity: nothing is missing or altered;
    usability: every file opens; safety: none runs or fetches anything. A virus scanner is not part of it."""
    try:
        package: Mapping[str, Any] = json.loads(content)
        papers = [from_base64(each["content"], "content") for each in package["files"]]
    except (ValueError, KeyError, DomainError):
        return dict.fromkeys(("authenticity", "integrity", "usability", "safety"), False)
    opened = await _signatures(papers, trust)
    holds = await asyncio.to_thread(_holds, package, ledger_key)
    return {"authenticity": holds and opened is not None and all(opened), "integrity": holds,
            "usability": opened is not None, "safety": opened is not None and not any(map(_is_active, papers))}


def _holds(package: Mapping[str, Any], ledger_key: str) -> bool:
    try:
        return sum(1 for _ in verify_archive(package, Anchors(ledger_key))) > 0
    except (DomainError, KeyError, TypeError, ValueError):
        return False


async def _signatures(papers: Sequence[bytes], trust: TrustList) -> list[bool] | None:
    """Whether each paper is signed and unchanged since; None when one does not open."""
    found = []
    for paper in papers:
        try:
            signed = await validate_pdf(paper, trust, process_now())
        except DomainError:
            return None
        found.append(bool(signed) and all(each.is_intact and not each.is_modified for each in signed))
    return found


def _is_active(paper: bytes) -> bool:
    return bool(set(active_content(paper)) - _OUR_OWN)
