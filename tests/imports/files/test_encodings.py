"""UTF-8 is checked, UTF-16 known by its mark, and nothing else guessed."""

import pytest

from tests.imports.files.tables import gzipped, refusal_of, rows_of, table_of

NAMES = "firstname,email\nŁukasz,lukasz@example.pl\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_marks_tell_the_encoding(encoding):
    assert rows_of(NAMES.encode(encoding)) == [(2, ["Łukasz", "lukasz@example.pl"])]


@pytest.mark.parametrize("encoding", ["cp1250", "utf-16-le", "iso8859_2"])
def test_encoding_that_is_named_is_taken(encoding):
    assert rows_of(NAMES.encode(encoding), encoding=encoding) == [(2, ["Łukasz", "lukasz@example.pl"])]


def test_other_encodings_are_shown_to_choose_from():
    said, *choices = refusal_of("a\nb\nЖанна\n".encode("cp1251")).split("\n  --encoding ")

    assert said == (
        "Line 3: byte 1 of the line, 0xC6, is not UTF-8. Name the encoding in which these words are right:"
    )
    assert {"cp1252: Æàííà (so do cp1254)", "cp1251: Жанна", "mac_roman: ∆‡ÌÌ‡"} <= set(choices)


def test_japanese_is_shown_too():
    assert "\n  --encoding shift_jis: 山田" in refusal_of("a\n山田\n".encode("shift_jis"))


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        (b"a\nJos\xe9\n", {"encoding": "utf-8"}, "Line 2: byte 4 of the line, 0xE9, is not utf-8."),
        (b"a\n\x81\n", {"encoding": "cp1252"}, "Line 2: byte 1 of the line, 0x81, is not cp1252."),
        (b"a\n", {"encoding": "klingon"}, "klingon is not a known encoding."),
        (b"a\n", {"encoding": "zip"}, "zip is not a known encoding."),
        (b"\xef\xbb\xbfa\n", {"encoding": "cp1252"}, "The file is marked as utf-8: leave --encoding out."),
        ("a\nb\nc\n".encode("utf-16") + b"\0", {}, "Line 4: the file is not in utf-16-le."),
        ("a,b\n".encode("utf-16") + b"\x00\xd8\n\0", {}, "Line 2: the file is not in utf-16-le."),
        (
            "ab\n".encode("utf-16-le"),
            {},
            "Line 1: there is a NUL character. If this is UTF-16, say so: --encoding utf-16-le",
        ),
    ],
)
def test_refused(data, options, message):
    assert refusal_of(data, **options) == message


def test_encodings_that_are_mixed_are_refused_at_the_first_byte_of_the_other():
    message = refusal_of("a\nZoë\n".encode() + "Zoë\n".encode("cp1252"))

    assert message.startswith("Line 3: byte 3 of the line, 0xEB, is not UTF-8. ")


def test_gzip_around_a_text_is_taken_off():
    said, _, rows = table_of(gzipped(NAMES.encode("utf-16")))

    assert said == "CSV in gzip, encoding utf-16-le, delimiter ,, header in line 1"
    assert rows == [(2, ["Łukasz", "lukasz@example.pl"])]
