"""The examples in the guides match the answers of the product."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps

from tests.clients import ask
from tests.newcomer import newcomer

DOCS = Path(__file__).parent.parent / "docs"
EXAMPLE = re.compile(r"```graphql\n(.*?)```\s*```json\n(.*?)```", re.DOTALL)
#: Values that differ from one run to the next; the guide shows some of their form.
CHANGING = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?\+00:00"
)


def steady(answer: Any) -> Any:
    """Return an answer with its changing values replaced by ``*``."""
    return json.loads(CHANGING.sub("*", json.dumps(answer)))


def examples() -> list[tuple[str, dict[str, Any]]]:
    """Return the documents of the API guide and the answers it shows, in order."""
    guide = (DOCS / "api.md").read_text()
    return [(document, json.loads(answer)) for document, answer in EXAMPLE.findall(guide)]


@pytest.mark.django_db(transaction=True, reset_sequences=True)
def test_the_api_guide_shows_real_answers() -> None:
    actor = newcomer()
    shown = examples()

    answers = [ask(document, actor=actor) for document, _ in shown]

    assert len(shown) >= 15
    assert [steady(answer) for answer in answers] == [steady(answer) for _, answer in shown]


def test_the_api_guide_holds_the_specification_word_for_word() -> None:
    guide = (DOCS / "api.md").read_text()

    documents = sorted((Path(__file__).parent / "specification").glob("*.graphql"))

    assert [path.stem for path in documents if path.read_text().strip() not in guide] == []


@pytest.mark.django_db(transaction=True, reset_sequences=True)
def test_the_documents_on_reports_are_answered() -> None:
    actor = newcomer()
    shown = re.findall(r"```graphql\n(.*?)```", (DOCS / "reports.md").read_text(), re.DOTALL)

    answers = [ask(document, actor=actor) for document in shown]

    assert len(shown) == 4
    assert [answer.get("errors") for answer in answers] == [None] * 4


def test_the_data_model_shows_every_model() -> None:
    picture = (DOCS / "data-model.md").read_text()
    ours = [
        model
        for app in ("crm", "people", "pipelines", "leads")
        for model in apps.get_app_config(app).get_models()
    ]

    missing = [model.__name__ for model in ours if not re.search(rf"\b{model.__name__}\b", picture)]

    assert missing == []


#: A picture or another file that a page shows or links, beside it.
LINKED_FILE = re.compile(r"\]\((?!https?:|#|mailto:)([\w./-]+\.\w+)(?:#[\w-]*)?\)")


def test_pages_show_and_link_files_that_are_there() -> None:
    pages = [*DOCS.rglob("*.md"), *DOCS.parent.glob("*.md")]
    linked = [(page, name) for page in pages for name in LINKED_FILE.findall(page.read_text())]
    pictures = {(page.parent / name).resolve() for page, name in linked if name.endswith(".webp")}

    assert [f"{page.name}: {name}" for page, name in linked if not (page.parent / name).exists()] == []
    assert pictures == set((DOCS / "pictures").iterdir())
    assert [picture.name for picture in pictures if picture.stat().st_size > 120_000] == []


#: A file or folder of the repository, with a slash, as the pages for contributors name them.
NAMED_PATH = re.compile(r"`((?:config|crm|people|pipelines|leads|tests|docs)/[\w./-]+)`")


@pytest.mark.parametrize("page", ["docs/architecture.md", "CONTRIBUTING.md", "SECURITY.md"])
def test_pages_for_contributors_name_what_is_there(page: str) -> None:
    named = NAMED_PATH.findall((DOCS.parent / page).read_text())

    assert len(named) >= 4
    assert [path for path in named if "APP" not in path and not (DOCS.parent / path).exists()] == []
