"""Messages of services in the language of the page that shows them.

Services speak English at every door, since their messages are a part of the API's contract, and some are
stored. The pages translate them when they show them: a message is found among the texts of the product, as it
is or by the fixed parts around its names and numbers.
"""

import re
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from django.utils.translation import get_language, gettext

from crm.languages import texts
from crm.languages.texts.parts import NUMBERS, WORDS

_PLACE = re.compile(r"%\((\w+)\)s")
_Patterns = tuple[tuple[re.Pattern[str], str], ...]


@cache
def _plain() -> frozenset[str]:
    """Return the texts that stand for themselves."""
    return frozenset(text for text in _texts() if not _PLACE.search(text))


@cache
def _patterns() -> _Patterns:
    """Return the other texts, each with the pattern of the messages that are made of it."""
    # Those with the most fixed letters first: "%(user)s: %(text)s" would match many others too.
    with_places = {text for text in _texts() if _PLACE.search(text)}
    return _compiled(sorted(with_places, key=lambda text: (-len(_PLACE.sub("", text)), text)))


@cache
def _numbers() -> _Patterns:
    return _compiled(NUMBERS)


def _texts() -> Iterable[str]:
    for module in iter_modules(texts.__path__, f"{texts.__name__}."):
        yield from import_module(module.name).TEXTS


def _compiled(templates: Iterable[str]) -> _Patterns:
    return tuple((_pattern(template), template) for template in templates)


def _pattern(template: str) -> re.Pattern[str]:
    parts = (
        f"(?P<{part}>.+?)" if number % 2 else re.escape(part.replace("%%", "%"))
        for number, part in enumerate(_PLACE.split(template))
    )
    return re.compile("".join(parts), re.DOTALL)


def translated(message: object) -> str:
    """Return a message of a service in the active language; one that is not known stays as it is."""
    said = str(message)
    if not said or (get_language() or "en").startswith("en"):
        return said
    if said in _plain() or said in WORDS:
        return gettext(said)
    return _filled(said, _patterns()) or said


def is_known(message: str) -> bool:
    """Return whether a text is one of those that services say."""
    return message in _plain() or any(pattern.fullmatch(message) for pattern, _template in _patterns())


def _filled(said: str, patterns: _Patterns) -> str | None:
    for pattern, template in patterns:
        found = pattern.fullmatch(said)
        if found is not None:
            values = {name: _value(value) for name, value in found.groupdict().items()}
            return gettext(template) % values
    return None


def _value(value: str) -> str:
    """Return what stands in a place of a message: names stay, words of the product are translated."""
    return gettext(value) if value in WORDS else _filled(value, _numbers()) or value
