"""Definitions of custom fields in the admin, and their inputs on the forms of records."""

import re
from typing import Any

import pytest
from django.urls import reverse

from crm.models import CustomFieldDefinition
from crm.services.custom_field_definitions import create_definition
from leads.models import Lead
from leads.services.leads import create_lead
from people.models import Organization, Person
from tests.admin.conftest import errors_of, form_of, messages_of, posted
from tests.factories.crm import CustomFieldDefinitionFactory
from tests.factories.leads import LeadFactory
from tests.factories.people import OrganizationFactory, PersonFactory

ADD = "/admin/crm/customfielddefinition/add/"
RECORDS: dict[str, tuple[Any, Any, dict[str, str]]] = {
    "LEAD": (Lead, LeadFactory, {"title": "New"}),
    "PEOPLE": (Person, PersonFactory, {"firstname": "New"}),
    "ORGANIZATION": (Organization, OrganizationFactory, {"name": "New"}),
}
#: For each kind: what is typed, and what is stored.
TYPED: dict[str, tuple[str, Any]] = {
    "TEXT": ("a text", "a text"),
    "NUMBER": ("42", 42),
    "DATE": ("2026-01-31", "2026-01-31"),
    "BOOLEAN": ("false", False),
    "CHOICE": ("Small", "Small"),
    "URL": ("https://example.com", "https://example.com"),
}


