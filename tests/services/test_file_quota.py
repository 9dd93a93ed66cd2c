"""The quota of a company's files: exact, told with its numbers, and given back."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm.models import Filesystem, FileUsage, ImportJob
from crm.services import file_quota, orphans
from crm.services.file_quota import MEGABYTE, usage_of
from crm.services.files import removed_on_failure, store_file, store_files
from tests.clients import ask
from tests.factories.crm import FilesystemFactory, Tenant
from tests.factories.leads import LeadFactory
from tests.file_samples import PDF, upload
from tests.services.racing import rounds

pytestmark = pytest.mark.django_db

SIZE = len(PDF)


@pytest.fixture(autouse=True)
def _own_storage(tmp_path: Any, settings: Any) -> None:
    storage = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": tmp_path},
    }
    settings.STORAGES = {**settings.STORAGES, "default": storage}


def used(tenant: Tenant) -> tuple[int, int]:
    usage = usage_of(tenant.company.pk)
    return usage.files, usage.bytes


def contents(tenant: Tenant) -> int:
    directory = f"files/{tenant.company.pk}"
    return len(default_storage.listdir(directory)[1]) if default_storage.exists(directory) else 0


def test_files_are_counted_and_given_back(tenant: Tenant, actors: Any) -> None:
    lead = LeadFactory(company=tenant.company)
    store_file(upload("a.pdf", PDF), actor=actors.agent)
    document = (
        """mutation ($id: ID!, $input: LeadUpdateInput!) { updateLead(id: $id, input: $input) { id } }"""
    )
    files = {"files": [{"url": "https://example.com/a.pdf"}]}
    ask(document, actor=actors.manager, variables={"id": lead.pk, "input": files})
    with pytest.raises(ValidationError):
        store_files([upload("b.pdf", PDF), upload("c.exe", b"MZ")], actor=actors.agent)

    assert used(tenant) == (2, SIZE)

    orphans.remove_orphans(before=timezone.now() + timedelta(minutes=1))
    assert (used(tenant), contents(tenant)) == ((1, 0), 0)
    # What was written past the services is counted by the upkeep.
    FilesystemFactory(company=tenant.company, size=7)
    orphans.remove_orphans(before=timezone.now() - timedelta(days=1))
    assert used(tenant) == (2, 7)
    Filesystem.objects.all().delete()
    file_quota.release(tenant.company.pk, 100)
    assert used(tenant) == (1, 0)


def test_a_file_that_does_not_fit_is_refused_with_the_numbers(
    tenant: Tenant, actors: Any, other_tenant: Tenant, settings: Any
) -> None:
    settings.FILES_MB_PER_COMPANY = 1
    lead = LeadFactory(company=tenant.company)
    FileUsage.objects.create(company=tenant.company, files=3, bytes=MEGABYTE - SIZE + 1)
    user = tenant.users["manager"]
    user.is_staff = True
    user.save()
    browser = Client()
    browser.force_login(user)
    address = f"/admin/leads/lead/{lead.pk}/files/"

    attach = """mutation ($file: Upload!, $id: ID!) { attachFileToLead(file: $file, id: $id) { id } }"""
    api = ask(attach, actor=actors.manager, variables={"id": lead.pk, "file": upload("a.pdf", PDF)})
    answer = browser.post(address, {"files": [upload("a.pdf", PDF)]}, follow=True)

    [[said]] = api["errors"][0]["extensions"]["validation"].values()
    assert said == (
        f"Your company may keep 1.0 MB of files and has 1024.0 KB: this one of {SIZE} bytes does not fit."
        " Delete files, or have the operator raise FILES_MB_PER_COMPANY."
    )
    assert [str(message) for message in answer.context["messages"]] == [f"“a.pdf” was not added: {said}"]
    assert (used(tenant)[0], contents(tenant), Filesystem.objects.count()) == (3, 0, 0)
    store_file(upload("a.pdf", PDF), actor=other_tenant.actors.agent)
    FileUsage.objects.filter(company=tenant.company).update(bytes=MEGABYTE - SIZE)
    store_file(upload("a.pdf", PDF), actor=actors.agent)
    assert used(tenant) == (4, MEGABYTE)
    settings.FILES_PER_COMPANY, settings.FILES_MB_PER_COMPANY = 4, 0
    with pytest.raises(ValidationError, match="may keep 4 files and has 4"):
        store_file(upload("a.pdf", PDF), actor=actors.agent)
    page = browser_of_admin(tenant).get(f"/admin/crm/company/{tenant.company.pk}/change/").content.decode()
    for shown in ("4 of 4", "1.0\xa0MB of any number", "0 of 20"):
        assert shown in page


def browser_of_admin(tenant: Tenant) -> Client:
    user = tenant.users["admin"]
    user.is_staff = True
    user.save()
    client = Client()
    client.force_login(user)
    return client


def test_an_upload_does_not_read_the_other_files(tenant: Tenant, actors: Any) -> None:
    def statements() -> list[str]:
        with CaptureQueriesContext(connection) as queries:
            store_file(upload("a.pdf", PDF), actor=actors.agent)
        return [query["sql"] for query in queries]

    statements()
    few = statements()
    FilesystemFactory.create_batch(20, company=tenant.company)
    many = statements()

    assert len(many) == len(few)
    assert not [sql for sql in many if "FROM" in sql and "crm_filesystem" in sql]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_uploads_at_once_do_not_exceed(tenant: Tenant, settings: Any) -> None:
    settings.FILES_PER_COMPANY = 5
    actor = tenant.actors.agent

    def act(writer: int, _turn: int) -> bool:
        try:
            with removed_on_failure():
                store_file(upload(f"{writer}.pdf", PDF), actor=actor)
        except ValidationError:
            return False
        return True

    [stored] = rounds(act, 1, writers=8)

    assert sorted(stored) == [False] * 3 + [True] * 5
    assert (used(tenant), Filesystem.objects.count(), contents(tenant)) == ((5, 5 * SIZE), 5, 5)


IMPORT = """mutation ($file: Upload!) { importFile(file: $file, model: PEOPLE) { id status } }"""


def csv(name: str, rows: int = 201) -> Any:
    return upload(f"{name}.csv", f"firstname\n{(name + chr(10)) * rows}".encode())


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_open_imports_of_a_company(tenant: Tenant, settings: Any) -> None:
    settings.OPEN_IMPORTS_PER_COMPANY = 5
    actor = tenant.actors.manager

    [answers] = rounds(
        lambda writer, _: ask(IMPORT, actor=actor, variables={"file": csv(f"n{writer}")}), 1, writers=8
    )
    rows = """mutation { importPeoples(input: [{firstname: "Jane"}]) }"""
    refused = ask(rows, actor=actor)

    errors = [error for answer in answers for error in answer.get("errors", [])]
    assert {error["extensions"]["code"] for error in errors} == {"VALIDATION"}, errors
    said = "Your company may have 5 imports open at once and has 5: wait until one has ended, or"
    assert len(errors) == 3
    assert {error["extensions"]["validation"]["file"][0].startswith(said) for error in errors} == {True}
    assert refused["errors"][0]["extensions"]["validation"]["input"][0].startswith(said)
    assert ImportJob.objects.count() == 5
    # The contents of the refused ones are gone.
    assert len(default_storage.listdir(f"imports/{tenant.company.pk}")[1]) == 5
    ImportJob.objects.update(status="COMPLETED")
    assert "errors" not in ask(rows, actor=actor)
