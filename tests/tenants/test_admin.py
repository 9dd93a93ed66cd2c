"""Every page of the admin: another company's row is a row that does not exist."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.messages import get_messages
from django.db.models import Model
from django.forms import ModelChoiceField
from django.test import Client
from django.urls import reverse

from crm.models import AuditEntry, AuditEvent
from tests.rows.registry import EXCEPTIONS, REGISTRY, kind_of
from tests.stored import models, read_all
from tests.tenants.world import MARK, Side, World

#: The row of each company that the pages of a model are tried on.
KINDS = {
    model._meta.label: kind_of(model)
    for model in sorted(REGISTRY, key=lambda each: each._meta.label)
    if admin.site.is_registered(model)
}
PAGES = ("change", "delete", "history")
WORDS = ("", MARK)
UNKNOWN = "9223372036854775807"


@pytest.fixture
def browser(world: World) -> Client:
    """An administrator of the own company."""
    user = world.own.tenant.users["admin"]
    user.is_staff = True
    user.save()
    client = Client()
    client.force_login(user)
    return client


def address(label: str, page: str, key: str | None = None) -> str:
    name = label.replace(".", "_").lower()
    return reverse(f"admin:{name}_{page}", args=[key] if key else [])


def outcome(browser: Client, method: str, label: str, page: str, key: str) -> tuple[int, str, list[str]]:
    """Return what a browser sees on the page of a row, leaving out the requested key."""
    browser.cookies.pop("messages", None)
    response = getattr(browser, method)(address(label, page, key), {"post": "yes"})
    said = [message.message.replace(key, "KEY") for message in get_messages(response.wsgi_request)]
    return response.status_code, response.headers.get("Location", ""), said


def holds_mark(response: Any) -> bool:
    return MARK in response.content.decode().casefold()


def foreign_choices(response: Any, other: Side) -> list[str]:
    """Return choices in the form, inlines and filters of a page that belong to the other company."""
    context = response.context or {}
    forms = [context["adminform"].form] if "adminform" in context else []
    forms += [form for inline in context.get("inline_admin_formsets", []) for form in inline.formset.forms]
    forms += [inline.formset.empty_form for inline in context.get("inline_admin_formsets", [])]
    offered = [
        (field.queryset.model, set(field.queryset.values_list("pk", flat=True)))
        for form in forms
        for field in form.fields.values()
        if isinstance(field, ModelChoiceField) and field.queryset is not None
    ]
    offered += [
        (spec.field.related_model, {key for key, _label in spec.lookup_choices})
        for spec in (context["cl"].filter_specs if "cl" in context else [])
        if hasattr(spec, "field") and spec.field.is_relation
    ]
    return [
        f"{model._meta.label}: {sorted(keys & other.keys[model._meta.db_table])}"
        for model, keys in offered
        if keys & other.keys[model._meta.db_table]
    ]


def test_every_model_of_the_admin_has_a_case():
    of_companies = set(admin.site._registry) - set(EXCEPTIONS)
    assert {model._meta.label for model in of_companies} == set(KINDS)


def test_pages_of_another_companys_row_are_those_of_a_row_that_does_not_exist(
    world: World, browser: Client, capsys: pytest.CaptureFixture[str]
):
    before = read_all()
    wrong = []
    cells = [(label, page, method) for label in KINDS for page in PAGES for method in ("get", "post")]
    for label, page, method in cells:
        keys = (world.other.key(KINDS[label]), UNKNOWN)
        seen = [outcome(browser, method, label, page, key) for key in keys]
        if seen[0] != seen[1] or seen[0][0] not in (302, 403, 404):
            wrong.append(f"{method} {label} {page}: {seen}")

    with capsys.disabled():
        print(f"\nadmin pages of another company's row: {len(cells) - len(wrong)} of {len(cells)} cells")
    assert wrong == []
    assert [name for name, rows in read_all().items() if rows != before[name]] == []


def test_lists_show_own_rows_alone(world: World, browser: Client):
    for label in KINDS:
        for word in WORDS:
            response = browser.get(address(label, "changelist"), {"q": word} if word else {})

            assert response.status_code == 200, label
            change_list = response.context["cl"]
            keys = set(change_list.queryset.values_list("pk", flat=True))
            assert not keys & world.other.keys[change_list.model._meta.db_table], (label, word)
            assert foreign_choices(response, world.other) == [], label
            assert word == MARK or not holds_mark(response), (label, word)
            assert word or keys, label


def test_lists_of_deleted_rows_show_own_rows_alone(world: World, browser: Client):
    for label in (
        "leads.Lead",
        "people.Person",
        "people.Organization",
        "pipelines.Pipeline",
        "pipelines.Stage",
    ):
        response = browser.get(address(label, "changelist"), {"deleted": "1"})

        keys = set(response.context["cl"].queryset.values_list("pk", flat=True))
        assert keys, label
        assert not keys & world.other.keys[response.context["cl"].model._meta.db_table], label


def test_questions_in_addresses_find_nothing_of_another_company(
    world: World, browser: Client, unrendered: None
):
    for label, kind in KINDS.items():
        for question in ("id__exact", "pk", "company__id__exact", "company__name__startswith", "id__gte"):
            value = world.other.key("company" if "company" in question else kind)
            response: Any = browser.get(address(label, "changelist"), {question: value})

            rows = response.context_data["cl"].queryset if response.status_code == 200 else []
            assert not {row.pk for row in rows} & world.other.keys[table_of(label)], (label, question)


def table_of(label: str) -> str:
    return next(model._meta.db_table for model in models() if model._meta.label == label)


def test_own_rows_have_pages_whose_choices_are_own_rows(world: World, browser: Client):
    # Choices of lists are tried with the rows of lists.
    for label, kind in KINDS.items():
        own = browser.get(address(label, "change", world.own.key(kind)))
        assert own.status_code == 200, label
        for response in (browser.get(address(label, "add")), own):
            assert foreign_choices(response, world.other) == [], (label, response.request["PATH_INFO"])
            assert not holds_mark(response), (label, response.request["PATH_INFO"])


def relations() -> Iterator[tuple[type[Model], Any]]:
    for model in models():
        for field in (*model._meta.fields, *model._meta.many_to_many):
            if field.is_relation and field.related_model is not None:
                yield model, field


def test_autocompletion_offers_own_rows_alone(world: World, browser: Client):
    answered = 0
    for model, field in relations():
        for term in ("", MARK):
            response = browser.get(
                reverse("admin:autocomplete"),
                {
                    "app_label": model._meta.app_label,
                    "model_name": model._meta.model_name,
                    "field_name": field.name,
                    "term": term,
                },
            )
            if response.status_code != 200:
                # Whatever is searched for: the field has no such page.
                assert response.status_code in (403, 404)
                break
            keys = {int(item["id"]) for item in json.loads(response.content)["results"]}
            assert not keys & world.other.keys[field.related_model._meta.db_table], (model, field.name)
            answered += bool(keys)
    assert answered > 20


def actions_of(label: str) -> set[str]:
    """Return the names of all actions of a model's list, and that of deleting."""
    page: Any = next(page for model, page in admin.site._registry.items() if model._meta.label == label)
    return {"delete_selected", *(name for _action, name, _text in page._get_base_actions())}


