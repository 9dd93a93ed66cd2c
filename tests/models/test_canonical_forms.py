"""Canonical e-mails, phones and name keys: equal where they mean the same, different where they must be."""

import unicodedata

import phonenumbers
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crm.emails import _has_form, email_fault
from crm.texts import is_blank, name_key, normalized_json, single_line
from people.models.canonical import canonical_email, has_email_form
from people.models.phones import (
    CONTROLS,
    DAMAGED,
    NO_PHONE,
    SEVERAL,
    canonical_phone,
    cleaned_phone,
    dialled_number,
    parted,
    phone_fault,
)

TEXTS = st.text(max_size=20)
LOCAL_PARTS = st.text(
    st.characters(categories=["L", "N"], include_characters="._+-"), min_size=1, max_size=30
)
DOMAINS = st.sampled_from(
    ["example.com", "bücher.example", "große.example", "ΣΑΣ.example", "пример.испытание", "日本語.example"]
)


@settings(max_examples=300, deadline=None)
@given(TEXTS)
@example("ΐﬃİſ\u0345")
@example("ᾳΣ\u0345\u0301")
def test_a_name_key_is_its_own_key(text):
    assert name_key(name_key(text)) == name_key(text)


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_a_name_key_knows_no_case_spelling_white_space_or_invisible_characters(text):
    key = name_key(text)

    for form in ("NFC", "NFD"):
        assert name_key(unicodedata.normalize(form, text)) == key
    assert name_key(text.casefold()) == key
    assert name_key(f" \u200b{text}\u00a0\u2060 ") == key
    assert name_key(text.replace(" ", " \u00a0 ")) == key
    assert is_blank(text) is (key == "")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ΣΑΣ", "σας"),
        ("Weiß AG", "WEISS AG"),
        ("Jose\u0301", "José"),
        ("Café  Zoë", "cafe\u0301\u00a0ZOË"),
        ("So\u00adny", "Sony"),
        ("Écho", "ÉCHO"),
        ("\u212bngström", "Ångström"),
        ("\uac00", "\u1100\u1161"),
        ("ﬁrst", "first"),
        ("Acme\u200d Inc", "acme inc"),
    ],
)
def test_equal_names(one, other):
    assert name_key(one) == name_key(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [("C#", "C++"), ("1.5", "15"), ("a/b", "a;b"), ("Acme", "Acmé"), ("A B", "AB"), ("x²", "x2"), ("!", "?")],
)
def test_different_names(one, other):
    assert name_key(one) != name_key(other)


@pytest.mark.parametrize("text", ["", " ", "\u200b", "\u00ad", "\u2060", "\u3164", "\u180e\u034f", "\x00"])
def test_texts_that_show_nothing(text):
    assert is_blank(text)


def test_single_lines_and_json():
    assert single_line(" a\tb\r\nc\x07 ") == "a b c"
    assert single_line("e\u0301") == "é"
    assert normalized_json({"Gro\u0308ße": ["e\u0301", {"o\u0308": 1}], "n": None}) == {
        "Größe": ["é", {"ö": 1}],
        "n": None,
    }


@settings(max_examples=300, deadline=None)
@given(LOCAL_PARTS, DOMAINS)
def test_a_canonical_email_is_its_own(local, domain):
    canonical = canonical_email(f"{local}@{domain}")

    assert canonical is not None
    assert canonical_email(canonical) == canonical
    for form in ("NFC", "NFD"):
        assert canonical_email(f" {unicodedata.normalize(form, local)}@{domain.upper()} ") == canonical_email(
            f"{local}@{domain.upper()}"
        )
    assert canonical.rpartition("@")[2].isascii()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("anna@bücher.example", "Anna@XN--BCHER-KVA.example"),
        ("anna@bu\u0308cher.example", "anna@BÜCHER.example"),
        ("jane@ＥＸＡＭＰＬＥ.com", "jane@example.com"),
        ("jane@日本語。jp", "jane@xn--wgv71a119e.jp"),
        ("jose\u0301@example.com", "JOSÉ@example.com"),
        ("\u212a@example.com", "k@example.com"),
        ("u@fußball.example", "u@xn--fuball-cta.example"),
    ],
)
def test_equal_emails(one, other):
    assert canonical_email(one) == canonical_email(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("u@fußball.example", "u@fussball.example"),
        ("info@große.example", "info@grosse.example"),
        ("großmann@example.com", "grossmann@example.com"),
        ("oﬃce@example.com", "office@example.com"),
        ("νίκος@example.com", "νίκοσ@example.com"),
        ("ſ@example.com", "s@example.com"),
        ("jane+crm@example.com", "jane@example.com"),
    ],
)
def test_different_emails(one, other):
    assert canonical_email(one) != canonical_email(other)


