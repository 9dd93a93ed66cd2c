"""Which of the languages of the pages somebody reads."""

from collections.abc import Iterable
from contextlib import AbstractContextManager

from django.conf import settings
from django.utils import translation


def is_known(code: str | None) -> bool:
    """Return whether the pages exist in a language."""
    return code in dict(settings.LANGUAGES)


def first_known(*codes: str | None) -> str:
    """Return the first of some languages that the pages exist in, else that of the installation.

    A language of a region, such as de-AT, counts as the language itself.
    """
    return first_known_of(codes)


def first_known_of(codes: Iterable[str | None]) -> str:
    """Return the same, and read no further than to that language."""
    for code in codes:
        base = (code or "").replace("_", "-").partition("-")[0].lower()
        if is_known(base):
            return base
    return str(settings.LANGUAGE_CODE)


def reading(*codes: str | None) -> AbstractContextManager[object]:
    """Write what follows in the first known of some languages, as a mail to somebody is."""
    return translation.override(first_known(*codes))


def check_language(code: str | None) -> None:
    """Refuse a language that the pages do not exist in; none at all is one.

    :raises ValueError: with a sentence that says which there are.
    """
    if code and not is_known(code):
        raise ValueError(f"Choose one of {', '.join(dict(settings.LANGUAGES))}.")
