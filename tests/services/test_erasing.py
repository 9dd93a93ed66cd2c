"""Erasing a person: a mark that is planted in every text and file is found nowhere afterwards."""

import json
from dataclasses import replace
from typing import Any

import pytest
from django.apps import apps
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import models
from django.db.models import Model
from django.urls import reverse

from crm.actors import Scope
from crm.models import (
    Activity,
    AuditEntry,
    Event,
    Filesystem,
    HistoryEntry,
    IdempotencyKey,
    ImportJob,
    ListView,
    Message,
    SocialChannel,
)
from leads.models import Lead, ReceiverAttempt
from leads.services.leads import create_lead
from people.models import Contact, ContactKind, ContactType, Merge, Organization, Person
from people.services.erasing import erase_person
from people.services.merging import merge
from people.services.people import create_person
from tests.admin.conftest import signed_in
from tests.clients import data, refusal
from tests.commands.running import run
from tests.module_tenant import made_tenant, tenant
from tests.rows.registry import APPS, new_rows
from tests.stored import read_all

__all__ = ["made_tenant", "signed_in", "tenant"]

pytestmark = pytest.mark.django_db

MARK = "zqx@mark.io"
#: Models whose texts are of the company, its members and its settings, and of no person outside.
OF_THE_COMPANY = {
    *(
        "crm.Absence",
        "crm.User",
        "crm.CustomFieldDefinition",
        "crm.ImportMapping",
        "crm.Company",
        "crm.Membership",
        "crm.FileUsage",
        "crm.CompanyLogo",
    ),
    *("crm.Tag", "crm.Tally", "crm.ActivityParticipant", "crm.BrowserSession", "crm.CalendarFeed"),
    "crm.ListColumns",
    *("crm.ChannelMember", "crm.RegisteredDocument", "crm.EventCounter", "crm.Invitation", "crm.ApiToken"),
    *("crm.NotificationMail", "crm.NotificationPreference", "crm.NotificationSource", "crm.SignInFailures"),
    *("crm.WebhookEndpoint", "crm.WorkPart", "people.ContactType", "people.PeopleRelationship"),
    *("pipelines.Pipeline", "pipelines.Stage", "leads.LeadStatus", "leads.LeadType", "leads.LeadSource"),
    *("leads.AmountTally", "leads.LeadLostReason", "leads.LeadRotation", "leads.LeadRotationAgent"),
    *("leads.LeadReceiver", "leads.LeadParticipant", "leads.LeadFollower", "leads.StageVisit"),
    # Of another company, which is a customer: it has no person in its own columns.
    *("people.Organization", "people.OrganizationFile"),
}
#: Columns that hold hashes, tokens and words of the product itself.
OF_THE_PRODUCT = {
    *("leased_by", "fingerprint", "via", "door", "audience", "changed", "user_agent", "type", "recurrence"),
    *("message_id", "cursor", "message_verb", "slug", "code", "format", "account", "response_key", "key"),
    *("field_name", "url", "entity", "stored", "stage_name", "currency", "field", "income_type", "columns"),
    *("model", "hash", "rejects", "digest", "runner", "silent_kinds"),
}


def text_columns(model: type[Model]) -> list[models.Field[Any, Any]]:
    """Return the columns of a model that could hold a name or an address."""
    kinds = (models.CharField, models.TextField, models.JSONField, models.BinaryField)
    return [
        column
        for column in model._meta.concrete_fields
        if isinstance(column, kinds)
        and not isinstance(column, models.FileField)
        and not column.choices
        and (getattr(column, "max_length", None) or len(MARK)) >= len(MARK)
        and column.name not in OF_THE_PRODUCT
    ]


def of_people() -> list[type[Model]]:
    """Return the models whose rows can be about a person; a new one is among them by itself."""
    found = [model for app in APPS for model in apps.get_app_config(app).get_models()]
    return [model for model in found if model._meta.label not in OF_THE_COMPANY]


def plant(model: type[Model], company_id: int) -> int:
    """Write the mark into every text of the rows of a model, and return the number of columns."""
    rows = model._base_manager.all()
    if hasattr(model, "company_id"):
        rows = rows.filter(company_id=company_id)
    assert rows.exists(), f"{model._meta.label} has no row to plant a mark in"
    values: dict[str, Any] = {}
    for column in text_columns(model):
        values[column.name] = {"said": [MARK]} if isinstance(column, models.JSONField) else MARK
        if isinstance(column, models.BinaryField):
            values[column.name] = f"From: {MARK}".encode()
        if (model, column.name) == (Merge, "losers"):
            values.pop(column.name)
    rows.update(**values)
    return len(values)


