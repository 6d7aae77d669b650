"""Fault 41: no field becomes a formula, for the platform writes no spreadsheet.

What people export is JSON, PDF, a calendar, a feed, and the files that others gave. A new kind of export would fail
here and need a writer whose cells are text.
"""

import re
from typing import Any

from frontend.server.composition import ROUTES
from tests.architecture.sources import ROOT, imported, sources

KNOWN = {"application/json", "application/pdf", "application/zip", "application/octet-stream", "text/calendar",
         "application/atom+xml", "application/ocsp-response", "text/plain"}
WRITERS = {"csv", "openpyxl", "xlsxwriter", "xlwt", "pandas", "polars", "odf"}


def test_no_operation_answers_with_a_table_for_spreadsheets() -> None:
    handlers: list[Any] = [*ROUTES]
    kinds = [getattr(each, "media_type", None) for each in handlers]
    named = {str(getattr(kind, "value", kind)).partition(";")[0] for kind in kinds if kind}
    assert named - KNOWN == set()


def test_no_source_writes_a_table_for_spreadsheets() -> None:
    # The rehearsal invents a bidder's own bill of quantities, which is a bidder's file and none of the platform's.
    assert [(source.module, name) for source in sources() if not source.module.startswith("frontend.cli.rehearsal")
            for name in imported(source) & WRITERS] == []


def test_no_page_writes_a_table_for_spreadsheets() -> None:
    writes = re.compile(r"text/csv|spreadsheetml|\.csv['\"`]|application/vnd\.ms-excel")
    files = [*(ROOT / "frontend/web/src").rglob("*.ts"), *(ROOT / "frontend/web/src").rglob("*.vue")]
    assert [file.name for file in files if writes.search(file.read_text(encoding="utf-8"))] == []
