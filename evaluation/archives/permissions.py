"""Who may do what with a lot's archive; what is not granted here is denied."""

from storage.kernel.permission import rows
from trading.tenders.model import Stage

# Who archives a lot and who takes the package home, and at which stages (fault 33).
PERMISSIONS = (
    *rows("centre", "archiveLot", {Stage.CONTRACTED, Stage.ARCHIVED}),
    *rows("tenderee:own agency:own centre supervisor", "readArchive", {Stage.ARCHIVED}),
)
