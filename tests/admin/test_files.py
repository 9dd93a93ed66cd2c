"""Files on the pages of records: links to download them, and a field for one more."""

import pytest
from django.core.files.storage import default_storage
from django.urls import reverse

from crm.models import Filesystem
from leads.models import Lead
from tests.admin.conftest import errors_of, form_of
from tests.admin.rows import page
from tests.factories.leads import LeadFactory
from tests.factories.people import OrganizationFactory, PersonFactory
from tests.file_samples import upload

pytestmark = pytest.mark.django_db


@pytest.fixture(params=[LeadFactory, PersonFactory, OrganizationFactory])
def record(request, company):
    return request.param(company=company)


def change(record):
    return reverse(page(record, "change"), args=[record.pk])


def names(record):
    return [link.file.name for link in record.file_links.order_by("pk")]


def test_file_is_added_and_linked(signed_in, record):
    client = signed_in("agent")

    for name in ("a.pdf", "<b>.pdf"):
        form = form_of(client, change(record))
        response = client.post(change(record), form | {"new_file": upload(name)})
        assert response.status_code == 302

    shown = client.get(change(record)).content.decode()
    assert names(record) == ["a.pdf", "<b>.pdf"]
    assert 'enctype="multipart/form-data"' in shown
    assert "&lt;b&gt;.pdf" in shown
    assert "<b>.pdf" not in shown
    record.refresh_from_db()
    assert record.version == 3
    assert record.history.latest("pk").door == "admin"
    address = f"/files/{record.file_links.latest('pk').file.uuid}"
    assert f'href="{address}"' in shown
    assert b"".join(client.get(address).streaming_content).startswith(b"%PDF-")


def test_refused_file_is_named_beside_its_field(signed_in, record):
    client = signed_in("agent")
    before = stored()

    response = client.post(change(record), form_of(client, change(record)) | {"new_file": upload("a.exe")})

    assert response.status_code == 200
    assert "type of file is not accepted" in errors_of(response)["new_file"][0]
    assert (names(record), Filesystem.objects.count(), stored()) == ([], 0, before)


def stored():
    found = default_storage.listdir("files")[0] if default_storage.exists("files") else []
    return {name for company in found for name in default_storage.listdir(f"files/{company}")[1]}


def test_change_without_a_file_adds_none(signed_in, record):
    client = signed_in("agent")

    client.post(change(record), form_of(client, change(record)))

    record.refresh_from_db()
    assert (record.version, names(record)) == (1, [])


def test_new_lead_has_its_file(signed_in, company):
    client = signed_in("agent")
    address = reverse("admin:leads_lead_add")
    form = form_of(client, address, title="Deal")

    response = client.post(address, form | {"new_file": upload("a.pdf")})

    assert response.status_code == 302
    assert names(Lead.objects.get(title="Deal")) == ["a.pdf"]


def test_viewer_sees_the_links_alone(signed_in, record):
    client = signed_in("agent")
    client.post(change(record), form_of(client, change(record)) | {"new_file": upload("a.pdf")})

    shown = signed_in("viewer").get(change(record)).content.decode()

    assert f"/files/{record.file_links.get().file.uuid}" in shown
    assert "new_file" not in shown
