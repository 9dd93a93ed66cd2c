"""Collect what models and services say, for translators: ``python -m config.texts_of_services --write``.

The admin translates these texts when it shows them (crm/languages/messages.py). Here they are read from the
code, so that no list of them is kept by hand: sentences of services, with ``%(name)s`` where an f-string has
a value, and names, help texts and choices of models. ``make messages`` runs this before gettext looks.
"""

import argparse
import ast
import os
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import django
from django.utils.translation import override

from config.environment import ROOT

TARGET = ROOT / "crm" / "languages" / "texts"
APPS = ("crm", "people", "pipelines", "leads")
#: The modules of services whose sentences the pages show, by the file that lists them.
SOURCES = {
    "importing": (
        "crm/importing",
        "crm/imports.py",
        "crm/records",
        "people/imports.py",
        "people/organization_imports.py",
        "leads/imports.py",
    ),
    "services": ("crm/services", "crm/notifications"),
    "rules": (
        *("crm/models", "crm/webhooks", "crm/exporting", "crm/background"),
        *("crm/caps.py", "crm/custom_field_values.py", "crm/dates.py", "crm/emails.py", "crm/errors.py"),
        *("crm/json_texts.py", "crm/money.py", "crm/origins.py", "crm/recurrence.py"),
        *(
            "people/models",
            "people/services",
            "pipelines/models.py",
            "pipelines/models",
            "pipelines/services",
        ),
    ),
    "leads": (
        "leads/models",
        "leads/services",
        "leads/routing",
        "leads/mail",
        "leads/notifications.py",
        "leads/background.py",
    ),
}
#: What programs alone are told.
LEFT_OUT = (
    "crm/services/idempotency.py",
    "crm/services/messages.py",
    "crm/services/channels.py",
    "crm/services/backfill.py",
    "leads/services/demo_data.py",
)
#: Calls whose text is for the log or for programmers.
NOT_SHOWN = {
    "debug",
    "info",
    "warning",
    "error",
    "exception",
    "ImproperlyConfigured",
    "TypeError",
    "AssertionError",
}
#: Keyword arguments whose text is shown though it is no sentence.
SHOWN_ARGUMENTS = {"purpose", "text"}
#: Sentences begin with a capital letter, a quotation mark or a value, and end with a mark.
SENTENCE = re.compile(r"(?:[A-Z“]|%\().* .*[.!?:]", re.DOTALL)
#: Names of arguments, which only the API has.
ARGUMENT = re.compile(r"(?<!%\()\b[a-z]+(?:_[a-z]+)+\b(?!\)s)")
PLACE = re.compile(r"%\(\w+\)s")
LETTERS = re.compile(r"[A-Za-z]{3}")
HEAD = '''"""{about}

Written by ``make messages``: do not edit. See config/texts_of_services.py.
"""

from django.utils.translation import gettext_noop

TEXTS = (
{lines}
)
'''


def name_of(value: ast.expr) -> str:
    """Return a name for a value of an f-string, which translators see."""
    match value:
        case ast.Name(id=name):
            return name.strip("_").lower()
        case ast.Attribute(attr=name):
            return name.strip("_").lower()
        case ast.Call(func=ast.Name(id="len")):
            return "count"
        case ast.Call(func=ast.Attribute(attr="join")):
            return "names"
        case ast.Call(func=ast.Attribute(value=inner)) | ast.Subscript(value=inner) | ast.BinOp(left=inner):
            return name_of(inner)
        case ast.Call(func=ast.Name(id=name)):
            return name.strip("_").lower()
    return "value"


def templates_of(text: ast.expr) -> list[str]:
    """Return the texts that a literal stands for, with places for its values; none if it is no literal.

    A choice between two literals inside an f-string makes two texts: "1 day" and "3 days".
    """
    if isinstance(text, ast.Constant):
        return [text.value] if isinstance(text.value, str) else []
    if not isinstance(text, ast.JoinedStr):
        return []
    found = [""]
    names: list[str] = []
    for part in text.values:
        if isinstance(part, ast.Constant):
            pieces = [str(part.value).replace("%", "%%")]
        else:
            pieces = _pieces(part, names)
        found = [before + piece for before in found for piece in pieces]
    return found


