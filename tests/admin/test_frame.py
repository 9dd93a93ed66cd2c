"""The frame around every page: navigation by task, the search, and what is added from any page."""

import re
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse, set_script_prefix
from django.utils.html import escape

from crm.admin.frame import navigation
from crm.admin.frame.navigation import entries, register
from crm.models import Company, LeadVisibility, Notification
from leads.services.leads import create_lead
from people.models import ContactType
from people.services.organizations import create_organization
from people.services.people import create_person
from tests.config.processes import ROOT

pytestmark = pytest.mark.django_db
SEARCH = reverse("admin:search")
#: An input that holds words or files; fields that a template loops over may be one.
TYPED = re.compile(r'<textarea|type="(?:text|file)"|{{ field }}')
WORK = ["My day", "Board", "Leads", "People", "Organizations", "Tasks", "Calendar", "Reports"]


def labels_of(client):
    parts = client.get(SEARCH).context["navigation"]
    return [[link.label for link in part.links] for part in parts]


def found_by(client, text, **headers):
    found = client.get(SEARCH, {"q": text}, headers=headers).context["found"]
    return {kind.title: [row.name for row in kind.rows] for kind in found}


def make_records(actors):
    phone = ContactType.objects.get(company=None, kind="PHONE")
    person = create_person(
        {
            "firstname": "Anna",
            "lastname": "Müller",
            "email": "anna@nord.example",
            "contacts": [{"contacts_types_id": phone.pk, "value": "+49 30 1234567"}],
            "organization": "Nordlicht GmbH",
        },
        actor=actors.agent,
    )
    create_lead({"title": "Roof for Nordlicht", "people_id": person.pk}, actor=actors.agent)
    return person


def test_every_model_stands_in_the_navigation_once():
    shown = {entry.model for entry in entries() if entry.model is not None}

    # Notifications are behind the bell.
    assert shown == set(admin.site._registry) - {Notification}
    with pytest.raises(Exception, match="twice"):
        register(next(entry for entry in entries() if entry.model is not None))


def test_addresses_are_resolved_once_for_each_prefix_of_the_site(monkeypatch):
    at_root = [entry.address for entry in entries()]
    set_script_prefix("/crm/")
    try:
        below = [entry.address for entry in entries()]
    finally:
        set_script_prefix("/")
    monkeypatch.delattr(navigation, "reverse")

    assert [entry.address for entry in entries()] == at_root
    assert below == [f"/crm{address}" for address in at_root]


def offered(client, text):
    return [each["address"] for each in client.get(SEARCH, {"q": text}).context["addable"]]


@pytest.mark.parametrize(
    ("text", "of_people"),
    [
        ("Zoë van Berg", {"firstname": "Zoë", "lastname": "van Berg"}),
        ("Berg, Zoë", {"firstname": "Zoë", "lastname": "Berg"}),
        ("Zoë", {"firstname": "Zoë"}),
        ("zoe@berg.example", {"email": "zoe@berg.example"}),
        ("+49 30 7654321", {"phone": "+49 30 7654321"}),
    ],
)
def test_what_nothing_is_found_by_begins_a_new_record(signed_in, text, of_people):
    client = signed_in("agent")

    lead, person, *organization = offered(client, text)

    page = client.get(person)
    assert page.context["adminform"].form.initial.items() >= of_people.items()
    is_contact = not {"firstname", "lastname"} & set(of_people)
    of_leads = of_people if is_contact else {"title": text}
    assert client.get(lead).context["adminform"].form.initial.items() >= of_leads.items()
    names = [client.get(each).context["adminform"].form.initial["name"] for each in organization]
    assert names == ([] if is_contact else [text])
    # As a list below the search box, too.
    shown = client.get(SEARCH, {"q": text}, headers={"HX-Request": "true"}).content.decode()
    assert [escape(each) in shown for each in (lead, person, *organization)] == [True] * (2 + len(names))


def test_nothing_is_offered_to_add_where_something_is_found_or_nothing_may_be_added(signed_in, actors):
    make_records(actors)

    assert offered(signed_in("viewer"), "Nobody") == []
    assert offered(signed_in("agent"), "Nordlicht") == []


@pytest.mark.parametrize("role", ["viewer", "agent", "manager", "admin"])
def test_the_navigation_follows_the_role(signed_in, role):
    client = signed_in(role)
    rights = ["viewer", "agent", "manager", "admin"].index(role)

    data = ["Merges", *(["Received leads", "Imports"] if rights > 1 else []), *(["Tags"] if rights else [])]
    assert labels_of(client) == [WORK, data, *([["Set-up"]] if rights > 1 else [])]
    answer = client.get(reverse("admin:set_up"))
    assert answer.status_code == (200 if rights > 1 else 403)
    if rights > 1:
        groups = {part.title: [link.label for link in part.links] for part in answer.context["parts"]}
        assert groups["Sales process"][:2] == ["Pipelines", "Stages"]
        assert ("API tokens" in groups.get("Integrations", [])) == (role == "admin")
        # Whatever is offered opens.
        links = [link for part in answer.context["parts"] for link in part.links]
        assert {link.label: client.get(link.address).status_code for link in links} == {
            link.label: 200 for link in links
        }
        assert all(link.hint for link in links)
    quick = [each["label"] for each in client.get(SEARCH).context["quick_add"]]
    assert quick == (["Lead", "Person", "Organization", "Task", "Call"] if rights else [])


