"""The catalogs are complete: every text of the code is in them, translated, with the same places."""

import gettext

import pytest
from django.conf import settings

from config import texts_of_services
from tests.languages.catalogs import LANGUAGES, PLACE, messages_of, path_of, texts_of_code


def test_every_language_but_english_has_a_catalog():
    assert {code for code, _name in settings.LANGUAGES} == {"en", *LANGUAGES}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated(language):
    messages = messages_of(language)

    assert len(messages) > 1500
    assert [each.text for each in messages if each.is_fuzzy] == []
    untranslated = [
        each.text
        for each in messages
        if len(each.translations) != (2 if each.plural else 1) or not all(each.translations)
    ]
    assert untranslated == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_have_the_places_of_their_texts(language):
    different = [
        (each.text, translation)
        for each in messages_of(language)
        for translation in each.translations
        # A singular may write its number as a word.
        if set(PLACE.findall(translation))
        not in ({*PLACE.findall(each.text)}, {*PLACE.findall(each.plural or each.text)})
    ]

    assert different == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_begin_and_end_as_their_texts(language):
    # A sentence that lacks its period, or a space that joins it to another one.
    different = [
        each.text
        for each in messages_of(language)
        for translation in each.translations
        if (each.text[-1] in ".!?:" and translation[-1] not in ".!?:")
        or each.text[0].isspace() != translation[0].isspace()
        or each.text[-1].isspace() != translation[-1].isspace()
    ]

    assert different == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_compiled_catalog_is_that_of_the_texts(language):
    with path_of(language, "mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    written: dict[object, str] = {}
    for each in messages_of(language):
        text = each.text if each.context is None else f"{each.context}\x04{each.text}"
        if each.plural is None:
            written[text] = each.translations[0]
        else:
            written |= {(text, number): each.translations[number] for number in range(2)}

    assert {key: value for key, value in compiled.items() if key} == written


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_catalog_holds_the_texts_of_the_code(language):
    marked, known = texts_of_code(), {each.key for each in messages_of(language)}

    assert len(marked) > 1500
    assert sorted(text for _context, text in marked - known) == []
    assert sorted(text for _context, text in known - marked) == []


def test_the_texts_of_services_and_models_are_collected():
    files = {path.stem: path.read_text() for path in texts_of_services.TARGET.glob("*.py")}

    assert {
        name: text for name, text in texts_of_services.collected().items() if files.get(name) != text
    } == {}
