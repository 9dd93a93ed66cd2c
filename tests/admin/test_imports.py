"""Imports in the admin: a file is uploaded, looked at, planned, applied and undone."""

import re
import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from crm.admin.imports.words import FIELDS, in_words_of_the_page
from crm.importing.drafts import Draft
from crm.importing.retention import remove_orphaned_files
from crm.importing.worker import run_next_job
from crm.models import ImportJob, ImportMapping, ImportRow
from crm.models.imports import ImportStatus
from people.models import Person
from people.services.people import create_person, update_person
from tests.clients import data
from tests.imports.test_samples import COUNTS, ROWS, SAMPLES

pytestmark = pytest.mark.django_db

LIST, NEW = reverse("admin:imports"), reverse("admin:new_import")


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    files = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}}
    settings.STORAGES = {**settings.STORAGES, "default": files}
    return tmp_path


def uploaded(client: Any, content: str | bytes, model: str = "PEOPLE", name: str = "rows.csv") -> str:
    """Upload a file; return the address of what was recognised of it."""
    raw = content.encode() if isinstance(content, str) else content
    answer = client.post(NEW, {"model": model, "file": SimpleUploadedFile(name, raw)})
    assert answer.status_code == 302, answer.context_data["form"].errors
    return str(answer["Location"])


def form_on(page: Any) -> dict[str, str]:
    """Return what a browser would post from the page of a file."""
    fields = {field.name: field.value() for field in page.context_data["form"]}
    values = {name: value for name, value in fields.items() if value not in (None, "", False)}
    for choice in page.context_data["choices"]:
        values[f"column_{choice.column.number}"] = choice.chosen
    return {**values, "mark": page.context_data["seen"].mark}


def planned(client: Any, address: str, **changes: str) -> Any:
    """Make the plan of a file; return its page."""
    answer = client.post(address, {**form_on(client.get(address)), **changes, "plan": "1"}, follow=True)
    assert answer.status_code == 200
    return answer


def applied(client: Any, plan: ImportJob) -> ImportJob:
    answer = client.post(reverse("admin:apply_import", args=[plan.uuid]), follow=True)
    job: ImportJob = answer.context_data["job"]
    assert job.plan == plan.uuid
    return job


def counts_of(job: ImportJob) -> dict[str, int]:
    names = ("total", "created", "updated", "unchanged", "skipped", "failed", "conflicts")
    return {name: getattr(job, name) for name in names}


def rows_of(job: ImportJob) -> list[tuple[Any, ...]]:
    rows = ImportRow.objects.filter(job=job).order_by("number")
    return [(row.number, row.action, row.key, row.changes, row.code, row.message) for row in rows]


def test_the_whole_way_of_a_file_of_another_product(
    signed_in, actors, media, django_capture_on_commit_callbacks
):
    known = create_person({"firstname": "Jorg", "email": "joerg@example.org"}, actor=actors.agent)
    before = Person.objects.count()
    client = signed_in("manager")

    address = uploaded(client, (SAMPLES / "01-hubspot-contacts.csv").read_bytes(), name="hubspot.csv")
    page = client.get(address)

    seen, text = page.context_data["seen"], page.content.decode()
    assert (seen.product, seen.refused) == ("HubSpot contacts", "")
    assert "CSV, encoding utf-8, comma between cells, titles in line 1." in text
    by_title = {choice.column.title: choice for choice in page.context_data["choices"]}
    assert (by_title["First Name"].chosen, by_title["Email"].chosen) == ("firstname", "email")
    assert by_title["Contact owner"].chosen == ""
    assert "Contact owner" in " ".join(seen.not_stored)
    assert list(by_title["First Name"].column.samples)[:2] == ["Zoë", "Jörg"]
    assert '<option value="firstname" selected>First name</option>' in text

    with django_capture_on_commit_callbacks(execute=True):
        page = planned(client, address)
    plan = page.context_data["job"]
    assert (plan.dry_run, plan.status, Person.objects.count()) == (True, ImportStatus.COMPLETED, before)
    assert [path.name for path in media.rglob("*") if path.is_file()] == [plan.payload["file"].split("/")[-1]]
    shown = {row.row.number: row for row in page.context_data["rows"]}
    change = next(row for row in shown.values() if row.row.object_id == known.pk)
    assert change.label == "To change"
    assert {"label": "First name", "text": "Jorg → Jörg"} in change.lines
    created = next(row for row in shown.values() if row.label == "To create")
    assert {"label": "First name", "text": "Zoë"} in created.lines
    assert "Jorg → Jörg" in page.content.decode()

    with django_capture_on_commit_callbacks(execute=True):
        job = applied(client, plan)
    assert counts_of(job) == counts_of(plan)
    assert rows_of(job) == rows_of(plan)
    assert Person.objects.count() == before + job.created
    # The same plan once more is the same import, and its file is gone.
    assert applied(client, plan).pk == job.pk
    page = client.get(reverse("admin:import_job", args=[plan.uuid]))
    assert (page.context_data["applied"].pk, page.context_data["draft"]) == (job.pk, None)
    assert client.get(address).status_code == 410

    update_person(known.pk, {"lastname": "Muller"}, actor=actors.agent)
    undoing = reverse("admin:undo_import", args=[job.uuid])
    asked = client.get(undoing).context_data
    assert (asked["deleted"], asked["restored"], asked["kept"]) == (job.created, job.updated - 1, 1)
    page = client.post(undoing, follow=True)
    assert (page.context_data["undone"].undone, page.context_data["undone"].kept) == (
        job.created + job.updated - 1,
        1,
    )
    assert Person.objects.visible_to(actors.manager).count() == before
    assert client.get(LIST).context_data["jobs"][0].state == "Undone"
    assert "changed by" in page.content.decode()


