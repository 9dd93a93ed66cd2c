"""Multipart requests: files in variables, limits, and refusals."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import AsyncRequestFactory, Client

from crm.graphql.http import GraphQLView
from crm.graphql.limits import limits
from crm.models import Filesystem
from tests.clients import GraphQLSchema, refusal
from tests.factories.crm import ApiTokenFactory
from tests.file_samples import PDF, upload
from tests.module_tenant import made_tenant, tenant

__all__ = ["made_tenant", "tenant"]

pytestmark = pytest.mark.django_db

UPLOAD = "mutation ($file: Upload!) { upload(file: $file) { name type size } }"
SEVERAL = "mutation ($files: [Upload!]!) { multiUpload(files: $files) { name } }"
ONE_MAP = {"0": ["variables.file"]}


@pytest.fixture
def token(tenant):
    row = ApiTokenFactory(raw="crm_multipart", company=tenant.company, user=tenant.users["agent"])
    assert row.pk
    return {"Authorization": "Bearer crm_multipart"}


def operations(query=UPLOAD, **variables):
    return json.dumps({"query": query, "variables": variables or {"file": None}})


def send(fields, *, headers, client=None):
    return (client or Client()).post("/graphql", fields, headers=headers)


def error_of(response):
    [error] = response.json()["errors"]
    return error


def test_file_is_put_into_its_variable(token):
    fields = {"operations": operations(), "map": json.dumps(ONE_MAP), "0": upload("offer.pdf")}

    answer = send(fields, headers=token)

    assert answer.json() == {
        "data": {"upload": {"name": "offer.pdf", "type": "application/pdf", "size": len(PDF)}}
    }


def test_files_are_put_into_a_list_and_one_file_at_two_paths(token):
    query = (
        "mutation ($files: [Upload!]!, $file: Upload!)"
        " { multiUpload(files: $files) { name } upload(file: $file) { name size } }"
    )
    fields = {
        "operations": operations(query, files=[None, None], file=None),
        "map": json.dumps({"a": ["variables.files.1"], "b": ["variables.files.0", "variables.file"]}),
        "a": upload("a.pdf"),
        "b": upload("b.pdf", PDF.ljust(3_000_000)),
    }

    answer = send(fields, headers=token)

    assert answer.json()["data"] == {
        "multiUpload": [{"name": "b.pdf"}, {"name": "a.pdf"}],
        "upload": {"name": "b.pdf", "size": 3_000_000},
    }
    for row in Filesystem.objects.filter(name="b.pdf"):
        with row.stored.open("rb") as stored:
            assert len(stored.read()) == 3_000_000


def test_file_is_read_under_asgi_too(token):
    fields = {"operations": operations(), "map": json.dumps(ONE_MAP), "0": upload("offer.pdf")}
    request = AsyncRequestFactory().post("/graphql", fields, headers=token)

    answer: Any = GraphQLView.as_view(schema=GraphQLSchema)(request)

    assert json.loads(answer.content)["data"]["upload"]["name"] == "offer.pdf"


MAPS = {
    "is no object": ["variables.file"],
    "has no list": {"0": "variables.file"},
    "has an empty list": {"0": []},
    "has a number": {"0": [1]},
    "names no file": {},
    "names a missing file": {"0": ["variables.file"], "1": ["variables.other"]},
    "does not name the file": {"1": ["variables.file"]},
    "names a path twice": {"0": ["variables.file", "variables.file"]},
    "names an unknown path": {"0": ["variables.other"]},
    "names a path outside the variables": {"0": ["query"]},
    "names the variables": {"0": ["variables"]},
    "names something below a null": {"0": ["variables.file.name"]},
    "names a path that has a value": {"0": ["variables.taken"]},
    "names an item beyond the list": {"0": ["variables.list.1"]},
    "names a negative item": {"0": ["variables.list.-1"]},
    "names an item in other digits": {"0": ["variables.list.\u0660"]},
    "names a Python attribute": {"0": ["variables.__class__"]},
}


@pytest.mark.parametrize("case", MAPS)
def test_invalid_map_is_refused(token, case):
    variables = {"file": None, "taken": "text", "list": [None]}
    fields = {
        "operations": operations(UPLOAD, **variables),
        "map": json.dumps(MAPS[case]),
        "0": upload("offer.pdf"),
    }

    answer = send(fields, headers=token)

    assert error_of(answer)["extensions"]["code"] == "BAD_USER_INPUT"
    assert not Filesystem.objects.exists()


FORMS = {
    "no operations": {"map": "{}"},
    "no map": {"operations": operations()},
    "a bare query": {"query": "{ __typename }"},
    "a further field": {"operations": operations(), "map": "{}", "query": "{ me { id } }"},
    "operations twice": {"operations": [operations(), operations()], "map": "{}"},
    "a batch": {"operations": f"[{operations()}]", "map": "{}"},
    "no JSON": {"operations": "{", "map": "{}"},
    "a map that is no JSON": {"operations": operations(), "map": "{"},
    "operations in a file": {"operations": upload("operations.txt", b"{}"), "map": "{}"},
    "nothing": {},
}


@pytest.mark.parametrize("case", FORMS)
def test_form_with_other_fields_is_refused(token, case):
    answer = send(FORMS[case], headers=token)

    assert answer.status_code == 400
    assert error_of(answer)["extensions"]["code"] == "BAD_USER_INPUT"


def test_two_files_of_one_name_are_refused(token):
    fields = {
        "operations": operations(),
        "map": json.dumps(ONE_MAP),
        "0": [upload("a.pdf"), upload("b.pdf")],
    }

    assert error_of(send(fields, headers=token))["extensions"]["code"] == "BAD_USER_INPUT"


def test_broken_form_is_refused(token):
    answer = Client().post(
        "/graphql", data=b"no form", content_type="multipart/form-data; boundary=x", headers=token
    )
    without_boundary = Client().post(
        "/graphql", data=b"no form", content_type="multipart/form-data", headers=token
    )

    assert (answer.status_code, without_boundary.status_code) == (400, 400)


def form_of(count, *, size=1_000):
    files = {str(index): upload(f"{index}.pdf", PDF.ljust(size)) for index in range(count)}
    places = {name: [f"variables.files.{name}"] for name in files}
    return {"operations": operations(SEVERAL, files=[None] * count), "map": json.dumps(places), **files}


def test_number_of_files_is_limited(token):
    most = limits().files

    assert len(send(form_of(most), headers=token).json()["data"]["multiUpload"]) == most == 10
    refused = send(form_of(most + 1), headers=token)

    assert (refused.status_code, error_of(refused)["message"]) == (400, "A request has at most 10 files.")


def test_file_over_the_limit_is_refused(token, settings):
    settings.GRAPHQL_LIMITS = {"file": 1_000}

    taken = send(form_of(1, size=1_000), headers=token)
    refused = send(form_of(1, size=1_001), headers=token)

    assert "errors" not in taken.json()
    assert (refused.status_code, error_of(refused)["message"]) == (413, "A file has at most 1000 bytes.")


def test_form_with_a_declared_length_over_all_limits_is_refused(token, settings):
    settings.GRAPHQL_LIMITS = {"file": 1_000, "files": 1, "body": 1_000}

    refused = send(form_of(1, size=100_000), headers=token)

    assert (refused.status_code, "larger than" in error_of(refused)["message"]) == (413, True)


@pytest.mark.parametrize("field", ["operations", "map"])
@pytest.mark.parametrize("size", [256 * 1024 + 1, 3_000_000])
def test_form_field_over_the_limit_is_refused(token, field, size):
    fields = {"operations": operations(), "map": json.dumps(ONE_MAP), "0": upload("a.pdf")}
    fields[field] = fields[field].ljust(size)

    assert send(fields, headers=token).status_code == 413


def test_form_field_at_the_limit_is_read(token):
    fields = {"operations": operations().ljust(256 * 1024), "map": json.dumps(ONE_MAP), "0": upload("a.pdf")}

    assert "errors" not in send(fields, headers=token).json()


def test_form_without_a_credential_is_not_read():
    answer = send({"operations": operations(), "map": json.dumps(ONE_MAP), "0": upload("a.pdf")}, headers={})

    assert (answer.status_code, error_of(answer)["extensions"]["code"]) == (403, "FORBIDDEN")


def test_form_with_a_bad_token_is_not_read():
    answer = send({}, headers={"Authorization": "Bearer crm_wrong"})

    assert answer.status_code == 401


@pytest.fixture
def browser(tenant):
    client = Client(enforce_csrf_checks=True)
    client.force_login(tenant.users["agent"])
    client.cookies["csrftoken"] = "a" * 32
    return client


def browser_form(**more):
    return {"operations": operations(), "map": json.dumps(ONE_MAP), "0": upload("a.pdf"), **more}


def test_form_of_a_session_needs_the_csrf_token_in_the_header(browser):
    without = send(browser_form(), headers={}, client=browser)
    in_the_form = send(browser_form(csrfmiddlewaretoken="a" * 32), headers={}, client=browser)
    wrong = send(browser_form(), headers={"X-CSRFToken": "b" * 32}, client=browser)
    foreign = send(
        browser_form(), headers={"X-CSRFToken": "a" * 32, "Origin": "https://evil.example"}, client=browser
    )

    assert [answer.status_code for answer in (without, in_the_form, wrong, foreign)] == [403] * 4
    assert not Filesystem.objects.exists()

    right = send(browser_form(), headers={"X-CSRFToken": "a" * 32}, client=browser)

    assert right.json()["data"]["upload"]["name"] == "a.pdf"


def test_upload_accepts_neither_a_literal_nor_json(actors):
    literal = refusal('mutation { upload(file: "a.pdf") { id } }', actor=actors.agent)
    in_json = refusal(UPLOAD, actor=actors.agent, variables={"file": "a.pdf"})
    as_object = refusal(UPLOAD, actor=actors.agent, variables={"file": {"name": "a.pdf"}})

    codes = [error["extensions"]["code"] for error in (literal, in_json, as_object)]
    assert codes == ["BAD_USER_INPUT"] * 3


@pytest.mark.parametrize(
    ("document", "variables"),
    [
        (
            "mutation ($v: Mixed) { setCustomField(input:"
            ' {name: "A", value: $v, entity_type: LEAD, entity_id: "1"}) }',
            {"v": [{"deep": None}]},
        ),
        (
            "mutation ($file: Upload) { setCustomField(input:"
            ' {name: "A", value: {deep: $file}, entity_type: LEAD, entity_id: "1"}) }',
            {"file": None},
        ),
        ("mutation ($v: String!) { deleteTag(id: 1) upload(file: $v) { id } }", {"v": None}),
        ("query ($v: Mixed) { leads(where: {column: TITLE, value: $v}) { data { id } } }", {"v": None}),
        ("query ($v: String) { leads(search: $v) { data { id } } }", {"v": None}),
        ("query ($v: ID!) { lead(id: $v) { id } }", {"v": None}),
    ],
)
def test_file_in_a_variable_of_another_type_is_refused(token, document, variables):
    [name] = variables
    path = "variables.v.0.deep" if isinstance(variables[name], list) else f"variables.{name}"
    fields = {
        "operations": json.dumps({"query": document, "variables": variables}),
        "map": json.dumps({"0": [path]}),
        "0": SimpleUploadedFile("a.pdf", PDF),
    }

    answer = send(fields, headers=token)

    assert error_of(answer)["extensions"]["code"] == "BAD_USER_INPUT"
