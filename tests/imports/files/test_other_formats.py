"""Files that are no tables are refused by what they are."""

import gzip
import io

import pytest

from crm.importing.files.options import FileRefused, Limits
from crm.importing.files.table import open_table
from tests.imports.files.tables import gzipped, refusal_of


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"%PDF-1.7\n", "The file is a PDF document. Export the table as CSV or XLSX."),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
            "The file is an old Excel workbook or has a password. Save it as XLSX or CSV.",
        ),
        (b"<!DOCTYPE html><table>", "The file is HTML or XML, whatever its name. Save it as CSV or XLSX."),
        (
            b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
            "The file is HTML or XML, whatever its name. Save it as CSV or XLSX.",
        ),
        (gzipped(gzipped(b"a\n1\n")), "The file is compressed twice. Unpack it."),
        (gzipped(b"a\n" * 100)[:-9], "The gzip file is damaged or cut off. Compress it again."),
        (b"\x1f\x8bnothing", "The gzip file is damaged or cut off. Compress it again."),
    ],
)
def test_refused(content, message):
    assert refusal_of(content) == message


def test_gzip_is_unpacked_within_bounds():
    packed = io.BytesIO(gzip.compress(b"0" * 2**24))

    with (
        pytest.raises(FileRefused, match=r"^The file holds more than 10 MB when it is unpacked"),
        open_table(packed, limits=Limits(unpacked_bytes=10 * 2**20)),
    ):
        pytest.fail("It was read.")


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (b"a\n1\n", {"sheet": "A"}, "The file is a CSV file, which has no sheet: leave it out."),
        (b'{"a": 1}\n', {"header_row": 2}, "The file is JSON Lines, which has no header row: leave it out."),
    ],
)
def test_options_of_other_formats_are_refused(content, options, message):
    assert refusal_of(content, **options) == message