@pytest.fixture
def own_storage(settings, tmp_path):
    own = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}}
    settings.STORAGES = {**settings.STORAGES, "default": own}
    return tmp_path


def stored_files(path) -> list[bytes]:
    return [each.read_bytes() for each in path.rglob("*") if each.is_file()]


def test_a_planted_mark_is_found_nowhere(actors, tenant, own_storage, django_capture_on_commit_callbacks):
    actor = actors.admin
    company_id = actor.company_id
    rows = new_rows(tenant, "Planted")
    person, lead = rows[Person], rows[Lead]
    for model in of_people():
        if model not in (Event, HistoryEntry, IdempotencyKey, ListView):
            assert rows[model].pk
    own: dict[str, Any] = {"company_id": company_id}
    Event.objects.create(**own, entity="people", object_id=person.pk, kind="updated", door="import")
    Event.objects.create(**own, entity="organization", object_id=1, kind="updated", door="import")
    ListView.objects.create(**own, user_id=actor.user_id, model="leads.lead", name="x", query="q=x")
    IdempotencyKey.objects.create(**own, account="a", key="k", response_key="r", fingerprint="f")
    for entity in (lead, person, rows[Organization]):
        HistoryEntry.objects.create(**own, entity=entity, kind="UPDATED", door="import")
        Activity.objects.create(**own, entity=entity, text="x", kind="CALL")
        channel = SocialChannel.objects.create(**own, entity=entity, name="x", slug=f"x{entity.pk}")
        Message.objects.create(**own, channel=channel, message="x")
    Contact.objects.filter(person=person).delete()
    email = ContactType.objects.get(company=None, kind=ContactKind.EMAIL)
    Contact.objects.create(**own, person=person, type=email, value=MARK, canonical=MARK)
    Lead.objects.filter(company_id=company_id).update(person=person)
    ReceiverAttempt.objects.filter(company_id=company_id).update(lead=lead, raw_body=b"x")
    job = ImportJob.objects.filter(company_id=company_id).first()
    assert job is not None
    name = default_storage.save(f"imports/{company_id}/a", ContentFile(f"email\n{MARK}\n".encode()))
    refused = default_storage.save(f"imports/{company_id}/b", ContentFile(f"email\n{MARK}\n".encode()))
    # An upload that somebody looks at, and the plan of another one.
    default_storage.save(f"imports/{company_id}/c", ContentFile(f"email\n{MARK}\n".encode()))
    ImportJob.objects.create(**own, model="PEOPLE", status="COMPLETED", payload={"options": MARK})
    planted = sum(plant(model, company_id) for model in of_people())
    assert planted > 60
    ImportJob.objects.filter(pk=job.pk).update(status="QUEUED", payload={"file": name}, rejects=refused)
    for file in Filesystem.objects.filter(company_id=company_id):
        file.stored.save("x", ContentFile(MARK.encode()))
    assert MARK in str(read_all())
    assert len([content for content in stored_files(own_storage) if MARK.encode() in content]) >= 2

    with django_capture_on_commit_callbacks(execute=True):
        counts = erase_person(person.pk, actor=actor)

    left = {table: [row for row in dump if MARK in str(row)] for table, dump in _dump().items()}
    assert {table: found for table, found in left.items() if found} == {}
    assert not [content for content in stored_files(own_storage) if MARK.encode() in content]
    assert counts["contents of files removed"] >= 1
    assert not Person.objects.filter(pk=person.pk).exists()
    assert Lead.objects.get(pk=lead.pk).title == "[erased]"
    assert counts["people removed"] >= 1
    assert AuditEntry.objects.get(event="ERASURE").detail == f"person {person.pk}"


def _dump() -> dict[str, list[Any]]:
    """Return all rows of the product's tables, bytes as text."""
    return {
        model._meta.label: [[_shown(cell) for cell in row] for row in model._base_manager.values_list()]
        for app in APPS
        for model in apps.get_app_config(app).get_models()
    }


