"""The language of a page of the admin, and the names of models in it."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.apps import apps
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy, override
from django.utils.translation.trans_real import parse_accept_lang_header

from crm.admin.acting import current_company
from crm.languages.chosen import first_known_of, is_known


def language_of(request: HttpRequest) -> str:
    """Return the language of who reads a page: their own, else the browser's, else the company's."""
    return first_known_of(_wanted(request))


def language_of_browser(request: HttpRequest) -> str:
    return first_known_of(_of_browser(request))


def _wanted(request: HttpRequest) -> Iterator[str | None]:
    own = getattr(request.user, "language", None)
    if is_known(own):
        yield own
        return
    for code in _of_browser(request):
        yield code
        if is_known(code.partition("-")[0].lower()):
            return
    # Read for a browser alone that names none of our languages.
    company = current_company(request)
    if company is not None:
        yield company.language


def _of_browser(request: HttpRequest) -> Iterator[str]:
    yield from (code for code, _rank in parse_accept_lang_header(request.headers.get("Accept-Language", "")))


def choices(labels: Iterable[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """Return choices whose labels are English in the language of the page that offers them."""
    return [(value, gettext_lazy(str(label))) for value, label in labels]


def translate_models(app: str) -> None:
    """Show names, help texts and choices of the models of an app in the language of each page.

    Not marked in the models: a name that is given to a field is part of its migrations, and services write
    the labels of choices into sentences of the API. ``make messages`` lists the texts for translators.
    """
    for model in apps.get_app_config(app).get_models():
        options: Any = model._meta
        # The plural first: Django's own is made of the singular.
        options.verbose_name_plural = _lazy(options.verbose_name_plural)
        options.verbose_name = _lazy(options.verbose_name)
        for field in (*options.local_fields, *options.local_many_to_many):
            _translate_field(field)


def _translate_field(field: Any) -> None:
    field.verbose_name = _lazy(field.verbose_name)
    if field.help_text:
        field.help_text = _lazy(field.help_text)
    if isinstance(field, models.Field) and isinstance(field.choices, list | tuple):
        field.choices = choices(field.flatchoices)


def _lazy(text: object) -> object:
    with override("en"):
        return gettext_lazy(str(text))