def test_what_a_file_asks_for_is_a_field_of_the_page(signed_in):
    client = signed_in("manager")
    address = uploaded(client, (SAMPLES / "12-excel-de-semikolon-cp1252.csv").read_bytes())

    page = client.get(address)
    assert (page.context_data["asked"], page.context_data["choices"]) == ("encoding", [])
    # Each reading of the file is a button.
    [right] = [each for each in page.context_data["answers"] if each.about == "cp1252"]
    assert "Jürgen" in right.words
    assert "--" not in page.context_data["refused"]
    assert 'class="field errors"' in page.content.decode()

    page = client.post(address, {**form_on(page), "answer": right.sent})
    assert page.context_data["asked"] == "date_format"
    assert "date_format=DD.MM.YYYY" in [each.sent for each in page.context_data["answers"]]
    assert [each.chosen for each in page.context_data["choices"]][:3] == ["firstname", "lastname", "email"]
    # A plan is refused for the same reason.
    page = client.post(address, {**form_on(page), "plan": "1"})
    assert page.context_data["asked"] == "date_format"
    assert not ImportJob.objects.exists()

    page = client.post(address, {**form_on(page), "date_format": "DD.MM.YYYY", "plan": "1"}, follow=True)
    job = page.context_data["job"]
    assert (job.created, job.failed, job.skipped) == (1, 1, 1)
    refused = next(row for row in page.context_data["rows"] if row.row.action == "REJECT")
    assert "A spreadsheet shortened this number" in refused.message
    assert {"label": "First name", "text": "Jürgen"} in refused.lines

    # The settings of a plan are there again to be changed.
    again = f"{reverse('admin:import_settings', args=[page.context_data['draft'].token])}?plan={job.uuid}"
    assert form_on(client.get(again))["date_format"] == "DD.MM.YYYY"


def test_what_a_refusal_offers_is_chosen_by_buttons(signed_in):
    client = signed_in("manager")
    address = uploaded(client, "Name;Mail;Betrag\nBerg Ann;ann@example.com;1\n")

    page = client.get(address)
    assert [(each.words, each.sent, each.examples) for each in page.context_data["answers"]] == [
        ("First name, then last name", "name_order=first-last", ["first name Berg, last name Ann"]),
        ("Last name, then first name", "name_order=last-first", ["first name Ann, last name Berg"]),
    ]
    page = client.post(address, {**form_on(page), "answer": "name_order=last-first"})
    assert (page.context_data["refused"], page.context_data["answers"]) == ("", [])
    assert form_on(page)["name_order"] == "last-first"
    # What no button sends changes nothing.
    unknown = client.post(address, {**form_on(page), "answer": "mark=1", "look": "1"})
    assert unknown.context_data["refused"] == ""