@pytest.mark.parametrize("text", [None, "", "  "])
def test_no_email(text):
    assert canonical_email(text) is None


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        (f"{'a' * 64}@example.com", True),
        (f"{'a' * 65}@example.com", False),
        ("anna@bücher.example", True),
        ("n/a", False),
        ("jane@", False),
        ("jane@example", False),
        ("ja\tne@example.com", False),
        ("jane@example.com\n", False),
        ("jane@exam\u0000ple.com", False),
        ("a@example.com; b@example.com", False),
    ],
)
def test_form_of_emails(text, is_one):
    assert has_email_form(text) is is_one


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("jane@example.com", None),
        ("n/a", "Enter a valid email address."),
        ("", "Enter a valid email address."),
        (f"{'a' * 65}@example.com", "The part of an e-mail address before the @ has at most 64 characters."),
        ("ja\x07ne@example.com", "An e-mail address holds no line ends or other control characters."),
    ],
)
def test_what_is_no_email(text, fault):
    assert email_fault(text) == fault


# The example numbers of phonenumbers are those of real numbering plans.
REGIONS = ["DE", "GB", "FR", "US", "IT", "ES", "RU", "JP", "BR", "IN", "AU", "CH"]


def spelled(number, region):
    """Return the spellings of a number in its region, by which it is known there and abroad."""
    form = phonenumbers.PhoneNumberFormat
    international = phonenumbers.format_number(number, form.INTERNATIONAL)
    national = phonenumbers.format_number(number, form.NATIONAL)
    e164 = phonenumbers.format_number(number, form.E164)
    return [
        e164,
        international,
        national,
        national.replace(" ", "").replace("-", ""),
        international.replace(" ", "."),
        f"00{international[1:]}",
        f"011 {international[1:]}",
        f"tel:{e164}",
        f" {national.replace(' ', chr(0xA0))} ",
    ]


@pytest.mark.parametrize("region", REGIONS)
def test_every_spelling_has_one_canonical_form(region):
    number = phonenumbers.example_number(region)
    assert number is not None
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)

    forms = {text: canonical_phone(text, region) for text in spelled(number, region)}

    assert forms == dict.fromkeys(forms, e164)


@pytest.mark.parametrize("region", REGIONS)
def test_spellings_from_abroad_need_no_region_of_their_own(region):
    number = phonenumbers.example_number(region)
    assert number is not None
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    other = "US" if region != "US" else "DE"

    assert {canonical_phone(text, other) for text in (e164, f"00{e164[1:]}", f"011{e164[1:]}")} == {e164}


@pytest.mark.parametrize(
    "text",
    [
        "+49 (0)30 901830",
        "+49(0)30901830",
        "0049 (0) 30 901830",
        "030/901830",
        "(030) 901830",
        "030–901830",
        "０３０ ９０１８３０",
        "٠٣٠ ٩٠١٨٣٠",
        "030\u200b901830",
    ],
)
def test_spellings_of_a_german_number(text):
    assert canonical_phone(text, "DE") == "+4930901830"


