"""Downloads: who gets a stored file, and under which headers."""

from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import async_to_sync
from django.core.files.storage import default_storage
from django.test import AsyncRequestFactory, Client

from crm.actors import Role, Scope
from crm.authentication import COMPANY_IN_SESSION
from crm.downloads import download
from crm.models.companies import LeadVisibility
from crm.services.files import store_file
from crm.services.members import add_member
from crm.services.messages import create_message
from crm.services.record_files import attach_stored
from leads.services.leads import create_lead, delete_lead
from people.services.people import create_person, delete_person
from tests.factories.crm import ApiTokenFactory, FilesystemFactory
from tests.file_samples import PDF, png, upload
from tests.module_tenant import made_tenant, tenant

__all__ = ["made_tenant", "tenant"]

pytestmark = pytest.mark.django_db


def token_of(tenant, name, **columns):
    raw = f"crm_{tenant.company.name}_{name}".lower()
    ApiTokenFactory(raw=raw, company=tenant.company, user=tenant.users[name], **columns)
    return {"Authorization": f"Bearer {raw}"}


def get(file, headers=None, client=None, method="get"):
    return getattr(client or Client(), method)(f"/files/{file.uuid}", headers=headers or {})


def body(response):
    return b"".join(response.streaming_content) if response.streaming else response.content


@pytest.fixture
def file(actors):
    """A file of the agent's that is on a person."""
    row = store_file(upload('Ange\u0301bot; "1".pdf'), actor=actors.agent)
    person = create_person({"firstname": "Jane"}, actor=actors.agent)
    attach_stored(row.pk, "PEOPLE", person.pk, field_name=None, actor=actors.agent)
    return row