def page_of(row: Any) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def add_page(model: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")


@pytest.fixture(params=RECORDS)
def model(request):
    return request.param


@pytest.fixture
def inputs(company, model):
    """Define a field of each kind; give the name of each input by kind."""
    names = {}
    for kind in TYPED:
        definition = CustomFieldDefinitionFactory(
            company=company, model=model, name=kind.lower(), kind=kind, choices=["Small", "Large"]
        )
        names[kind] = f"custom_{definition.pk}"
    return names


def test_managers_define_fields(signed_in):
    client = signed_in("manager")
    form = form_of(client, ADD, model="LEAD", name="size", kind="CHOICE", choices="Small\r\n\r\n Large \r\n")

    assert client.post(ADD, form).status_code == 302

    made = CustomFieldDefinition.objects.get()
    assert (made.name, made.kind, made.choices) == ("size", "CHOICE", ["Small", "Large"])
    page = client.get(page_of(made))
    assert page.context["adminform"].form["choices"].value() == "Small\nLarge"
    client.post(page_of(made), posted(page, label="Size", required="on"))
    made.refresh_from_db()
    assert (made.label, made.required, made.choices, made.model) == ("Size", True, ["Small", "Large"], "LEAD")
    client.post(reverse("admin:crm_customfielddefinition_delete", args=[made.pk]), {"post": "yes"})
    assert not CustomFieldDefinition.objects.exists()


def test_what_the_service_refuses_is_shown(signed_in, company):
    client = signed_in("manager")
    CustomFieldDefinitionFactory(company=company, name="size")
    LeadFactory(company=company, custom_fields={"budget": "x"})

    taken = client.post(ADD, form_of(client, ADD, model="LEAD", name="SIZE", kind="TEXT"))
    empty = client.post(ADD, form_of(client, ADD, model="LEAD", name="other", kind="CHOICE"))
    unfit = client.post(ADD, form_of(client, ADD, model="LEAD", name="budget", kind="NUMBER"))

    assert errors_of(taken) == {"name": ["A custom field of this name exists already."]}
    assert errors_of(empty) == {"choices": ["Enter at least one choice, none empty and none twice."]}
    assert errors_of(unfit) == {"__all__": ["1 records hold values that do not fit this definition."]}
    assert CustomFieldDefinition.objects.count() == 1


def test_a_new_record_takes_its_defined_fields_from_inputs(signed_in, unrendered, model, inputs):
    client = signed_in("agent")
    rows, _make, values = RECORDS[model]
    typed = {inputs[kind]: text for kind, (text, _stored) in TYPED.items()}

    response = client.post(
        add_page(rows), form_of(client, add_page(rows), **values, **typed, custom_fields='{"free": [1]}')
    )

    assert response.status_code == 302, errors_of(response)
    stored = {kind.lower(): value for kind, (_text, value) in TYPED.items()}
    assert rows.objects.get().custom_fields == {**stored, "free": [1]}


def test_a_record_shows_what_it_holds_and_keeps_what_is_not_touched(signed_in, company, model, inputs):
    client = signed_in("agent")
    stored = {kind.lower(): value for kind, (_text, value) in TYPED.items()}
    record = RECORDS[model][1](company=company, custom_fields={**stored, "free": "x"})
    page = client.get(page_of(record))
    form = page.context["adminform"].form

    assert {kind: form[inputs[kind]].value() for kind in TYPED} == {
        kind: text for kind, (text, _stored) in TYPED.items()
    }
    assert form["custom_fields"].value() == '{\n  "free": "x"\n}'
    assert client.post(page_of(record), posted(page)).status_code == 302
    record.refresh_from_db()
    assert (record.custom_fields, record.version) == ({**stored, "free": "x"}, 1)

    changed = form_of(client, page_of(record), **{inputs["NUMBER"]: "7.5", inputs["BOOLEAN"]: ""})
    assert client.post(page_of(record), changed).status_code == 302
    record.refresh_from_db()
    expected = {**stored, "free": "x", "number": 7.5}
    del expected["boolean"]
    assert record.custom_fields == expected


@pytest.mark.parametrize("kind", ["NUMBER", "DATE", "BOOLEAN", "CHOICE", "URL"])
def test_a_value_that_does_not_fit_is_said_beside_its_input(
    signed_in, company, unrendered, model, inputs, kind
):
    client = signed_in("agent")
    record = RECORDS[model][1](company=company)

    response = client.post(page_of(record), form_of(client, page_of(record), **{inputs[kind]: "wrong"}))

    assert list(errors_of(response)) == [inputs[kind]]
    record.refresh_from_db()
    assert record.custom_fields == {}


def test_free_text_is_held_to_definitions_too(signed_in, company, unrendered, model, inputs):
    client = signed_in("agent")
    record = RECORDS[model][1](company=company)

    response = client.post(
        page_of(record), form_of(client, page_of(record), custom_fields='{"number": "many"}')
    )

    assert errors_of(response) == {"custom_fields": ["number: Expected a number."]}
    client.post(page_of(record), form_of(client, page_of(record), custom_fields='{"Number": "42"}'))
    record.refresh_from_db()
    assert record.custom_fields == {"number": 42}


def test_a_required_field_is_asked_for(signed_in, company, unrendered, model):
    client = signed_in("agent")
    rows, _make, values = RECORDS[model]
    definition = CustomFieldDefinitionFactory(company=company, model=model, name="size", required=True)
    CustomFieldDefinitionFactory(company=company, model=model, name="other", kind="NUMBER")
    name = f"custom_{definition.pk}"

    response = client.post(add_page(rows), form_of(client, add_page(rows), **values))
    assert errors_of(response)[name] == ["This field is required."]
    assert not rows.objects.exists()

    response = client.post(add_page(rows), form_of(client, add_page(rows), **values, **{name: "L"}))
    assert response.status_code == 302
    made = rows.objects.get()
    cleared = client.post(page_of(made), form_of(client, page_of(made), **{name: ""}))
    assert errors_of(cleared)[name] == ["This field is required."]


def test_those_who_may_only_look_see_all_fields_in_one_place(signed_in, company, model, inputs):
    record = RECORDS[model][1](company=company, custom_fields={"number": 42, "free": "x"})

    response = signed_in("viewer").get(page_of(record))

    assert response.status_code == 200
    text = response.content.decode()
    assert "number" in text
    assert "42" in text
    assert inputs["NUMBER"] not in text


def test_definitions_of_another_company_give_no_inputs(signed_in, company, other_company, model):
    CustomFieldDefinitionFactory(company=other_company, model=model, name="theirs")
    record = RECORDS[model][1](company=company)

    assert b"theirs" not in signed_in("agent").get(page_of(record)).content


def test_several_are_removed_at_once(signed_in, company):
    definition = CustomFieldDefinitionFactory(company=company)
    client = signed_in("manager")

    response = client.post(
        "/admin/crm/customfielddefinition/",
        {"action": "delete_selected", "_selected_action": [definition.pk], "post": "yes"},
        follow=True,
    )

    assert messages_of(response) == ["Deleted 1 custom field definition."]
    assert not CustomFieldDefinition.objects.exists()


def test_saving_an_untouched_form_changes_nothing(signed_in, actors):
    lead = create_lead(
        {"title": "Deal", "custom_fields": [{"name": "deal_value", "value": "12500"}]}, actor=actors.agent
    )
    create_definition({"model": "LEAD", "name": "deal_value", "kind": "NUMBER"}, actor=actors.manager)
    lead.refresh_from_db()
    before = (lead.version, lead.custom_fields)
    client = signed_in("agent")
    address = reverse("admin:leads_lead_change", args=[lead.pk])

    page = client.get(address)
    client.post(address, posted(page))

    lead.refresh_from_db()
    assert (lead.version, lead.custom_fields) == before
    # There is an input for it, so that nobody meets the text area.
    assert page.context["adminform"].form.fields["custom_fields"].widget.is_hidden


def test_a_definition_shows_its_input_as_forms_will_have_it(signed_in, company):
    client = signed_in("manager")
    page = reverse("admin:crm_customfielddefinition_add")
    address = reverse("admin:crm_customfielddefinition_preview")

    empty = client.get(page).content.decode()
    choice = {"name": "size", "label": "Size", "kind": "CHOICE", "choices": " S \r\n\r\nL", "required": "on"}
    shown = client.post(address, choice).content.decode()
    kinds = {
        kind: client.post(address, {"name": "x", "kind": kind}).content.decode()
        for kind in ("TEXT", "NUMBER", "DATE", "BOOLEAN", "URL", "NONSENSE")
    }
    made = CustomFieldDefinition.objects.create(company=company, model="LEAD", name="due", kind="DATE")
    stored = client.get(reverse("admin:crm_customfielddefinition_change", args=[made.pk])).content.decode()

    assert "Name the field, and choose its kind." in empty
    assert 'class="required">Size:' in shown
    assert '<option value="S">S</option>' in shown
    # A required input would hold up the form around the preview.
    assert " required" not in shown.replace('class="required"', "")
    assert 'inputmode="decimal"' in kinds["NUMBER"]
    assert 'type="date"' in kinds["DATE"]
    assert 'type="url"' in kinds["URL"]
    assert '<option value="true">Yes</option>' in kinds["BOOLEAN"]
    assert "Name the field" in kinds["NONSENSE"]
    assert 'name="preview-value"' in stored
    assert CustomFieldDefinition.objects.count() == 1
    assert signed_in("agent").post(address, choice).status_code == 403


def test_what_nobody_defined_is_shown_in_words_and_stays(signed_in, company):
    values = {"deal <value>": "18000", "Seats": [1, 2], "More": {"VIP": True}}
    lead = LeadFactory(company=company, custom_fields=values)
    client = signed_in("agent")
    page = client.get(page_of(lead))

    [shown] = re.findall(r'<div class="readonly">(.*?)</div>', page.content.decode())
    assert set(shown.split("<br>")) == {"deal &lt;value&gt;: 18000", "Seats: 1, 2", "More: VIP: Yes"}
    assert '<textarea name="custom_fields"' not in page.content.decode()
    client.post(page_of(lead), posted(page, title="New"))
    lead.refresh_from_db()
    assert (lead.title, lead.custom_fields) == ("New", values)


def test_nobody_meets_the_object_that_is_stored(signed_in, company):
    plain, filled = LeadFactory(company=company), LeadFactory(company=company)
    Lead.objects.filter(pk=filled.pk).update(custom_fields={"Size <b>": "M", "VIP": True, "Rooms": 3})

    form = signed_in("agent").get(page_of(plain)).context["adminform"].form
    read_only = signed_in("viewer").get(page_of(filled)).content.decode()

    assert form.fields["custom_fields"].widget.is_hidden
    # PostgreSQL keeps the names of an object in an order of its own.
    shown = re.search(r"[^>]*(?:<br>[^>]*){2}(?=</div>)", read_only)
    assert shown is not None
    assert set(shown[0].split("<br>")) == {"Size &lt;b&gt;: M", "VIP: Yes", "Rooms: 3"}
    assert "{&quot;" not in read_only


@pytest.mark.parametrize(
    ("typed", "stored"),
    [("12,5", 12.5), ("-0,25", -0.25), ("1234,5678", 1234.5678), ("12.5", 12.5), ("7", 7)],
)
def test_a_number_is_typed_with_a_comma_or_a_point(signed_in, company, typed, stored):
    seats = CustomFieldDefinition.objects.create(company=company, model="LEAD", name="seats", kind="NUMBER")
    lead = LeadFactory(company=company)
    client = signed_in("agent")

    client.post(page_of(lead), form_of(client, page_of(lead), **{f"custom_{seats.pk}": typed}))

    lead.refresh_from_db()
    assert lead.custom_fields == {"seats": stored}


@pytest.mark.parametrize("typed", ["1,234", "1.234,5", "1,2,3", "12k"])
def test_a_number_that_may_mean_two_is_refused(signed_in, company, typed):
    seats = CustomFieldDefinition.objects.create(company=company, model="LEAD", name="seats", kind="NUMBER")
    lead = LeadFactory(company=company)
    client = signed_in("agent")

    refused = client.post(page_of(lead), form_of(client, page_of(lead), **{f"custom_{seats.pk}": typed}))

    assert list(errors_of(refused)) == [f"custom_{seats.pk}"]
    lead.refresh_from_db()
    assert lead.custom_fields == {}
