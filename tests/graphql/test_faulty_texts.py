"""Texts that cannot be stored refuse the field that they are sent for, and no other; so do wrong literals."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings

from crm.graphql.websocket.protocol import SocketClosed, read_message
from crm.json_texts import HALF_CHARACTERS, NULL_CHARACTERS
from leads.models import Lead
from tests.clients import ask
from tests.factories.leads import LeadFactory
from tests.file_samples import PDF
from tests.graphql.test_idempotency import token_of
from tests.module_tenant import made_tenant, tenant

__all__ = ["made_tenant", "tenant"]

pytestmark = pytest.mark.django_db


def answers(document: str, variables: dict[str, Any], actor: Any) -> list[dict[str, Any]]:
    """Return the answers of both executors, which are one on SQLite."""
    found = []
    for compiled in (True, False):
        with override_settings(GRAPHQL_COMPILED_READS=compiled):
            found.append(ask(document, actor=actor, variables=variables))
    return found


def refused_paths(answer: dict[str, Any], key: str) -> dict[str, list[str]]:
    """Return the messages of the only error, which is one of this field."""
    [error] = answer["errors"]
    assert (error["path"], error["extensions"]["code"]) == ([key], "VALIDATION")
    assert error["message"].startswith("Validation failed for the field [")
    messages: dict[str, list[str]] = error["extensions"]["validation"]
    return messages


@pytest.mark.parametrize(
    ("text", "fault"), [("a\0", NULL_CHARACTERS), ("\ud800", HALF_CHARACTERS), ("a\udfff", HALF_CHARACTERS)]
)
@pytest.mark.parametrize(
    ("arguments", "variables", "paths"),
    [
        ("input: {title: $t}", "$t: String", ["input.title"]),
        ('input: {title: "x", tags: [{name: "a"}, {name: $t}]}', "$t: String!", ["input.tags.1.name"]),
        (
            'input: {title: "x", custom_fields: [{name: "a", value: $t}]}',
            "$t: Mixed",
            ["input.custom_fields.0.value"],
        ),
        (
            'input: {title: "x", people: {contacts: [{value: $t}]}}',
            "$t: String",
            ["input.people.contacts.0.value"],
        ),
    ],
)
def test_another_mutation_of_the_document_is_carried_out(actors, text, fault, arguments, variables, paths):
    document = (
        f'mutation ({variables}) {{ first: createLead(input: {{title: "one"}}) {{ title }}'
        f' faulty: createLead({arguments}) {{ id }} last: createLead(input: {{title: "two"}}) {{ title }} }}'
    )

    answer = ask(document, actor=actors.manager, variables={"t": text})

    assert answer["data"] == {"first": {"title": "one"}, "faulty": None, "last": {"title": "two"}}
    assert refused_paths(answer, "faulty") == {key: [fault] for key in paths}
    assert sorted(Lead.objects.values_list("title", flat=True)) == ["one", "two"]


@pytest.mark.parametrize(
    ("definition", "selection", "value", "path"),
    [
        ("$v: ID!", "lead(id: $v) { id }", "\0", "id"),
        ('$v: ID! = "\\u0000"', "lead(id: $v) { id }", None, "id"),
        ("$v: ID = 1", 'lead(id: "1\\u0000") { id }', 1, "id"),
        ("$v: ID!", "...F } fragment F on Query { faulty: lead(id: $v) { id }", "\0", "id"),
    ],
)
def test_another_query_of_the_document_is_answered(actors, tenant, definition, selection, value, path):
    alias = "" if selection.startswith("...") else "faulty: "
    used = "" if "$v" in selection else " used: lead(id: $v) { id }"
    document = f"query ({definition}) {{ me {{ id }}{used} {alias}{selection} }}"

    for answer in answers(document, {} if value is None else {"v": value}, actors.manager):
        assert refused_paths({"errors": answer["errors"][-1:]}, "faulty") == {path: [NULL_CHARACTERS]}
        assert answer["data"]["me"] == {"id": str(tenant.users["manager"].pk)}
        assert answer["data"]["faulty"] is None


def test_a_list_names_its_argument_at_any_depth(actors):
    document = """query ($w: QueryLeadsWhereWhereConditions, $s: String) {
        leads(where: $w, search: $s) { data { id } } }"""
    where = {"AND": [{"column": "TITLE", "value": "x"}, {"OR": [{"column": "TITLE", "value": ["\0"]}]}]}

    for answer in answers(document, {"w": where, "s": "\ud83d"}, actors.viewer):
        [error] = answer["errors"]
        assert error["extensions"]["validation"] == {
            "where.AND.1.OR.0.value.0": [NULL_CHARACTERS],
            "search": [HALF_CHARACTERS],
        }


def test_over_http_and_in_a_form(tenant):
    headers = token_of(tenant, "manager")
    lead = LeadFactory(company=tenant.company)
    document = (
        "mutation ($file: Upload!, $id: ID!, $t: String!) { made: createLead(input: {title: $t}) { title }"
        " attached: attachFileToLead(file: $file, id: $id) { id } }"
    )

    def send(*, id_: object, title: str, name: str = "a.pdf") -> Any:
        operations = {"query": document, "variables": {"file": None, "id": id_, "t": title}}
        form = {
            "operations": json.dumps(operations),
            "map": '{"0": ["variables.file"]}',
            "0": SimpleUploadedFile(name, PDF, content_type="application/pdf"),
        }
        return Client().post("/graphql", form, headers=headers).json()

    faulty_id = send(id_="\0", title="one")
    faulty_title = send(id_=lead.pk, title="\udfff", name="b\0c.pdf")

    assert faulty_id["data"] == {"made": {"title": "one"}, "attached": None}
    assert refused_paths(faulty_id, "attached") == {"id": [NULL_CHARACTERS]}
    assert faulty_title["data"] == {"made": None, "attached": {"id": str(lead.pk)}}
    assert refused_paths(faulty_title, "made") == {"input.title": [HALF_CHARACTERS]}
    assert [link.file.name for link in lead.file_links.all()] == ["bc.pdf"]
    for key in ("a\0", "a\x7f"):
        body = {"query": 'mutation { createLead(input: {title: "x"}) { id } }'}
        answer = Client().post(
            "/graphql", body, content_type="application/json", headers=headers | {"Idempotency-Key": key}
        )
        assert "printable" in answer.json()["errors"][0]["message"]
    assert not Lead.objects.filter(title="x").exists()


@pytest.mark.parametrize(
    ("selection", "place", "message"),
    [
        ('createPeople(input: {firstname: "a", dob: "31.12.1999"}) { id }', "Argument 'input.dob'", "date"),
        ('createPeople(input: {firstname: "a", dob: 1999}) { id }', "Argument 'input.dob'", "date"),
        (
            'createPeople(input: {firstname: "a", employment_history: [{position: "b"},'
            ' {position: "c", start_date: "x"}]}) { id }',
            "Argument 'input.employment_history.1.start_date'",
            "date",
        ),
        (
            'createPeople(input: {employment_history: [{position: "b", income: 1e999}]}) { id }',
            "Argument 'input.employment_history.0.income'",
            "finite",
        ),
        (
            'createPeople(input: {employment_history: [{position: "b", income: %s}]}) { id }' % ("9" * 400),
            "Argument 'input.employment_history.0.income'",
            "finite",
        ),
        (
            'createLead(input: {title: "a", custom_fields: [{name: "b", value: {c: [1e999]}}]}) { id }',
            "Argument 'input.custom_fields.0.value'",
            "finite",
        ),
        ("deleteLead(id: 1.5)", "Argument 'id'", "ID"),
        ('attachFileToLead(id: 1, file: "x") { id }', "Argument 'file'", "variable"),
        (
            "updateLead(id: 1, expected_version: 99999999999, input: {}) { id }",
            "Argument 'expected_version'",
            "Int",
        ),
        ("createLead(input: {title: 1}) { id }", "Argument 'input.title'", "String"),
        ('createLead(input: {title: "a", nothing: 1}) { id }', "Argument 'input.nothing'", "not defined"),
    ],
)
def test_a_wrong_literal_names_its_argument(actors, selection, place, message):
    answer = ask(f"mutation {{ {selection} }}", actor=actors.manager)

    [error] = answer["errors"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}
    assert error["message"].startswith(f"{place}: ")
    assert message in error["message"]
    assert error["locations"]


def test_the_default_of_a_variable_and_a_directive_are_named_too(actors):
    wrong = ask(
        'mutation ($d: Date = "x") { createPeople(input: {dob: $d}) { id @skip(if: 1) } }',
        actor=actors.manager,
    )

    starts = [error["message"].partition(":")[0] for error in wrong["errors"]]
    assert starts == ["Variable '$d'", "Argument 'if'"]


def test_a_socket_stays_open_for_a_faulty_variable():
    def message(*, id_: str = "1", query: str = "query ($t: ID!) { lead(id: $t) { id } }") -> str:
        payload = {"query": query, "variables": {"t": "\ud800"}}
        return json.dumps({"type": "subscribe", "id": id_, "payload": payload})

    read = read_message(message(), limit=1_000)

    assert read.operation().variables == {"t": "\ud800"}
    for refused in (message(id_="\udfff"), message(query="{ me { id } }"), message(query="\ud800 $t")):
        with pytest.raises(SocketClosed):
            read_message(refused, limit=1_000)