def test_the_page_of_an_entry_is_marked(signed_in, actors):
    lead = create_lead({"title": "Deal"}, actor=actors.agent)
    page = signed_in("manager").get(reverse("admin:leads_lead_change", args=[lead.pk])).content.decode()

    current = re.findall(r'<a href="([^"]+)" aria-current="page">', page)
    # "More" has the others alone.
    assert current == [reverse("admin:leads_lead_changelist")]
    assert "<title>Deal | Lead | " in page
    assert "Select lead" not in page
    # Its address is below that of the tasks.
    calendar = reverse("admin:crm_activity_calendar")
    page = signed_in("viewer").get(calendar).content.decode()
    assert re.findall(r'<a href="([^"]+)" aria-current="page">', page)[0] == calendar


@pytest.mark.parametrize(
    "text",
    ["müll", "MÜLLER anna", "anna@nord", "0049 30 1234567", "030/123 45 67", "+49 (0)30 1234567", "4567"],
)
def test_the_search_finds_a_person_by_any_part(signed_in, actors, text):
    Company.objects.filter(pk=actors.agent.company_id).update(region="DE")
    make_records(actors)

    assert found_by(signed_in("viewer"), text)["People"] == ["Anna Müller"]


def test_the_search_shows_each_kind_with_what_tells_records_apart(signed_in, actors, other_actors):
    make_records(actors)
    make_records(other_actors)
    client = signed_in("agent")

    page = client.get(SEARCH, {"q": "nordl"})
    part = client.get(SEARCH, {"q": "nordl"}, headers={"HX-Request": "true"})

    assert {kind.title: len(kind.rows) for kind in page.context["found"]} == {"Organizations": 1, "Leads": 1}
    assert page.context["found"][1].rows[0].about == "New · Anna Müller · admin@tenant"
    assert "<html" in page.content.decode()
    assert part.content.decode().count('role="option"') == 2
    assert "<html" not in part.content.decode()
    assert found_by(client, "n") == {}
    assert "Nothing found" in client.get(SEARCH, {"q": "\0nobody"}).content.decode()


def test_the_search_shows_no_lead_that_is_out_of_sight(signed_in, actors):
    Company.objects.filter(pk=actors.agent.company_id).update(lead_visibility=LeadVisibility.OWN)
    create_lead({"title": "Secret", "leads_owner_id": actors.colleague.user_id}, actor=actors.colleague)

    assert found_by(signed_in("agent"), "secret") == {}
    assert found_by(signed_in("manager"), "secret") == {"Leads": ["Secret"]}


def test_the_search_takes_as_many_statements_for_one_row_as_for_many(signed_in, actors):
    client = signed_in("agent")
    counted: list[int] = []
    found: Any = None
    for number in (1, 9):
        for index in range(number):
            organization = create_organization({"name": f"North {number} {index}"}, actor=actors.agent)
            create_lead(
                {
                    "title": "North",
                    "organization_id": organization.pk,
                    "people": {"firstname": "North", "organization": "South"},
                },
                actor=actors.agent,
            )
        with CaptureQueriesContext(connection) as queries:
            found = client.get(SEARCH, {"q": "north"}, headers={"HX-Request": "true"})
        counted.append(len(queries))
    assert [len(kind.rows) for kind in found.context["found"]] == [6, 6, 6]
    assert all(kind.more for kind in found.context["found"])
    assert counted[0] == counted[1]


def test_a_task_is_added_from_any_page(signed_in, actors):
    person = make_records(actors)
    client = signed_in("agent")

    chosen = client.get(reverse("admin:new_task"), {"q": "müller"}).content.decode()
    address = re.findall(r'href="(/admin/crm/activity/add/[^"]+)"', chosen)[0].replace("&amp;", "&")
    form = client.get(address).content.decode()

    assert address.endswith(f"?entity_type=PEOPLE&entity_id={person.pk}&kind=TASK")
    assert "Anna Müller" in form
    assert '<input type="hidden" name="entity_id"' in form
    assert signed_in("viewer").get(reverse("admin:new_call")).status_code == 403


def test_every_form_with_a_text_asks_before_what_is_typed_is_lost():
    forms = [
        (path.name, form)
        for path in (ROOT / "templates" / "admin").rglob("*.html")
        for form in re.findall(r"<form\b.*?</form>", path.read_text(), re.DOTALL)
        if 'method="post"' in form
    ]

    unguarded = [name for name, form in forms if "data-unguarded" in form]
    lost = [name for name, form in forms if "data-unguarded" in form and TYPED.search(form)]

    assert {"file.html", "deliveries.html"} <= set(unguarded)
    assert {"mail.html", "files.html", "move.html"} <= {name for name, _ in forms}
    assert lost == []


def test_the_address_of_the_site_leads_to_the_admin(client):
    assert client.get("/").headers["Location"] == "/admin/"
