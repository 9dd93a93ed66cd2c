"""The pages of registered documents, and the switch of a company."""

import pytest

from crm.models import Company, RegisteredDocument
from crm.services.registered_documents import NewDocument, register_documents
from tests.admin.conftest import errors_of, form_of

PAGE = "/admin/crm/registereddocument/"


@pytest.fixture
def document(tenant):
    register_documents(
        [NewDocument(digest="a" * 64, name="Me", text="{ me { id } }")], company=tenant.company
    )
    return RegisteredDocument.objects.get()


@pytest.mark.parametrize(("member", "status"), [("admin", 200), ("manager", 403), ("agent", 403)])
def test_administrators_look_at_documents(signed_in, document, member, status):
    client = signed_in(member)

    assert client.get(PAGE).status_code == status
    assert client.get(f"{PAGE}{document.pk}/change/").status_code == status
    assert client.post(f"{PAGE}{document.pk}/delete/", {"post": "yes"}).status_code in (302, status)
    assert RegisteredDocument.objects.exists() == (status == 403)


def test_documents_are_neither_added_nor_changed(signed_in, document):
    client = signed_in("admin")

    assert client.get(f"{PAGE}add/").status_code == 403
    assert client.post(f"{PAGE}{document.pk}/change/", {"text": "{ x }"}).status_code == 403
    assert RegisteredDocument.objects.get().text == "{ me { id } }"


def test_documents_of_all_companies_are_the_operators(signed_in, document):
    register_documents([NewDocument(digest="b" * 64, name="All", text="{ me { uuid } }")], company=None)
    of_all = RegisteredDocument.objects.get(company=None)
    client = signed_in("admin")

    client.post(f"{PAGE}{of_all.pk}/delete/", {"post": "yes"})

    assert list(client.get(PAGE).context["cl"].queryset) == [document]
    assert RegisteredDocument.objects.filter(pk=of_all.pk).exists()


def test_switch_needs_a_registered_document(signed_in, tenant):
    client = signed_in("admin")
    page = f"/admin/crm/company/{tenant.company.pk}/change/"

    refused = client.post(page, form_of(client, page, registered_documents_only="on"))
    assert errors_of(refused) == {
        "registered_documents_only": [
            "No document is registered yet: an operator does that with register_documents."
        ]
    }
    assert not Company.objects.get(pk=tenant.company.pk).registered_documents_only

    register_documents([NewDocument(digest="b" * 64, name="All", text="{ me { uuid } }")], company=None)
    assert client.post(page, form_of(client, page, registered_documents_only="on")).status_code == 302
    assert Company.objects.get(pk=tenant.company.pk).registered_documents_only
