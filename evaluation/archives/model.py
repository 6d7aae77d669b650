"""The archive package 归档包 of a lot as values: one document that a stranger checks alone (R-810, R-811)."""

from dataclasses import dataclass

ARCHIVE_KIND = "lot-archive"
# Whose payloads the package carries: it goes to people who may read all of them, and proves who judged what.
AUDIENCES = ("public", "supervisor", "centre", "evaluation")
FOUR_TESTS = ("authenticity", "integrity", "usability", "safety")


@dataclass(frozen=True, slots=True)
class ArchivedFile:
    """One signed paper in the package; ``title`` is what it is called, ``sha256`` what the ledger says of it."""

    name: str
    kind: str
    title: str
    sha256: str
    size: int
    content: bytes

    def to_json(self, encoded: str) -> dict[str, object]:
        """As the package carries it; ``encoded`` is the content in base64."""
        return {"name": self.name, "kind": self.kind, "title": self.title, "sha256": self.sha256, "size": self.size,
                "content": encoded}