def _pieces(part: ast.expr, names: list[str]) -> list[str]:
    value = part.value if isinstance(part, ast.FormattedValue) else part
    if isinstance(value, ast.IfExp):
        choices = [*templates_of(value.body), *templates_of(value.orelse)]
        if len(choices) == 2:
            return choices
    name = name_of(value)
    names.append(name)
    count = names.count(name)
    return [f"%({name if count == 1 else f'{name}_{count}'})s"]


def texts_of_module(source: str) -> Iterator[str]:
    """Yield the sentences of a module that people may read."""
    tree = ast.parse(source)
    hidden = {id(each) for each in _hidden(tree)}
    shown = {id(each) for each in _arguments(tree)}
    for node in ast.walk(tree):
        if id(node) in hidden or not isinstance(node, ast.Constant | ast.JoinedStr):
            continue
        for text in templates_of(node):
            is_shown = SENTENCE.fullmatch(text) or id(node) in shown
            if is_shown and LETTERS.search(PLACE.sub("", text)) and not ARGUMENT.search(text):
                yield text


def _hidden(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield docstrings, the parts of f-strings, and the texts of calls that nobody is shown."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield from (each for each in ast.walk(node) if each is not node)
        elif isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in NOT_SHOWN:
                yield from ast.walk(node)
            # Those of models are collected from the models themselves.
            yield from (each for word in node.keywords if word.arg == "help_text" for each in ast.walk(word))


def _arguments(tree: ast.AST) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg in SHOWN_ARGUMENTS:
            yield node.value


def _modules(places: Iterable[str]) -> Iterator[Path]:
    for place in places:
        path = ROOT / place
        found = sorted(path.rglob("*.py")) if path.is_dir() else [path] if path.exists() else []
        yield from (each for each in found if each.relative_to(ROOT).as_posix() not in LEFT_OUT)


def texts_of_models(app: str) -> set[str]:
    """Return the names, help texts and choices of the models of an app that the admin shows."""
    from django.contrib import admin

    shown = {model for model, page in admin.site._registry.items() for model in (model, *_inside(page))}
    found: set[str] = set()
    for model in shown:
        if model._meta.app_label == app:
            found |= english(model._meta.verbose_name) | english(model._meta.verbose_name_plural)
            for field in (*model._meta.fields, *model._meta.many_to_many):
                found |= english(field.verbose_name) | english(field.help_text)
                found |= {text for _value, label in field.flatchoices for text in english(label)}
    return found


def _inside(page: Any) -> Iterable[Any]:
    return (inline.model for inline in page.inlines)


def english(text: object) -> set[str]:
    with override("en"):
        return {str(text)} if text else set()


def collected() -> dict[str, str]:
    """Return the contents of the files, by name."""
    about = "Names, help texts and choices of the models of {}."
    files = {f"models_of_{app}": _file(about.format(app), texts_of_models(app)) for app in APPS}
    for name, places in SOURCES.items():
        texts = {text for path in _modules(places) for text in texts_of_module(path.read_text())}
        files[name] = _file(f"Texts for people in the code of {name}.", texts)
    return files


def _file(about: str, texts: Iterable[str]) -> str:
    return HEAD.format(
        about=about, lines="\n".join(f"    gettext_noop({_literal(text)})," for text in sorted(texts))
    )


def _literal(text: str) -> str:
    body = text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
    return f'"{body}"'


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the files instead of comparing them")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    stale = []
    for name, text in collected().items():
        path = TARGET / f"{name}.py"
        if not path.exists() or path.read_text() != text:
            stale.append(path.name)
            if options.write:
                path.write_text(text)
    if stale and not options.write:
        sys.stderr.write(f"Out of date: {', '.join(stale)}. Run make messages.\n")
    return 1 if stale and not options.write else 0


if __name__ == "__main__":
    raise SystemExit(main())