@settings(max_examples=300, deadline=None)
@given(
    st.from_regex(r"(\+[1-9]|00[1-9]|0)?[0-9 ./-]{7,14}( x[0-9]{1,4})?", fullmatch=True),
    st.sampled_from(REGIONS),
)
@example("+1 415 555 0200 ext. 007", "DE")
def test_a_canonical_phone_is_its_own(text, region):
    canonical = canonical_phone(text, region)
    if canonical is None:
        return

    assert canonical_phone(canonical, None) == canonical
    assert canonical.partition(";ext=")[0] == dialled_number(text, region)


@pytest.mark.parametrize(
    "spelling",
    [
        "+1 415 555 0200 ext. 101",
        "(415) 555-0200 x101",
        "415.555.0200 #101",
        "tel:+1-415-555-0200;ext=101",
        "1 415 555 0200 extension 101",
        "+1 415 555 0200 (ext 101)",
        "415-555-0200,101",
        "+1 415 555 0200 DW 101",
        "+1 415 555 0200 poste 101",
    ],
)
def test_an_extension_stands_apart(spelling):
    assert canonical_phone(spelling, "US") == "+14155550200;ext=101"
    assert dialled_number(spelling, "US") == "+14155550200"


def test_other_extensions_are_other_numbers():
    forms = [canonical_phone(f"+1 415 555 0200{end}", None) for end in ("", " x1", " x01", " x10", " x2")]

    assert len(set(forms)) == len(forms)


@pytest.mark.parametrize("text", ["555-7777", "+1-555-0100", "911", "110", "11833", "1-555"])
def test_a_number_that_no_plan_knows_has_no_canonical_form(text):
    assert canonical_phone(text, "US") is None
    assert phone_fault(text) is None
    assert dialled_number(text, "US") == "".join(char for char in text if char.isdigit())


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("n/a", NO_PHONE),
        ("call me", NO_PHONE),
        ("-", NO_PHONE),
        ("12", NO_PHONE),
        ("jane@example.com", NO_PHONE),
        ("4.9E+11", DAMAGED),
        ("4,91512E+12", DAMAGED),
        ("4.91512e12", DAMAGED),
        ("415-555-4444 / 415-555-5555", SEVERAL),
        ("030 901830; 030 901831", SEVERAL),
        ("030 901830 +49 30 901831", SEVERAL),
        ("4155554444 or 4155555555", SEVERAL),
        ("4155554444 4155555555", SEVERAL),
        ("4155554444\n4155555555", SEVERAL),
        ("415555\x004444", CONTROLS),
        ("030/901830", None),
        ("06221/123456", None),
        ("+1 415 555 0200, 101", None),
        ("1-800-FLOWERS", None),
    ],
)
def test_what_is_no_phone_number(text, fault):
    assert phone_fault(text) == fault


def test_a_spreadsheets_fraction_is_dropped():
    assert cleaned_phone("4155550177.0") == "4155550177"
    assert cleaned_phone("+4930901830,00") == "+4930901830"
    assert cleaned_phone("415.555.0177") == "415.555.0177"
    assert canonical_phone("4155550177.0", "US") == "+14155550177"


def test_several_numbers_are_parted():
    assert parted("415-555-4444 / 415-555-5555") == ["415-555-4444", "415-555-5555"]
    assert parted("030/901830") == ["030/901830"]


@settings(max_examples=300, deadline=None)
@given(
    st.text("aZ9.+-_ '@é", max_size=12),
    st.sampled_from(
        ["x.example", "a-b.co.uk", "a..b", "-a.example", "localhost", "a.local", "1.2.3.4", "x.y-"]
    ),
    st.sampled_from([0, 52, 64, 65]),
)
@example("a" * 64, "x.example", 0)
@example("a" * 65, "x.example", 0)
@example("a" * 60, "b." * 100 + "example", 0)
def test_a_usual_address_is_judged_as_by_all_rules(local, domain, padding):
    text = f"{'p' * padding}{local}@{domain}"

    assert has_email_form(text) is _has_form(text)
