"""Who may open which page, and whose rows are on it."""

import pytest
from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.urls import reverse

from crm.actors import Role
from crm.json_texts import NULL_CHARACTERS
from crm.models import (
    Absence,
    Activity,
    ApiToken,
    AuditEntry,
    Company,
    CustomFieldDefinition,
    Filesystem,
    Membership,
    Notification,
    RegisteredDocument,
    SocialChannel,
    Tag,
    User,
    WebhookDelivery,
    WebhookEndpoint,
    WorkPart,
)
from crm.services.members import add_member
from leads.models import (
    Lead,
    LeadLostReason,
    LeadReceiver,
    LeadRotation,
    LeadRoutingLog,
    LeadSource,
    LeadStatus,
    LeadType,
    ReceiverAttempt,
)
from people.models import ContactType, Merge, Organization, PeopleRelationship, Person
from pipelines.models import Pipeline, Stage
from tests.admin.conftest import errors_of, form_of, messages_of, posted
from tests.admin.rows import page, rows_of
from tests.factories.crm import UserFactory
from tests.factories.leads import LeadFactory

ALL = {"list", "add", "change", "delete"}
LOOK = {"list"}
NONE: set[str] = set()

#: Pages of each model that open to viewer, agent, manager and admin.
MATRIX = {
    Absence: (LOOK, ALL, ALL, ALL),
    Activity: (LOOK, ALL, ALL, ALL),
    ApiToken: (NONE, NONE, NONE, {"list", "add"}),
    AuditEntry: (NONE, NONE, NONE, LOOK),
    Company: (NONE, NONE, NONE, {"list", "change"}),
    ContactType: (LOOK, LOOK, ALL, ALL),
    CustomFieldDefinition: (LOOK, LOOK, ALL, ALL),
    Filesystem: (NONE, NONE, LOOK, LOOK),
    Lead: (LOOK, ALL, ALL, ALL),
    LeadLostReason: (LOOK, LOOK, ALL, ALL),
    LeadReceiver: (LOOK, LOOK, ALL, ALL),
    LeadRotation: (LOOK, LOOK, ALL, ALL),
    LeadRoutingLog: (NONE, NONE, LOOK, LOOK),
    LeadSource: (LOOK, LOOK, ALL, ALL),
    LeadStatus: (LOOK, LOOK, ALL, ALL),
    LeadType: (LOOK, LOOK, ALL, ALL),
    Membership: (NONE, NONE, NONE, ALL - {"delete"}),
    Notification: (LOOK, LOOK, LOOK, LOOK),
    Merge: (LOOK, LOOK, LOOK, LOOK),
    Organization: (LOOK, ALL, ALL, ALL),
    PeopleRelationship: (LOOK, LOOK, ALL, ALL),
    Person: (LOOK, ALL, ALL, ALL),
    Pipeline: (LOOK, LOOK, ALL, ALL),
    ReceiverAttempt: (NONE, NONE, LOOK, LOOK),
    SocialChannel: (NONE, NONE, LOOK, LOOK),
    Stage: (LOOK, LOOK, ALL - {"add"}, ALL - {"add"}),
    RegisteredDocument: (NONE, NONE, NONE, {"list", "delete"}),
    Tag: (LOOK, ALL, ALL, ALL),
    User: (LOOK, LOOK, LOOK, LOOK),
    WebhookDelivery: (NONE, NONE, NONE, LOOK),
    WebhookEndpoint: (NONE, NONE, NONE, ALL),
}


def test_matrix_knows_every_model():
    # Background work is of no company: tests/admin/test_work.py tries its pages.
    assert set(admin.site._registry) == {*MATRIX, WorkPart}


@pytest.mark.one_database
@pytest.mark.parametrize("role", ["viewer", "agent", "manager", "admin"])
def test_pages_open_by_role(signed_in, tenant, role, unrendered):
    client = signed_in(role)
    opened = {}
    listed = {}

    rows = rows_of(tenant, "Ours")
    # Each member has notifications of their own, and sees those alone.
    rows[Notification] = Notification.objects.get(user=tenant.users[role])
    for model, row in rows.items():
        change = client.get(reverse(page(row, "change"), args=[row.pk]))
        may_look = client.get(reverse(page(row, "changelist"))).status_code == 200
        listed[model] = may_look == (change.status_code == 200)
        opened[model] = {
            name
            for name, is_open in {
                "list": may_look,
                "add": client.get(reverse(page(row, "add"))).status_code == 200,
                "change": change.status_code == 200 and change.context_data["has_change_permission"],
                "delete": client.get(reverse(page(row, "delete"), args=[row.pk])).status_code == 200,
            }.items()
            if is_open
        }

    column = ["viewer", "agent", "manager", "admin"].index(role)
    assert opened == {model: cells[column] for model, cells in MATRIX.items()}
    assert all(listed.values())


