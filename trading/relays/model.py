"""A relay between a page and the telephone that holds its user's keys (R-703, docs/keys.md): lives and limits. Pure.

The platform carries what both have sealed, and can open neither way.
"""

from datetime import datetime, timedelta

CLAIM_LIFE = timedelta(minutes=2)  # a code on a screen, before a telephone has taken it
ASK_LIFE = timedelta(minutes=2)  # a question, before its answer
IDLE_LIFE = timedelta(minutes=10)  # a relay at which nothing is asked
LONGEST_LIFE = timedelta(hours=2)
LARGEST = 2 << 20  # characters of base64: releases of some thousand bids at once


def kept_until(opened_at: datetime, now: datetime) -> datetime:
    """When a relay ends that is used now: idle, or at its longest age."""
    return min(now + IDLE_LIFE, opened_at + LONGEST_LIFE)
