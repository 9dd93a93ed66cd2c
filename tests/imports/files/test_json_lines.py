"""JSON Lines: objects as rows, their keys as columns."""

import pytest

from crm.importing.files.options import MOST_COLUMNS
from tests.imports.files.tables import gzipped, refusal_of, table_of


def test_keys_of_all_objects_are_the_columns():
    content = b'{"firstname": "Ann", "zip": "01067"}\n\n{"email": "bob@example.com", "firstname": null}\n'

    said, columns, rows = table_of(gzipped(content))

    assert said == "JSON Lines in gzip, encoding utf-8"
    assert columns == ["firstname", "zip", "email"]
    assert rows == [(1, ["Ann", "01067", ""]), (3, ["", "", "bob@example.com"])]


def test_values_within_values():
    content = (
        b'{"custom_fields": {"vip": true, "score": 1.50, "big": 12345678901234567890}, "tags": ["a", "b"],'
        b' "email": ["x@x.example", "y@x.example"], "address": [{"city": "Lyon"}, {"city": "Paris"}]}\n'
    )

    _, columns, [(_, cells)] = table_of(content)

    assert dict(zip(columns, cells, strict=True)) == {
        "custom_fields.vip": "true",
        "custom_fields.score": "1.50",
        "custom_fields.big": "12345678901234567890",
        "tags": "a;b",
        "email": "x@x.example",
        "email_2": "y@x.example",
        "address.city": "Lyon",
        "address_2.city": "Paris",
    }


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"a": 1}\n{"a": \n', "Line 2: no JSON at character 7: Expecting value."),
        (b'{"a": 1}\n[1]\n', "Line 2: JSON Lines holds one object on each line, such as {...}."),
        (b'{"a": NaN}\n', "Line 1: NaN is no JSON."),
        (b'{"a": 1, "a": 2}\n', 'Line 1: the key "a" occurs twice.'),
        (b'{"a": [1, 2], "a_2": 3}\n', "Line 1: two values would be a_2."),
        (b'{"a": "\\u0000"}\n', "Line 1: there is a NUL character."),
        (b'{"a": "\\ud800"}\n', "Line 1: half of a surrogate pair is no character."),
        (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n", "Line 1: nested too deep."),
        (b'{"a": ' + b"[" * 9 + b"]" * 9 + b"}\n", "Line 1: a is nested too deep."),
        (b'{"a": "' + b"x" * 1_000_000 + b'"}\n', "Line 1: a value has 131,072 characters at most."),
        (
            b"{" + b",".join(b'"k%d":1' % number for number in range(MOST_COLUMNS + 1)) + b"}\n",
            "Line 1: more than 2,000 different keys.",
        ),
        (b"{}\n", "The file is empty; each of its lines is a JSON object."),
        (b'[{"a": 1}]\n', "The file is a JSON array. Write one object on each line (JSON Lines)."),
    ],
)
def test_refused(content, message):
    assert refusal_of(content) == message