@pytest.mark.one_database
@pytest.mark.parametrize("role", ["viewer", "agent", "manager"])
def test_posting_to_a_closed_page_writes_nothing(signed_in, tenant, role, unrendered):
    client = signed_in(role)
    column = ["viewer", "agent", "manager"].index(role)
    statuses = set()

    for model, row in rows_of(tenant, "Ours").items():
        name = "name" if model is not User else "username"
        if "change" not in MATRIX[model][column]:
            statuses.add(
                client.post(reverse(page(row, "change"), args=[row.pk]), {name: "Taken"}).status_code
            )
        if "delete" not in MATRIX[model][column]:
            statuses.add(
                client.post(reverse(page(row, "delete"), args=[row.pk]), {"post": "yes"}).status_code
            )
            deletion = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
            statuses.add(client.post(reverse(page(row, "changelist")), deletion).status_code)
        row.refresh_from_db()
        assert "Taken" not in str(row)
        assert getattr(row, "deleted_at", None) is None

    # An action that is not offered shows the list again, or goes back to it where others are offered.
    assert statuses - {302} == {403, 200}
    assert LogEntry.objects.count() == 0


def test_recent_actions_name_no_row_of_another_company(signed_in, tenant, other_tenant):
    # Lists, pages and actions are tried in tests/tenants/test_admin.py.
    theirs = rows_of(other_tenant, "Theirs")
    for model, row in theirs.items():
        LogEntry.objects.create(
            user=tenant.users["admin"],
            content_type=ContentType.objects.get_for_model(model),
            object_id=str(row.pk),
            object_repr="Theirs",
            action_flag=CHANGE,
        )

    shown = signed_in("admin").get("/admin/").content.decode()

    assert "Theirs" not in shown


def test_autocomplete_offers_own_rows_alone(signed_in, tenant, other_tenant):
    rows_of(tenant, "Ours")
    rows_of(other_tenant, "Theirs")
    client = signed_in("admin")
    tenant.users["admin"].is_superuser = True
    tenant.users["admin"].save()

    for source, field in (
        ("leads.lead", "person"),
        ("leads.lead", "organization"),
        ("leads.lead", "stage"),
        ("leads.lead", "owner"),
        ("leads.lead", "status"),
        ("leads.leadparticipant", "user"),
        ("people.person", "tags"),
        ("people.contact", "type"),
    ):
        app_label, model_name = source.split(".")
        query = {"app_label": app_label, "model_name": model_name, "field_name": field}
        everything = client.get("/admin/autocomplete/", query)
        searched = client.get("/admin/autocomplete/", {**query, "term": "other"})

        text = everything.content.decode() + searched.content.decode()
        assert everything.status_code == 200, (source, field)
        assert "Theirs" not in text, (source, field)
        assert "@other" not in text, (source, field)


def test_autocomplete_names_the_pipeline_of_a_stage(signed_in, tenant):
    client = signed_in("viewer")
    query = {"app_label": "leads", "model_name": "lead", "field_name": "stage", "term": "neg\x00otiation"}

    found = client.get("/admin/autocomplete/", query).json()["results"]

    stage = Stage.objects.get(name="Negotiation")
    assert found == [{"id": str(stage.pk), "text": "Default pipeline: Negotiation"}]


@pytest.mark.parametrize(
    ("path", "lookup"),
    [
        ("leads/lead", "owner__password__startswith"),
        ("leads/lead", "company_id"),
        ("leads/lead", "person__email__contains"),
        ("crm/apitoken", "hash__startswith"),
        ("crm/user", "password__startswith"),
        ("crm/user", "memberships__company"),
    ],
)
def test_address_asks_no_other_question_than_the_filters(signed_in, path, lookup):
    assert signed_in("admin").get(f"/admin/{path}/", {lookup: "a"}).status_code == 400


def test_filter_offers_and_finds_own_rows_alone(signed_in, tenant, other_tenant):
    client = signed_in("viewer")
    LeadFactory(company=tenant.company)
    theirs = rows_of(other_tenant, "Theirs")

    listed = client.get("/admin/leads/lead/", {"status__id__exact": theirs[LeadStatus].pk})

    assert "Theirs" not in listed.content.decode()
    assert len(listed.context["cl"].result_list) == 0


@pytest.mark.parametrize("value", ["x", "99999999999999999999", "1,2", "\x00"])
def test_odd_values_are_no_server_error(signed_in, tenant, value):
    client = signed_in("admin")
    LeadFactory(company=tenant.company)

    for name in (
        "status__id__exact",
        "stage__id__exact",
        "q",
        "p",
        "o",
        "deleted",
        "owned",
        "created_at__gte",
    ):
        assert client.get("/admin/leads/lead/", {name: value}).status_code in (200, 302), name
    change = reverse("admin:leads_lead_change", args=["1"]).replace(
        "/1/", f"/{value}/".replace("\x00", "%00")
    )
    assert client.get(change).status_code == 302
    # Filters by words, the choices of a new form, and the rows of an action.
    assert client.get("/admin/people/contacttype/", {"kind__exact": value}).status_code in (200, 302)
    assert client.get("/admin/people/person/add/", {"firstname": value, "tags": value}).status_code == 200
    chosen = {"action": "delete_selected", "_selected_action": value}
    assert client.post("/admin/people/contacttype/", chosen).status_code in (200, 302, 400)


