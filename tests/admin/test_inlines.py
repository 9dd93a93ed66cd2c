"""Each inline of the admin: a row with every relation set is added, on the add and on the change page."""

from typing import Any

import pytest
from django import forms
from django.contrib import admin
from django.db.models import Model
from django.urls import reverse

from leads.models import LeadRotation, LeadRotationAgent
from people.models import Address, Contact, ContactKind, Employment, Organization, Person
from people.services.organizations import delete_organization
from people.services.people import create_person
from pipelines.models import Pipeline, Stage
from tests.admin.conftest import posted
from tests.admin.rows import page
from tests.doors import contact_type
from tests.factories.people import OrganizationFactory
from tests.graphql.leads.routing import agents_of, rotation_of

pytestmark = [pytest.mark.django_db, pytest.mark.one_database, pytest.mark.usefixtures("unrendered")]

INLINES = [
    (model, inline.model) for model, page_of in admin.site._registry.items() for inline in page_of.inlines
]


def values_of(tenant: Any) -> dict[type[Model], tuple[dict[str, Any], dict[str, Any]]]:
    """Return, by model of an inline, what its page has besides, and a new row with every relation."""
    organization = OrganizationFactory(company=tenant.company)
    [user] = agents_of(tenant, 1)
    person = {"firstname": "Jane"}
    return {
        Contact: (person, {"type": contact_type(ContactKind.CELLPHONE).pk, "value": "+1 212 555 0123"}),
        Address: (person, {"city": "Paris", "is_default": "on"}),
        Employment: (person, {"position": "CEO", "organization": organization.pk, "status": 1}),
        LeadRotationAgent: ({"name": "Inbound"}, {"user": user.pk, "percent": 40}),
        Stage: ({"name": "Partners"}, {"name": "Fresh", "weight": 3, "rotting_days": 5, "probability": 40}),
    }


def stored_parent(model: type[Model], tenant: Any) -> Any:
    actor = tenant.actors.manager
    if model is Person:
        return create_person({"firstname": "John"}, actor=actor)
    assert model is LeadRotation
    return rotation_of(tenant, {tenant.users["agent"]: 50})


def filled(response: Any, child: type[Model], values: dict[str, Any], **besides: Any) -> dict[str, Any]:
    """Return what a browser would post with one row more in an inline; it has a value for each relation."""
    [formset] = [
        each.formset for each in response.context_data["inline_admin_formsets"] if each.formset.model is child
    ]
    own = {formset.fk.name, child._meta.pk.name}
    relations = {
        name
        for name, field in formset.empty_form.fields.items()
        if isinstance(field, forms.ModelChoiceField) and name not in own
    }
    assert relations <= values.keys()
    place = formset.total_form_count()
    row = {f"{formset.prefix}-{place}-{name}": value for name, value in values.items()}
    return posted(response, **{f"{formset.prefix}-TOTAL_FORMS": place + 1}, **row, **besides)


def errors_of_page(response: Any) -> Any:
    context = getattr(response, "context_data", None)
    return context and [
        context["errors"],
        *(each.formset.errors for each in context["inline_admin_formsets"]),
    ]


# The stages of a stored pipeline have a page of their own: test_stages_page.py.
@pytest.mark.parametrize(
    ("model", "child", "is_new"),
    [
        (model, child, is_new)
        for model, child in INLINES
        for is_new in (True, False)
        if is_new or model is not Pipeline
    ],
)
def test_a_row_with_every_relation_is_added(signed_in, tenant, model, child, is_new):
    besides, values = values_of(tenant)[child]
    client = signed_in("manager")
    if is_new:
        address = reverse(page(model, "add"))
    else:
        besides, address = {}, reverse(page(model, "change"), args=[stored_parent(model, tenant).pk])
    before = set(child._base_manager.values_list("pk", flat=True))

    response = client.post(address, filled(client.get(address), child, values, **besides))

    assert response.status_code == 302, errors_of_page(response)
    added: Any = child._base_manager.exclude(pk__in=before).get()
    for name, value in values.items():
        column = child._meta.get_field(name)
        stored = getattr(added, column.attname)
        assert stored == (True if value == "on" else value), name


@pytest.mark.parametrize("is_new", [True, False])
def test_an_organization_that_is_no_choice_is_refused_by_name(signed_in, tenant, other_tenant, is_new):
    foreign = OrganizationFactory(company=other_tenant.company)
    deleted = OrganizationFactory(company=tenant.company)
    delete_organization(deleted.pk, actor=tenant.actors.manager)
    client = signed_in("manager")
    parent = None if is_new else stored_parent(Person, tenant)
    address = reverse(page(Person, "change"), args=[parent.pk]) if parent else reverse(page(Person, "add"))

    for organization in (foreign.pk, deleted.pk, 4711):
        values = {"position": "CEO", "organization": organization, "status": 1}
        response = client.post(address, filled(client.get(address), Employment, values, firstname="Jane"))

        assert response.status_code == 200
        [errors] = [
            form.errors
            for each in response.context_data["inline_admin_formsets"]
            for form in each.formset.forms
            if form.errors
        ]
        assert list(errors) == ["organization"]
    assert not Employment.objects.exists()


def test_an_employer_becomes_an_organization_of_the_person(signed_in, tenant):
    organization = OrganizationFactory(company=tenant.company)
    jane = stored_parent(Person, tenant)
    address = reverse(page(Person, "change"), args=[jane.pk])
    client = signed_in("agent")
    values = {"position": "CEO", "organization": organization.pk, "status": 1}

    client.post(address, filled(client.get(address), Employment, values))

    assert list(jane.organizations.all()) == [organization]
    assert Organization.objects.get(pk=organization.pk).version == 2