def test_file_comes_with_headers_that_disarm_it(tenant, file):
    response = get(file, token_of(tenant, "viewer"))

    assert (response.status_code, body(response)) == (200, PDF)
    wanted = {
        "Content-Type": "application/pdf",
        "Content-Length": str(len(PDF)),
        "Content-Disposition": "attachment; filename*=UTF-8''Ang%C3%A9bot%3B%20%221%22.pdf",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
        "Vary": "Authorization, Cookie",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    assert {name: response.headers[name] for name in wanted} == wanted


def test_pictures_and_pdf_are_shown_and_nothing_else(tenant, actors, file):
    headers = token_of(tenant, "agent")
    picture = store_file(upload("a.png", png()), actor=actors.agent)
    text = store_file(upload("a.txt", b"<b>Hello</b> 1"), actor=actors.agent)
    kept = FilesystemFactory(company=tenant.company, user=tenant.users["agent"], type="image/png")

    def shown(row: Any, **of_whom: Any) -> Any:
        return Client().get(f"/files/{row.uuid}/preview", headers=of_whom or headers)

    pdf, png_ = shown(file), shown(picture)
    for response, policy, framed in (
        (pdf, "default-src 'none'; object-src 'self'; frame-ancestors 'self'", "SAMEORIGIN"),
        (png_, "sandbox; default-src 'none'", "DENY"),
    ):
        assert response.headers["Content-Security-Policy"] == policy
        assert response.headers["X-Frame-Options"] == framed
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Content-Disposition"].startswith("inline; filename")
        assert response.headers["Cache-Control"] == "private, no-store"
    assert (pdf.headers["Content-Type"], body(pdf)) == ("application/pdf", PDF)
    assert (png_.headers["Content-Type"], body(png_)) == ("image/png", png())
    # A text may hold markup, and what is kept elsewhere was never looked into.
    assert [shown(row).status_code for row in (text, kept)] == [404, 404]
    # Only for those who may download it.
    assert shown(picture, **token_of(tenant, "colleague")).status_code == 404
    assert Client().get(f"/files/{file.uuid}/preview").status_code == 401


def test_file_streams_under_an_asynchronous_server(tenant, actors):
    content = png() + bytes(300_000)
    row = store_file(upload("logo.png", content), actor=actors.agent)
    request = AsyncRequestFactory().get(f"/files/{row.uuid}", headers=token_of(tenant, "agent"))

    response: Any = download(request, row.uuid)

    async def chunks():
        return [chunk async for chunk in response.streaming_content]

    assert response.is_async
    received = async_to_sync(chunks)()
    assert (len(received), b"".join(received)) == (5, content)


def test_head_gives_the_headers_alone(tenant, file):
    response = get(file, token_of(tenant, "viewer"), method="head")

    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["Content-Length"] == str(len(PDF))
    assert response.headers["Content-Disposition"].startswith("attachment;")


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_other_methods_are_not_served(tenant, file, method):
    assert get(file, token_of(tenant, "admin"), method=method).status_code == 405


def test_session_opens_it_too(tenant, file):
    client = Client()
    client.force_login(tenant.users["viewer"])

    assert body(get(file, client=client)) == PDF


def test_session_opens_it_in_the_company_that_was_chosen(tenant, other_tenant, file):
    user = tenant.users["viewer"]
    add_member(other_tenant.company, user, Role.VIEWER)
    client = Client()
    client.force_login(user)
    session = client.session
    session[COMPANY_IN_SESSION] = other_tenant.company.pk
    session.save()

    assert get(file, client=client).status_code == 404
    assert body(get(file, {"X-Company": str(tenant.company.pk)}, client)) == PDF


def test_strangers_learn_nothing(tenant, file):
    unknown = FilesystemFactory.build(uuid=uuid4())
    bad = {"Authorization": "Bearer crm_wrong"}
    client = Client()
    client.force_login(tenant.users["viewer"])

    answers = [get(file), get(unknown), get(file, bad), get(file, bad, client)]

    assert [answer.status_code for answer in answers] == [401] * 4
    assert {answer.headers["WWW-Authenticate"] for answer in answers} == {"Bearer"}
    assert len({answer.content for answer in answers}) == 1


def test_file_of_another_company_is_one_that_does_not_exist(tenant, other_tenant, file):
    unknown = FilesystemFactory.build(uuid=uuid4())
    headers = token_of(other_tenant, "admin")

    foreign, none = get(file, headers), get(unknown, headers)

    assert (
        (foreign.status_code, foreign.content) == (none.status_code, none.content) == (404, b"Not found.\n")
    )


def test_token_that_may_not_read_gets_nothing(tenant, file):
    assert get(file, token_of(tenant, "admin", scopes=[Scope.WRITE.value])).status_code == 403


def test_file_on_no_record_is_its_owner_s(tenant, actors):
    row = store_file(upload("a.pdf"), actor=actors.agent)

    assert body(get(row, token_of(tenant, "agent"))) == PDF
    assert get(row, token_of(tenant, "admin")).status_code == 404


def test_file_of_a_deleted_record_is_nobody_s(tenant, actors):
    person = create_person({"firstname": "Jane", "files": [{"file": upload("a.pdf")}]}, actor=actors.agent)
    row = person.file_links.get().file
    delete_person(person.pk, actor=actors.agent)

    assert get(row, token_of(tenant, "agent")).status_code == 404
    assert get(row, token_of(tenant, "admin")).status_code == 404


def test_file_of_a_lead_is_seen_as_the_lead_is(tenant, actors):
    tenant.company.lead_visibility = LeadVisibility.OWN
    tenant.company.save()
    values: Any = {"title": "Deal", "leads_owner_id": tenant.users["colleague"].pk}
    lead = create_lead(values | {"files": [{"file": upload("a.pdf")}]}, actor=actors.manager)
    row = lead.file_links.get().file
    headers = {name: token_of(tenant, name) for name in tenant.users}

    seen = {name: body(get(row, headers[name])) == PDF for name in headers}

    assert seen == {"admin": True, "manager": True, "agent": False, "colleague": True, "viewer": False}
    delete_lead(lead.pk, actor=actors.manager)
    assert get(row, headers["colleague"]).status_code == 404


def test_file_of_a_message_is_seen_as_the_record_of_its_channel(tenant, actors):
    tenant.company.lead_visibility = LeadVisibility.OWN
    tenant.company.save()
    values: Any = {"title": "Deal", "leads_owner_id": tenant.users["colleague"].pk}
    lead = create_lead(values, actor=actors.manager)
    channel = lead.channels.get()
    said: Any = {"message": {"text": "See"}, "channel_id": channel.pk, "files": [upload("a.pdf")]}
    row = create_message(said, actor=actors.manager).file_links.get().file

    assert body(get(row, token_of(tenant, "colleague"))) == PDF
    assert get(row, token_of(tenant, "agent")).status_code == 404


def test_address_that_is_kept_is_not_fetched(tenant, actors):
    values: Any = {"firstname": "Jane", "files": [{"url": "https://files.example.com/a.pdf"}]}
    row = create_person(values, actor=actors.agent).file_links.get().file

    assert get(row, token_of(tenant, "agent")).status_code == 404


def test_content_that_is_gone_is_not_found(tenant, file):
    default_storage.delete(file.stored.name)

    assert get(file, token_of(tenant, "agent")).status_code == 404


@pytest.mark.parametrize(
    "path", ["/files/", "/files/1", "/files/../settings.py", "/files/%2e%2e/a", "/media/x"]
)
def test_other_addresses_hold_no_files(tenant, path):
    assert Client().get(path, headers=token_of(tenant, "admin")).status_code == 404