def _shown(cell: object) -> object:
    return bytes(cell).decode("latin-1") if isinstance(cell, bytes | memoryview) else cell


def test_other_people_and_companies_stay(actors, other_actors):
    mine = create_person({"lastname": "Doe", "firstname": "Jane", "email": MARK}, actor=actors.manager)
    same = create_person({"lastname": "Roe", "email": "roe@example.com"}, actor=actors.manager)
    other = create_person({"lastname": "Doe", "firstname": "Jane", "email": MARK}, actor=other_actors.manager)
    kept = create_lead({"title": "Roe's deal", "people_id": same.pk}, actor=actors.manager)
    gone = create_lead({"title": "Doe's deal", "people_id": mine.pk, "amount": "10"}, actor=actors.manager)
    loser = create_person({"lastname": "Doe", "email": "old@example.com"}, actor=actors.manager)
    merge(Person, mine.pk, [loser.pk], actor=actors.manager)

    counts = erase_person(mine.pk, actor=actors.admin)

    assert counts["people removed"] == 2
    assert set(Person.objects.values_list("pk", flat=True)) == {same.pk, other.pk}
    assert Lead.objects.get(pk=kept.pk).title == "Roe's deal"
    emptied = Lead.objects.get(pk=gone.pk)
    assert (emptied.title, emptied.person, emptied.email, str(emptied.amount)) == (
        "[erased]",
        None,
        None,
        "10.00",
    )
    assert emptied.stage_visits.count() == 1
    assert HistoryEntry.objects.filter(company_id=other_actors.manager.company_id).exists()
    assert Event.objects.filter(entity="people", object_id=mine.pk).count() == 1


def test_only_admins_erase_and_tokens_need_the_scope(actors, other_actors):
    person = create_person({"lastname": "Doe"}, actor=actors.manager)
    document = "mutation ($id: ID!) { erasePeople(id: $id) { what number } }"
    asked = {"id": str(person.pk)}
    before = read_all()

    limited = replace(actors.admin, scopes=frozenset({Scope.READ, Scope.WRITE}))
    for actor in (actors.manager, limited):
        assert refusal(document, actor=actor, variables=asked)["extensions"]["code"] == "FORBIDDEN"
    assert refusal(document, actor=other_actors.admin, variables=asked)["extensions"]["code"] == "NOT_FOUND"
    assert read_all() == before

    counts = data(document, actor=actors.admin, variables=asked)["erasePeople"]
    assert {"what": "people removed", "number": 1} in counts
    assert refusal(document, actor=actors.admin, variables=asked)["extensions"]["code"] == "NOT_FOUND"


def test_commands_and_the_admin_erase_and_report(actors, tenant, signed_in):
    person = create_person(
        {"lastname": "Doe", "email": MARK, "tags": [{"name": "VIP"}]}, actor=actors.manager
    )
    create_lead({"title": "Deal", "people_id": person.pk}, actor=actors.manager)
    options = ("--company", str(tenant.company.pk), "--as")

    report = json.loads("\n".join(run("person_report", str(person.pk), *options, "agent@tenant").lines))
    assert (report["person"]["email"], report["tags"]) == (MARK, ["VIP"])
    assert [lead["title"] for lead in report["leads"]] == ["Deal"]
    assert report["contacts"][0]["value"] == MARK
    shown = data(
        "query ($id: ID!) { personReport(id: $id) }", actor=actors.viewer, variables={"id": person.pk}
    )
    assert shown["personReport"]["person"]["email"] == MARK
    assert run("erase_person", str(person.pk), *options, "admin@tenant").code == 2
    assert run("erase_person", str(person.pk), *options, "manager@tenant", "--yes").code == 1

    browser, address = signed_in("admin"), reverse("admin:people_person_changelist")
    sent = {"action": "erase_selected", "_selected_action": [person.pk], "index": "0"}
    page = browser.post(address, sent)
    assert "It cannot be undone" in page.content.decode()
    assert Person.objects.filter(pk=person.pk).exists()
    browser.post(address, {**sent, "post": "yes"})
    assert not Person.objects.filter(pk=person.pk).exists()
    last = create_person({"lastname": "Roe"}, actor=actors.manager)
    ended = run("erase_person", str(last.uuid), *options, "admin@tenant", "--yes")
    assert json.loads(ended.lines[0])["people removed"] == 1