def test_a_mapping_is_changed_by_hand(signed_in, unrendered):
    client = signed_in("manager")
    address = uploaded(client, "Vorname,Nick,E-Mail,Zeta\nAnn,Berg,ann@example.com,1\n")
    page = client.get(address)
    assert [each.chosen for each in page.context_data["choices"]] == ["firstname", "", "email", ""]

    twice = client.post(address, {**form_on(page), "column_2": "firstname", "plan": "1"})
    assert twice.context_data["asked"] == "columns"
    assert "column 2 as “Leave out”" in twice.context_data["refused"]
    assert [each.chosen for each in twice.context_data["choices"]][1] == "firstname"
    # What was chosen for other columns is of no use once the file is read otherwise.
    other = client.post(address, {**form_on(page), "column_1": "", "delimiter": ";", "plan": "1"})
    assert "read anew" in other.context_data["refused"] or other.context_data["asked"] == "columns"
    wrong = client.post(address, {**form_on(page), "column_4": "nonsense", "plan": "1"})
    assert "Unknown fields: nonsense" in wrong.context_data["refused"]

    changes = {"column_2": "lastname", "column_3": "", "column_4": "custom_fields.Zeta"}
    job = applied(client, planned(client, address, **changes).context_data["job"])
    person = Person.objects.get(firstname="Ann", lastname="Berg")
    assert ImportRow.objects.get(job=job).object_id == person.pk
    assert (person.firstname, person.lastname, person.email) == ("Ann", "Berg", None)
    assert person.custom_fields == {"Zeta": "1"}


def test_samples_that_ask_for_nothing_are_planned_as_the_page_presets_them(signed_in, unrendered):
    client = signed_in("manager")
    models = {"import_people": "PEOPLE", "import_organizations": "ORGANIZATION", "import_leads": "LEAD"}
    # These need records that exist already.
    others = {
        *("05-pipedrive-people.csv", "06-pipedrive-deals.csv", "21-native-leads.csv"),
        "freshsales-deals.csv",
    }
    plans = {}
    for name, _, command, options in ROWS:
        if options.strip() not in ("", "--ignore-rest") or name in others:
            continue
        address = uploaded(client, (SAMPLES / name).read_bytes(), models[command], name)
        job = planned(client, address).context_data["job"]
        plans[name] = (job.created + job.updated, job.failed, job.skipped - job.unchanged)

    assert len(plans) > 20
    assert plans == {name: COUNTS[name] for name in plans}


def test_a_long_file_is_planned_by_the_worker_and_shown_in_pages(signed_in, settings):
    client = signed_in("manager")
    rows = "".join(f"First{n},n{n}@example.com\n" for n in range(1, 241))
    page = planned(client, uploaded(client, f"firstname,email\n{rows},not an address\n"))

    plan = page.context_data["job"]
    address = reverse("admin:import_job", args=[plan.uuid])
    assert plan.status == ImportStatus.QUEUED
    part = client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert 'hx-trigger="every 2s"' in part
    assert f'href="{address}"' in part
    assert "<html" not in part
    assert run_next_job(threading.Event()) is not None
    part = client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert "hx-trigger" not in part
    assert "Import these rows" in part

    with CaptureQueriesContext(
        connection,
    ) as full:
        page = client.get(address, {"action": "CREATE", "page": "2"})
    assert [row.row.number for row in page.context_data["rows"]] == list(range(52, 102))
    assert page.context_data["pages"] == 5
    assert [(label, number) for _, label, number in page.context_data["shown"].counts] == [
        ("To create", 240),
        ("Refused", 1),
    ]
    with CaptureQueriesContext(connection) as one:
        assert len(client.get(address, {"action": "REJECT"}).context_data["rows"]) == 1
    assert len(full) == len(one)

    job = applied(client, plan)
    assert job.status == ImportStatus.QUEUED
    while run_next_job(threading.Event()) is not None:
        pass
    for each in (plan, job):
        each.refresh_from_db()
    assert (counts_of(job), rows_of(job)) == (counts_of(plan), rows_of(plan))
    with CaptureQueriesContext(connection) as full:
        page = client.get(reverse("admin:import_job", args=[job.uuid]))
    assert page.context_data["rows"][0].record == "First1"
    assert page.context_data["rows"][0].address
    with CaptureQueriesContext(connection) as last:
        client.get(reverse("admin:import_job", args=[job.uuid]), {"page": "99"})
    assert len(full) == len(last)
    assert job.rejects_address in page.content.decode()
    page = client.post(reverse("admin:undo_import", args=[job.uuid]), follow=True)
    assert page.context_data["shown"].state == "Being undone"


