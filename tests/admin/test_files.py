"""Files on the pages of records: added beside the form, looked at, removed."""

from uuid import uuid4

import pytest
from django.core.files.storage import default_storage
from django.urls import reverse

from leads.models import Lead
from people.models import Organization, Person
from tests.admin.conftest import form_of, messages_of
from tests.admin.rows import page
from tests.factories.leads import LeadFactory
from tests.factories.people import OrganizationFactory, PersonFactory
from tests.file_samples import png, upload

pytestmark = pytest.mark.django_db


FACTORIES = {Lead: LeadFactory, Person: PersonFactory, Organization: OrganizationFactory}


@pytest.fixture(params=FACTORIES.values(), ids=lambda factory: factory.__name__)
def record(request, company):
    return request.param(company=company)


def change(record):
    return reverse(page(record, "change"), args=[record.pk])


def names(record):
    return [link.file.name for link in record.file_links.order_by("pk")]


def part(record, name, *args):
    return reverse(page(record, name), args=[record.pk, *args])


def test_files_are_added_beside_the_form_one_by_one(signed_in, record):
    client = signed_in("agent")
    before = stored()
    form = form_of(client, change(record))

    sent = {"files": [upload("a.pdf"), upload("bad.exe"), upload("<b>.png", png())]}
    shown = client.post(part(record, "files"), sent, follow=True)

    text = shown.content.decode()
    assert names(record) == ["a.pdf", "<b>.png"]
    assert len(stored() - before) == 2
    refusal, done = messages_of(shown)
    assert refusal.startswith("“bad.exe” was not added: This type of file is not accepted")
    assert done == "2 files were added."
    assert "&lt;b&gt;.png" in text
    assert "<b>.png" not in text
    record.refresh_from_db()
    assert (record.version, record.history.latest("pk").door) == (3, "admin")
    address = f"/files/{record.file_links.earliest('pk').file.uuid}"
    assert f'href="{address}"' in text
    assert b"".join(client.get(address).streaming_content).startswith(b"%PDF-")
    # The form that was open the while is saved without a question: it shows nothing of the files.
    assert client.post(change(record), form).status_code == 302
    assert messages_of(client.post(part(record, "files"), follow=True))[-1] == "Choose a file first."


def test_a_file_is_looked_at_and_removed(signed_in, record):
    client = signed_in("agent")
    client.post(
        part(record, "files"), {"files": [upload("a.pdf"), upload("b.png", png()), upload("c.txt", b"x")]}
    )
    pdf, picture, text = (link.file for link in record.file_links.order_by("pk"))

    pages = [client.get(part(record, "file", row.uuid)).content.decode() for row in (pdf, picture, text)]
    dialog = client.get(part(record, "file", pdf.uuid), headers={"HX-Request": "true"}).content.decode()
    removed = client.post(part(record, "remove_file", picture.uuid), follow=True)

    assert f'<iframe src="/files/{pdf.uuid}/preview"' in pages[0]
    assert f'<img src="/files/{picture.uuid}/preview"' in pages[1]
    assert "preview" not in pages[2].partition("file-preview")[2].partition("</div>")[0]
    assert "<html" not in dialog
    assert messages_of(removed) == ["“b.png” was removed."]
    assert names(record) == ["a.pdf", "c.txt"]


def test_files_are_those_of_the_record_and_of_who_may(signed_in, record, other_tenant):
    agent, viewer = signed_in("agent"), signed_in("viewer")
    agent.post(part(record, "files"), {"files": [upload("a.pdf")]})
    file = record.file_links.get().file
    foreign = FACTORIES[type(record)](company=other_tenant.company)

    assert viewer.post(part(record, "files"), {"files": [upload("b.pdf")]}).status_code == 403
    assert viewer.post(part(record, "remove_file", file.uuid)).status_code == 403
    assert viewer.get(part(record, "file", file.uuid)).status_code == 200
    assert agent.post(part(foreign, "files"), {"files": [upload("b.pdf")]}).status_code == 404
    for name in ("file", "remove_file"):
        method = agent.get if name == "file" else agent.post
        assert method(part(foreign, name, file.uuid)).status_code == 404
        assert method(part(record, name, uuid4())).status_code == 404
    assert names(record) == ["a.pdf"]


def stored():
    found = default_storage.listdir("files")[0] if default_storage.exists("files") else []
    return {name for company in found for name in default_storage.listdir(f"files/{company}")[1]}


def test_new_lead_has_its_file(signed_in, company):
    client = signed_in("agent")
    address = reverse("admin:leads_lead_add")
    form = form_of(client, address, title="Deal")

    response = client.post(address, form | {"new_file": upload("a.pdf")})

    assert response.status_code == 302
    assert names(Lead.objects.get(title="Deal")) == ["a.pdf"]


def test_viewer_sees_the_links_alone(signed_in, record):
    signed_in("agent").post(part(record, "files"), {"files": [upload("a.pdf")]})

    shown = signed_in("viewer").get(change(record)).content.decode()

    assert f"/files/{record.file_links.get().file.uuid}" in shown
    assert "file-form" not in shown
