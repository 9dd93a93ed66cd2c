"""Messages of services are translated where they are shown, by the whole text or by its fixed parts."""

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation

from crm.admin.dates import day_in_words, shown_day
from crm.admin.forms import message_of
from crm.admin.money import AmountField, shown_amount
from crm.dates import parse_date
from crm.errors import Conflict, ConflictReason, NotFound
from crm.languages.chosen import first_known
from crm.languages.messages import translated
from crm.money import read_amount

WORKED = [
    ("Choose a pipeline.", "Wählen Sie eine Pipeline."),
    ("7 leads still use it.", "7 Leads verwenden es noch."),
    ("A note has no participants.", "Eine Notiz hat keine Teilnehmer."),
    ("Ann gave you the lead Choose a pipeline.", "Ann hat Ihnen den Lead Choose a pipeline. gegeben"),
    ("Stage: Open -> Won, after 3 days", "Phase: Open -> Won, nach 3 Tagen"),
    ("Line 3: there is a NUL character.", "Zeile 3: Sie enthält ein NUL-Zeichen."),
    ("at capacity", "ausgelastet"),
    ("percent 0", "0 Prozent"),
    ("Nothing of ours.", "Nothing of ours."),
    ("100 % of it", "100 % of it"),
    ("", ""),
]


@pytest.mark.parametrize(("said", "shown"), WORKED)
def test_messages_are_translated_by_their_fixed_parts(said, shown):
    with translation.override("de"):
        in_german = translated(said)

    assert in_german == shown
    # Without a language, as in the API and in commands, they stay English.
    assert translated(said) == said


def test_refusals_are_translated_together():
    refused = ValidationError({"stage": ["Choose a stage."], "name": ["Choose a pipeline."]})

    with translation.override("es"):
        shown = [
            message_of(refused),
            message_of(NotFound()),
            message_of(Conflict(ConflictReason.IN_USE, "A pipeline keeps at least one stage.")),
        ]

    assert shown == [
        "Choose a stage. Elija un embudo.",
        "No encontrado.",
        "Un embudo conserva al menos una etapa.",
    ]


def test_a_language_of_a_region_is_the_language():
    assert [first_known(code) for code in ("de-AT", "es_MX", "fr", "", None)] == [
        "de",
        "es",
        "en",
        "en",
        "en",
    ]
    assert first_known("fr", "de") == "de"


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        ("en", ["1,234.50 EUR", "2,000 JPY", "1 Dec 2026", "Tomorrow", "24 Dec 2026", "3 Jan 2027"]),
        ("de", ["1.234,50 EUR", "2.000 JPY", "01.12.2026", "Morgen", "24.12.2026", "03.01.2027"]),
        ("es", ["1 234,50 EUR", "2 000 JPY", "01/12/2026", "Mañana", "24/12/2026", "03/01/2027"]),
    ],
)
def test_amounts_and_days_are_written_as_in_the_language(language, shown):
    today = parse_date("2026-11-30")
    days = [parse_date(text) for text in ("2026-12-01", "2026-12-24", "2027-01-03")]

    with translation.override(language):
        found = [
            shown_amount(read_amount("1234.50"), "EUR"),
            shown_amount(read_amount("2000.00"), "JPY"),
            shown_day(days[0]),
            *(day_in_words(day, today) for day in days),
        ]

    # Spanish parts thousands by a space that does not break.
    assert [text.replace("\u00a0", " ") for text in found] == shown


def test_amounts_are_read_as_the_page_writes_them():
    field = AmountField(required=False)

    for language in ("de", "es", "en"):
        with translation.override(language):
            read = [field.clean(text) for text in ("1234,5", "1234.5", "1.234,50", "1,234.5")]
            assert read == [read_amount("1234.50")] * 4
            with pytest.raises(ValidationError):
                field.clean("1.234,567")