def test_only_who_may_import_sees_imports(signed_in):
    plan = planned(signed_in("manager"), uploaded(signed_in("manager"), "firstname\nAnn\n"))
    job, token = plan.context_data["job"], plan.context_data["draft"].token
    pages = [LIST, NEW, reverse("admin:import_settings", args=[token])]
    pages += [reverse(f"admin:{name}", args=[job.uuid]) for name in ("import_job", "undo_import")]
    for role in ("viewer", "agent"):
        client = signed_in(role)
        assert {client.get(page).status_code for page in pages} == {403}
        assert client.post(reverse("admin:apply_import", args=[job.uuid])).status_code == 403
        assert client.post(NEW).status_code == 403
    client = signed_in("admin")
    assert [client.get(page).status_code for page in pages] == [200, 200, 200, 200, 302]
    # Undoing a dry run is refused by a sentence.
    assert "stored nothing" in client.get(pages[-1], follow=True).content.decode()
    assert client.get(reverse("admin:apply_import", args=[job.uuid])).status_code == 405


def test_jobs_and_files_of_other_companies_are_not_found(signed_in, other_tenant, actors):
    theirs = ImportJob.objects.create(
        company=other_tenant.company, model="PEOPLE", door="admin", fingerprint="x", status="COMPLETED"
    )
    client = signed_in("manager")
    address = uploaded(client, "firstname\nAnn\n")
    plan = planned(client, address).context_data["job"]
    by_key = [reverse("admin:crm_importjob_change", args=[key]) for key in (plan.pk, theirs.pk, 10**30)]
    assert [client.get(page).status_code for page in by_key] == [302, 404, 404]
    for key in (theirs.uuid, uuid4()):
        for name in ("import_job", "undo_import"):
            assert client.get(reverse(f"admin:{name}", args=[key])).status_code == 404
        assert client.post(reverse("admin:apply_import", args=[key])).status_code == 404
        assert client.post(reverse("admin:undo_import", args=[key])).status_code == 404
    assert [shown.job.pk for shown in client.get(LIST).context_data["jobs"]] == [plan.pk]
    foreign = replace(Draft.read(address.split("/")[-2], actors.manager), company_id=theirs.company_id)
    for token in (foreign.token, "forged", address.split("/")[-2][:-1]):
        assert client.get(reverse("admin:import_settings", args=[token])).status_code == 404


def test_refusals_and_files_that_are_gone(signed_in, media, settings):
    client = signed_in("manager")
    empty = client.post(NEW, {"model": "PEOPLE", "file": SimpleUploadedFile("rows.csv", b"")})
    assert "The submitted file is empty." in empty.content.decode()
    pdf = client.get(uploaded(client, b"%PDF-1.7"))
    assert "PDF document" in pdf.context_data["refused"]
    broken = client.get(uploaded(client, 'firstname\n"Ann\n'))
    assert "refused" in broken.context_data
    assert broken.context_data["refused"]

    address = uploaded(client, "firstname\nAnn\n")
    number = client.post(address, {**form_on(client.get(address)), "header_row": "0", "plan": "1"})
    assert "header_row" in number.context_data["form"].errors
    dated = client.post(address, {**form_on(client.get(address)), "date_format": "x", "plan": "1"})
    assert "no form of a date" in dated.context_data["form"].errors["date_format"][0]
    plan = planned(client, address).context_data["job"]
    settings.OPEN_IMPORTS_PER_COMPANY = 1
    ImportJob.objects.create(company=plan.company, model="PEOPLE", door="admin", fingerprint="y")
    full = client.post(reverse("admin:apply_import", args=[plan.uuid]), follow=True)
    assert "imports open at once" in full.content.decode()

    # The upkeep removes what nobody imported.
    remove_orphaned_files(before=timezone.now() + timedelta(minutes=1))
    assert not [path for path in media.rglob("*") if path.is_file()]
    gone = client.post(reverse("admin:apply_import", args=[plan.uuid]), follow=True)
    assert "is gone" in gone.content.decode()
    assert "not kept any more" in gone.content.decode()


