"""Every text that a page shows is marked for translation: in templates, in scripts and in Python."""

import ast
import re
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.languages.catalogs import CALLS, ROOT

TEMPLATES = sorted((ROOT / "templates").rglob("*.*"))
CODE = sorted(
    path
    for place in ("crm/admin", "crm/sign_in", "leads/admin", "people/admin", "pipelines")
    for path in (ROOT / place).rglob("*.py")
    if "/admin" in str(path) or "sign_in" in str(path)
)
SCRIPTS = sorted([*(ROOT / "crm/static/crm").glob("*.js"), *(ROOT / "leads/static/leads").glob("*.js")])
#: Pages for programmers.
LEFT_OUT = {"graphiql.html", "graphiql-start.js"}
TRANSLATED = re.compile(
    r"\{%\s*(blocktranslate|blocktrans)\b.*?\{%\s*end\1\s*%\}|\{%\s*comment.*?endcomment\s*%\}|\{#.*?#\}",
    re.DOTALL,
)
TAG = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
LETTERS = re.compile(r"[^\W\d_]{2}")
ATTRIBUTES = {"aria-label", "title", "placeholder", "alt"}
#: A name, keys of the keyboard, and an example of a path in JSON.
NAMES = {"CRM", "Control+K", "manage.py work", "contact.emails.0"}


class Texts(HTMLParser):
    """Collects the texts of a page and of the attributes that people read."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_data(self, data: str) -> None:
        self.found.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        # The value of another button is sent, and not shown.
        shown = ATTRIBUTES | ({"value"} if tag == "input" and given.get("type") == "submit" else set())
        self.found += [value for name, value in attrs if name in shown and value]


def unmarked(source: str) -> list[str]:
    """Return the texts of a template that stand outside of tags which translate them."""
    texts = Texts()
    # A letter stands for what a tag puts there, so that attributes stay whole.
    texts.feed(TAG.sub("\u00b7", TRANSLATED.sub("\u00b7", source)))
    stripped = (text.strip() for text in texts.found)
    return [text for text in stripped if LETTERS.search(text) and text.strip("\u00b7| ") not in NAMES]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("<p>Nothing yet.</p>", ["Nothing yet."]),
        ('<p>{% translate "Nothing yet." %} {{ row }}</p>', []),
        ("{% blocktranslate %}All {{ number }}{% endblocktranslate %}", []),
        ('<input type="submit" value="Save"><a aria-label="Next">2</a>', ["Save", "Next"]),
        ("{% if late %}late{% endif %}", ["·late·"]),
        ('<title>{% translate "Not here" %} | CRM</title>', []),
        ('<button type="submit" name="outcome" value="won">{{ name }}</button>', []),
        ('<ul class="menu"><li data-stage="one">{{ row }}</li></ul>', []),
    ],
)
def test_texts_outside_of_tags_are_found(source, found):
    assert unmarked(source) == found


def test_templates_hold_no_text_outside_of_tags():
    found = {
        path.relative_to(ROOT): unmarked(path.read_text()) for path in TEMPLATES if path.name not in LEFT_OUT
    }

    # Names of styles stand in blocks of Django's own templates.
    styles = re.compile(r"[·\s]*(login|beside-login|board-page|record-page|colM|\s)+[·\s]*")
    kept = {path: [text for text in texts if not styles.fullmatch(text)] for path, texts in found.items()}
    assert {str(path): texts for path, texts in kept.items() if texts} == {}


#: Arguments and attributes whose texts are shown.
SHOWN = {
    *("label", "help_text", "title", "description", "verbose_name", "verbose_name_plural", "empty_label"),
    *("hint", "about", "empty", "note", "search_help_text", "done", "index_title"),
}
#: The place of the text among the arguments of a function.
MESSAGES = {
    "message_user": 1,
    "success": 1,
    "error": 1,
    "warning": 1,
    "info": 1,
    "ValidationError": 0,
    "Fact": 0,
}


def unmarked_in(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the lines and texts of a module that are shown as they are written."""
    for node in ast.walk(tree):
        for text in _shown(node):
            found = _words(text)
            if found is not None and LETTERS.search(found) and found not in NAMES:
                yield text.lineno, found


def _shown(node: ast.AST) -> Iterable[ast.expr]:
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        yield from (word.value for word in node.keywords if word.arg in SHOWN and name not in CALLS)
        at = MESSAGES.get(name)
        if at is not None and len(node.args) > at and not _is_log(node.func):
            yield node.args[at]
    elif isinstance(node, ast.ClassDef):
        for line in node.body:
            if isinstance(line, ast.Assign) and getattr(line.targets[0], "id", "") in SHOWN:
                yield line.value
    elif isinstance(node, ast.Dict):
        named = zip(node.keys, node.values, strict=True)
        yield from (value for key, value in named if isinstance(key, ast.Constant) and key.value == "title")


def _is_log(called: ast.expr) -> bool:
    return isinstance(called, ast.Attribute) and getattr(called.value, "id", "") == "logger"


def _words(text: ast.expr) -> str | None:
    """Return a text as it is written, without the values in it; None for what is computed."""
    if isinstance(text, ast.Constant):
        return text.value if isinstance(text.value, str) else None
    if isinstance(text, ast.JoinedStr):
        return "".join(str(part.value) for part in text.values if isinstance(part, ast.Constant))
    return None


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('forms.CharField(label="Name")', [(1, "Name")]),
        ('forms.CharField(label=_("Name"), max_length=3)', []),
        ('messages.success(request, f"Deleted {row}.")', [(1, "Deleted .")]),
        ('messages.success(request, gettext("Deleted."))', []),
        ('logger.warning("Away %s", "for long")', []),
        ('class Page:\n    title = "Reports"', [(2, "Reports")]),
        ('context = {"title": f"{row}", "subtitle": None}', []),
    ],
)
def test_texts_in_python_are_found(source, found):
    assert list(unmarked_in(ast.parse(source))) == found


def test_python_of_the_admin_shows_no_unmarked_text():
    found = {path.relative_to(ROOT): list(unmarked_in(ast.parse(path.read_text()))) for path in CODE}

    assert len(found) > 80
    assert {str(path): texts for path, texts in found.items() if texts} == {}


def test_no_text_is_translated_inside_of_an_f_string():
    """gettext's own program does not look there, so such a text would never be in a catalog."""
    inside = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path in CODE
        for string in ast.walk(ast.parse(path.read_text()))
        if isinstance(string, ast.JoinedStr)
        for call in ast.walk(string)
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") in CALLS
        # What is translated by a variable stands elsewhere as a literal.
        if call.args and isinstance(call.args[0], ast.Constant)
    ]

    assert inside == []


def test_scripts_hold_no_sentence():
    # A capital letter, a space and further words between quotation marks.
    sentence = re.compile(r"""["'`]([A-Z][a-z]+ [a-z]+[^"'`]*)["'`]""")
    found = {
        path.name: sentence.findall(re.sub(r"//[^\n]*|/\*.*?\*/", "", path.read_text(), flags=re.DOTALL))
        for path in SCRIPTS
        if path.name not in LEFT_OUT
    }

    assert {name: texts for name, texts in found.items() if texts} == {}


def test_the_walks_see_the_files_there_are():
    assert {path.suffix for path in TEMPLATES} == {".html", ".txt"}
    assert Path("crm/admin/site.py") in {path.relative_to(ROOT) for path in CODE}
    assert len(SCRIPTS) > 4
