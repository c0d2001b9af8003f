"""A workbook that is written to a stream row by row, and ends cleanly whatever becomes of the stream."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from ledger.errors import ExportRefused


class _Stream:
    """Takes what a workbook is written as, and keeps the first failure to itself until the end.

    The library for zip archives tries to finish one even where the reader has gone or the disk is
    full, and complains on standard error about each try.
    """

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self.failure: OSError | None = None

    def write(self, some: bytes) -> int:
        """Pass some bytes on."""
        if self.failure is None:
            try:
                self._out.write(some)
            except OSError as error:
                self.failure = error
        return len(some)

    def flush(self) -> None:
        """Pass on what was kept back."""
        if self.failure is None:
            try:
                self._out.flush()
            except OSError as error:
                self.failure = error


@contextmanager
def open_workbook(out: BinaryIO) -> Iterator[Any]:
    """Give a workbook of xlsxwriter that keeps one row in memory; it is written when the block ends.

    Texts stay texts: none is taken for a formula, an address or a number.

    Raises:
        ExportRefused: there is more than a workbook may hold.
        OSError: the stream, or the disk with the temporary folder, does not take it.
    """
    import xlsxwriter
    from xlsxwriter.exceptions import FileCreateError, FileSizeError

    stream = _Stream(out)
    with tempfile.TemporaryDirectory(prefix="mintage-workbook-") as folder:
        book = xlsxwriter.Workbook(
            stream,
            {
                "constant_memory": True,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
                "tmpdir": folder,
            },
        )
        try:
            yield book
            book.close()
        except FileSizeError:
            raise ExportRefused(
                "a workbook cannot hold this many charges with texts of this length: ask for fewer "
                "days, or for csv or parquet"
            ) from None
        except FileCreateError as error:
            # It wraps what the system said.
            raise error.args[0] from None
        finally:
            # What was given up must not be written by the destructor, and its rows are let go.
            book.fileclosed = True
            for sheet in book.worksheets():
                sheet.row_data_fh.close()
    if stream.failure is not None:
        raise stream.failure
