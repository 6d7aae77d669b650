"""Time zones and the process clock.

The only caller of ``datetime.now``. Decisions never use it: they take the
database clock from the unit of work (R-141, fault 16). The process clock
serves what no rule depends on: certificates made for a demo, log lines.
"""

from datetime import UTC, datetime, timedelta, timezone

# Without summer time since 1991; so no machine needs a database of zones for it, a witness's or a verifier's least.
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")


def process_now() -> datetime:
    """The aware UTC time of this process; never the basis of a decision."""
    return datetime.now(UTC)


def to_wire(moment: datetime) -> str:
    """RFC 3339, UTC, six decimals: the one form of an instant in signed bytes.

    Raises ``ValueError`` for a naive moment.
    """
    if moment.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def from_wire(text: str) -> datetime:
    """The aware instant of an RFC 3339 text; raises ``ValueError`` when it has no zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return moment


def shanghai(moment: datetime) -> datetime:
    """The same instant as screens and papers show it."""
    return moment.astimezone(SHANGHAI)