def test_actions_leave_rows_of_another_company_alone(world: World, browser: Client, unrendered: None):
    before = read_all()
    audited = list(AuditEntry.objects.values_list("pk", flat=True))
    # The actions that a page has, offered to this user or not; another one is none of any row.
    tried = [
        (address(label, "changelist") + question, action, world.other.key(key))
        for label, kind in KINDS.items()
        for action in actions_of(label)
        for key, question in ((kind, ""), (f"deleted_{kind}", "?deleted=1"))
        if key in world.other.rows
    ]
    for page, action, key in tried:
        sent = {"action": action, "_selected_action": key, "post": "yes", "apply": "1", "expected_count": "1"}
        # To the end: an export answers with an open file, which is closed then.
        answer = b"".join(browser.post(page, {**sent, "add_tags": "Fair"}))
        assert MARK.encode() not in answer, (page, action)

    assert len({action for _, action, _ in tried}) == 21
    # An export of none of the rows is written down as any other.
    assert not AuditEntry.objects.exclude(pk__in=audited).exclude(event=AuditEvent.EXPORT).exists()
    changed = [name for name, rows in read_all().items() if rows != before[name]]
    assert changed == [AuditEntry._meta.db_table]


def test_another_company_cannot_be_chosen(world: World, browser: Client):
    answers = [
        browser.post(reverse("admin:choose_company"), {"company": key}).status_code
        for key in (world.other.key("company"), UNKNOWN)
    ]

    assert answers == [404, 404]
    assert browser.get(reverse("admin:index")).context["current_company"] == world.own.tenant.company
