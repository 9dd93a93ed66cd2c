"""Reads the catalogs of translations, and the texts of the code that they have to hold."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings
from django.utils.translation.template import templatize

LANGUAGES = ("de", "es")
ROOT = Path(settings.BASE_DIR)
CODE = ("config", "crm", "people", "pipelines", "leads")
#: The place of a value in a text: ``%(name)s`` or ``{name}``.
PLACE = re.compile(r"%\(\w+\)s|\{\w*\}")
CALLS = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop"), (0, None)),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (0, None)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), (1, 0)),
}
#: What Django makes of the tags of a template, as Python.
_LITERAL = r"""u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
_IN_TEMPLATE = re.compile(rf"\b(_|gettext|ngettext|pgettext)\(\s*({_LITERAL}(?:\s*,\s*{_LITERAL})*)")


@dataclass
class Message:
    """An entry of a catalog."""

    context: str | None = None
    text: str = ""
    plural: str | None = None
    translations: list[str] = field(default_factory=list)
    is_fuzzy: bool = False

    @property
    def key(self) -> tuple[str | None, str]:
        return self.context, self.text


def path_of(language: str, kind: str) -> Path:
    return ROOT / "locale" / language / "LC_MESSAGES" / f"django.{kind}"


def messages_of(language: str) -> list[Message]:
    """Return the entries of a catalog, without its head."""
    found = []
    for part in path_of(language, "po").read_text().split("\n\n"):
        message, into = Message(), ""
        values: dict[str, str] = {}
        for line in part.splitlines():
            if line.startswith("#"):
                message.is_fuzzy |= line.startswith("#,") and "fuzzy" in line
                continue
            word, _, quoted = line.partition(" ") if not line.startswith('"') else (into, "", line)
            into = word
            values[word] = values.get(word, "") + ast.literal_eval(quoted)
        message.context, message.text = values.get("msgctxt"), values.get("msgid", "")
        message.plural = values.get("msgid_plural")
        message.translations = [value for word, value in values.items() if word.startswith("msgstr")]
        if message.text:
            found.append(message)
    return found


def texts_of_code() -> set[tuple[str | None, str]]:
    """Return every text that the code and the templates mark, with its context."""
    found: set[tuple[str | None, str]] = set()
    for app in CODE:
        for path in (ROOT / app).rglob("*.py"):
            found |= set(_marked(ast.parse(path.read_text())))
    for path in (ROOT / "templates").rglob("*.*"):
        for called, arguments in _IN_TEMPLATE.findall(templatize(path.read_text())):
            found |= set(_marked(ast.parse(f"{called}({arguments})")))
    return found


def _marked(tree: ast.AST) -> Iterator[tuple[str | None, str]]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name not in CALLS:
            continue
        at, context = CALLS[name]
        texts = [each.value if isinstance(each, ast.Constant) else None for each in node.args]
        if len(texts) > at and isinstance(texts[at], str):
            yield None if context is None else str(texts[context]), str(texts[at])