def test_the_words_of_refusals_are_those_of_the_form(signed_in):
    said = in_words_of_the_page(
        "Columns that occur twice: email. Say what each is, such as --column 5=email_2, or leave one out:"
        " --column 5= Say --name-order first-last or --split email=';'"
    )

    assert not re.search(r"--[a-z]", said)
    assert "column 5 as email_2" in said
    assert "Order of names first-last" in said
    client = signed_in("manager")
    names = {field.name for field in client.get(uploaded(client, "firstname\nAnn\n")).context_data["form"]}
    assert {name for name, _ in FIELDS.values()} - {"columns"} == names


def test_a_mapping_is_saved_used_and_deleted_on_the_page(signed_in, other_tenant):
    client = signed_in("manager")
    address = uploaded(client, "Vorname;Egal;Post\nAnn;none;ann@example.com\n")
    chosen = {
        **form_on(client.get(address)),
        "column_1": "firstname",
        "column_2": "",
        "column_3": "email",
        "null_markers": "none",
    }

    page = client.post(address, {**chosen, "save_mapping": "1", "mapping_name": " "})
    assert (page.context_data["refused"], page.context_data["saved"]) == ("This field is required.", [])
    page = client.post(address, {**chosen, "save_mapping": "1", "mapping_name": "Liste"})

    [saved] = page.context_data["saved"]
    assert "The mapping “Liste” is saved." in page.content.decode()
    columns = saved.options["columns"]
    assert columns["titles"] == {"Vorname": "firstname", "Egal": None, "Post": "email"}
    assert columns["null_markers"] == ["none"]

    address = uploaded(client, "Post;Vorname\nbob@example.com;none\n")
    page = client.post(address, {"use_mapping": "1", "saved": str(saved.pk)})
    assert [choice.chosen for choice in page.context_data["choices"]] == ["email", "firstname"]
    plan = client.post(address, {**form_on(page), "plan": "1"}, follow=True).context_data["job"]
    assert counts_of(plan)["created"] == 1
    job = applied(client, plan)
    assert Person.objects.get(pk=ImportRow.objects.get(job=job).object_id or 0).firstname is None

    foreign = ImportMapping.objects.create(company=other_tenant.company, model="PEOPLE", name="Theirs")
    for key in (str(foreign.pk), "x"):
        for button in ("use_mapping", "delete_mapping"):
            page = client.post(address, {**form_on(client.get(address)), button: "1", "saved": key})
            assert "Choose a saved mapping: this one is gone." in page.content.decode()
    page = client.post(address, {**form_on(page), "delete_mapping": "1", "saved": str(saved.pk)})
    assert (page.context_data["saved"], ImportMapping.objects.get()) == ([], foreign)


def test_activities_are_imported_on_the_page_and_by_the_api(signed_in, actors):
    person = create_person({"firstname": "Ann", "email": "ann@example.com"}, actor=actors.agent)
    client = signed_in("manager")
    content = "record_kind,record_name,Type,Subject\nPEOPLE,ann@example.com,CALL,Hello\n"

    page = client.get(uploaded(client, content, model="ACTIVITY"))
    choices = page.context_data["choices"]
    assert [choice.chosen for choice in choices] == ["record_kind", "record_name", "kind", "subject"]
    assert "New custom field" not in page.content.decode()
    plan = planned(client, page.request["PATH_INFO"]).context_data["job"]
    job = applied(client, plan)

    assert (job.model, job.created) == ("ACTIVITY", 1)
    call = person.activities.get()
    shown = client.get(reverse("admin:import_job", args=[job.uuid])).context_data["rows"]
    assert [row.address for row in shown] == [reverse("admin:crm_activity_change", args=[call.pk])]
    document = """mutation ($file: Upload!) {
      importFile(file: $file, model: ACTIVITY) { model unchanged rows { record_id } } }"""
    again = data(
        document,
        actor=actors.manager,
        variables={"file": SimpleUploadedFile("rows.csv", content.encode())},
    )
    expected = {"model": "ACTIVITY", "unchanged": 1, "rows": [{"record_id": str(call.pk)}]}
    assert again["importFile"] == expected
