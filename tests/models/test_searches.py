"""The words of a search find phones and e-mails in every spelling, and not others."""

import phonenumbers
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crm.texts import name_key
from people.models.canonical import email_spellings, phone_spellings, search_text
from people.models.phones import canonical_phone
from people.models.searches import search_words
from tests.models.test_canonical_forms import DOMAINS, LOCAL_PARTS, REGIONS, spelled


def finds(search: str, text: str, region: str | None = None) -> bool:
    """Return whether a search finds a record with this text, as the lists decide it."""
    return all(any(each in text for each in word) for word in search_words(search, region))


def text_of(phone: str, region: str | None) -> str:
    """Return the text that a person with a name and a phone is searched by."""
    return search_text("Jane Doe", *phone_spellings(phone, canonical_phone(phone, region)))


@pytest.mark.parametrize("region", REGIONS)
def test_every_spelling_finds_every_spelling(region):
    number = phonenumbers.example_number(region)
    assert number is not None
    other = phonenumbers.example_number("AT")

    for stored in spelled(number, region):
        text = text_of(stored, region)
        missed = [search for search in spelled(number, region) if not finds(search, text, region)]
        assert missed == []
        assert not [search for search in spelled(other, "AT") if finds(search, text, "AT")]


@pytest.mark.parametrize("search", ["+49 170 5551234", "0049 170 5551234", "+491705551234", "0170 5551234"])
def test_a_number_of_another_country_that_was_written_without_it(search):
    text = text_of("0170 555 1234", "US")

    assert finds(search, text, "US")
    assert not finds(search, text_of("0170 555 1235", "US"), "US")


@pytest.mark.parametrize(
    "search",
    [
        "030 901830",
        "030/901830",
        "030-90 18 30",
        "030.901830",
        "030–901830",
        "030 - 901830",
        "( 030 ) 901830",
        "[030] 901830",
        "030_901830",
        "030 901-830",
        "０３０ ９０１８３０",
        "030\u00a0901830",
        "030\u200b901830",
        "0049 30 901830",
        "00 49 30 90 18 30",
        "011 49 30 901830",
        "+49 (0)30 901830",
        "+49 (0) 30 / 901830",
        "+49(0)30901830",
        "tel:+49-30-901830",
        "Jane 030 901830",
        "030 901830 doe",
        "Doe, 030 901830",
        "30901830",
        # The beginnings of numbers, as somebody types on.
        "030 9018",
        "0049 30 90",
        "+49 (0)30 90",
        "011 49 30 90",
        "901830",
    ],
)
@pytest.mark.parametrize("stored", ["+4930901830", "030/901830", "0049 (0)30 90 18 30"])
def test_spellings_of_a_german_number(search, stored):
    text = text_of(stored, "DE").replace("jane doe", "doe, jane")

    assert finds(search, text, "DE")
    assert not finds(search, text_of("+49 40 1234567", "DE"), "DE")


@pytest.mark.parametrize(
    "extension",
    [
        "ext. 10",
        "ext 10",
        "x10",
        "x 10",
        "#10",
        "extension 10",
        "(ext 10)",
        ", 10",
        "Durchwahl 10",
        "int. 10",
    ],
)
@pytest.mark.parametrize("number", ["+1 415 555 0200", "(415) 555-0200", "415.555.0200"])
def test_an_extension_finds_itself_alone(number, extension):
    search = f"{number} {extension}"

    assert finds(search, text_of("+1 415 555 0200 x10", "US"), "US")
    for other in ("+1 415 555 0200", "+1 415 555 0200 x1", "415-555-0200 x101", "4155550201 x10"):
        assert not finds(search, text_of(other, "US"), "US")


def test_a_number_without_an_extension_finds_the_switchboard():
    for stored in ("+1 415 555 0200", "+1 415 555 0200 x1", "(415) 555-0200 ext. 101"):
        assert finds("(415) 555-0200", text_of(stored, "US"), "US")
        assert finds("001 415 555 0200", text_of(stored, "US"), "US")


def test_groups_of_digits_are_no_words_of_their_own():
    text = text_of("+33 1 23 45 00 01", "FR")

    assert finds("01 23 45 00 01", text, "FR")
    assert not finds("01 23 45 00 00", text, "FR")
    assert finds("01 23 45 00 00", search_text("Call 01 23 45 00 00 back"), "FR")


def test_an_extension_at_the_end_of_a_text_is_found():
    lead = search_text("+14155550200;ext=10", "14155550200", "1415555020010", "+14155550200;ext=10")

    assert finds("+1 415 555 0200 x10", lead)


@pytest.mark.parametrize("stored", ["555-7777", "5557777", "555 77 77"])
def test_a_number_that_no_plan_knows_is_found_by_its_digits(stored):
    assert all(
        finds(search, text_of(stored, "US"), "US")
        for search in ("555-7777", "5557777", "(555) 7777", "555.7777")
    )


@pytest.mark.parametrize(
    ("search", "words"),
    [
        ("Jane  DOE", [("jane",), ("doe",)]),
        ("R & D", [("r",), ("&",), ("d",)]),
        ("5.000 €", [("5.000", "5000"), ("€",)]),
        ("50%", [("50%",)]),
        ("2024 100", [("2024",), ("100",)]),
        ("x10", [("x10",)]),
        ("1.5x", [("1.5x",)]),
        ("\u200b", []),
        # One condition alone where the shortest spelling is part of the others.
        ("030901830", [("30901830",)]),
        ("030 901830", [("030 901830", "30901830")]),
        ("030 9018", [("030", "309018"), ("9018",)]),
        ("Jane 030 901830", [("jane",), ("030 901830", "30901830")]),
    ],
)
def test_words(search, words):
    assert search_words(search, "DE") == words


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=30), st.sampled_from([None, *REGIONS]))
@example("ǰ\u0345 0049 ", None)
def test_a_text_is_found_by_itself(text, region):
    assert finds(text, search_text(text) or "\n") or canonical_phone(name_key(text), region) is not None


@settings(max_examples=200, deadline=None)
@given(LOCAL_PARTS, DOMAINS)
def test_an_email_finds_its_twin(local, domain):
    typed = f"{local}@{domain}"
    canonical = email_spellings(typed)[0]
    assert canonical is not None

    assert finds(typed, search_text(*email_spellings(canonical)))
    assert finds(canonical, search_text(*email_spellings(typed)))
    assert finds(typed.upper() if typed.isascii() else typed, search_text(*email_spellings(typed)))


@pytest.mark.parametrize(
    ("search", "stored"),
    [
        ("anna@bücher.example", "anna@xn--bcher-kva.example"),
        ("anna@xn--bcher-kva.example", "anna@bücher.example"),
        ("ANNA@BÜCHER.example", "anna@bücher.example"),
        ("@bücher.example", "anna@xn--bcher-kva.example"),
        ("bücher.example", "anna@xn--bcher-kva.example"),
        ("u@fußball.example", "u@xn--fuball-cta.example"),
        ("großmann@bücher.example", "großmann@xn--bcher-kva.example"),
    ],
)
def test_spellings_of_emails(search, stored):
    assert finds(search, search_text(*email_spellings(stored)))


def test_other_domains_are_not_found():
    assert not finds("u@xn--fuball-cta.example", search_text(*email_spellings("u@fussball.example")))
    assert not finds("anna@bücher.example", search_text(*email_spellings("anna@bucher.example")))
