"""What a reader brings along to judge evidence by, and what is no evidence."""

from dataclasses import dataclass
from pathlib import Path

import click

from storage.crypto.trust import TrustList

_UNKNOWN = 2


@dataclass(frozen=True, slots=True)
class Given:
    """What the reader brings along: the log's key, trusted authorities, a growth proof, keys of witnesses.

    ``roots``: fingerprints of the platform's roots, ``anchors`` the same as a trust list; None and empty where none was
    given. ``trust``: a trust list for everybody else's certificates.
    """

    key: str | None
    roots: frozenset[str] | None
    anchors: TrustList
    trust: TrustList | None
    proof: Path | None
    witnesses: tuple[str, ...] = ()

    @property
    def known(self) -> TrustList:
        """Everyone the reader trusts."""
        return self.anchors.joined(self.trust) if self.trust else self.anchors


class NotEvidence(click.ClickException):
    """The file is of no kind this command knows."""

    exit_code = _UNKNOWN