def test_a_form_names_the_field_that_cannot_be_stored(signed_in, tenant):
    client = signed_in("admin")
    page = client.get("/admin/people/person/add/")
    texts = {"firstname": "a\0", "tags": "\0", "custom_fields": '{"a": "\\u0000"}'}

    answer = client.post("/admin/people/person/add/", posted(page, **texts))

    assert answer.status_code == 200
    assert errors_of(answer).keys() == texts.keys()
    assert NULL_CHARACTERS in errors_of(answer)["firstname"]
    assert not Person.objects.exists()


def test_visitors_are_sent_to_the_login(tenant):
    anonymous, not_staff = Client(), Client()
    outsider = tenant.users["agent"]
    outsider.is_staff = False
    outsider.save()
    not_staff.force_login(outsider)

    for client in (anonymous, not_staff):
        response = client.get("/admin/leads/lead/")
        assert (response.status_code, response["Location"]) == (302, "/admin/login/?next=/admin/leads/lead/")
        assert client.get(response["Location"]).status_code == 200


@pytest.mark.one_database
@pytest.mark.parametrize("is_superuser", [False, True])
def test_user_without_a_company(db, tenant, is_superuser):
    stranger = UserFactory(is_staff=True, is_superuser=is_superuser)
    lead = LeadFactory(company=tenant.company)
    client = Client()
    client.force_login(stranger)

    index = client.get("/admin/")
    lists = {
        model: client.get(reverse(page(model, "changelist"))).status_code for model in admin.site._registry
    }

    assert "You are not a member of any company" in index.content.decode()
    assert {model for model, status in lists.items() if status == 200} == (
        {AuditEntry, User, Company, WorkPart} if is_superuser else set()
    )
    assert client.get(reverse("admin:leads_lead_change", args=[lead.pk])).status_code == 403
    assert client.get("/admin/leads/lead/add/").status_code == 403


def test_company_is_chosen_in_the_header(signed_in, tenant, other_tenant):
    client = signed_in("agent")
    add_member(other_tenant.company, tenant.users["agent"], Role.VIEWER)
    ours, theirs = LeadFactory(company=tenant.company), LeadFactory(company=other_tenant.company)

    before = client.get("/admin/leads/lead/")
    switched = client.post("/admin/company/", {"company": other_tenant.company.pk})
    after = client.get("/admin/leads/lead/")

    assert before.context["current_company"] == tenant.company
    assert list(before.context["cl"].result_list) == [ours]
    assert (switched.status_code, switched["Location"]) == (302, "/admin/")
    assert after.context["current_company"] == other_tenant.company
    assert list(after.context["cl"].result_list) == [theirs]
    assert client.get("/admin/leads/lead/add/").status_code == 403


def test_company_of_others_cannot_be_chosen(signed_in, tenant, other_tenant):
    client = signed_in("agent")

    for key in (other_tenant.company.pk, 987654321, "x", ""):
        assert client.post("/admin/company/", {"company": key}).status_code == 404
    assert client.get("/admin/company/").status_code == 405
    assert client.get("/admin/").context["current_company"] == tenant.company


def test_choice_needs_the_csrf_token(signed_in, tenant):
    client = signed_in("agent")
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies

    assert strict.post("/admin/company/", {"company": tenant.company.pk}).status_code == 403


def test_choice_ends_with_the_membership(signed_in, tenant, other_tenant):
    client = signed_in("agent")
    membership = add_member(other_tenant.company, tenant.users["agent"], Role.VIEWER)
    client.post("/admin/company/", {"company": other_tenant.company.pk})
    membership.is_active = False
    membership.save()

    shown = client.get("/admin/")
    Membership.objects.filter(user=tenant.users["agent"]).update(is_active=False)

    assert shown.context["current_company"] == tenant.company
    assert client.get("/admin/").context["current_company"] is None
    assert client.get("/admin/leads/lead/").status_code == 403


def test_page_obeys_the_content_security_policy(signed_in, tenant):
    client = signed_in("admin")
    lead = LeadFactory(company=tenant.company)

    for address in ("/admin/", "/admin/leads/lead/", reverse("admin:leads_lead_change", args=[lead.pk])):
        response = client.get(address)
        text = response.content.decode()
        assert "default-src 'self'" in response["Content-Security-Policy"]
        assert "<style" not in text
        assert " style=" not in text
        assert "<script>" not in text


def test_history_names_changes_of_the_own_row(signed_in, tenant):
    client = signed_in("agent")
    lead = LeadFactory(company=tenant.company)
    change = reverse("admin:leads_lead_change", args=[lead.pk])

    client.post(change, form_of(client, change, title="Renamed"), follow=True)
    history = client.get(reverse("admin:leads_lead_history", args=[lead.pk]))

    assert "Changed Title" in history.content.decode()
    assert messages_of(history) == []
