"""Who may read and sign papers; what is not granted here is denied."""

from storage.kernel.permission import SIGNED, rows

# A paper is read by those it is addressed to, and signed by whoever has a seat on it.
PERMISSIONS = (
    *rows("party:reader party:seat", "readPaper readPaperPdf"),
    *rows("party:seat", "preparePaper"),
    *rows("party:seat", "signPaper", proof=SIGNED),
)
