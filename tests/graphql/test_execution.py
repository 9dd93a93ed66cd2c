"""Executing documents: the selected operation, errors, anonymous clients, and the cache of documents."""

from unittest.mock import Mock

import pytest
from graphql import GraphQLError, OperationType, get_introspection_query, validate

from crm.actors import Actor, Door, Role
from crm.graphql.documents import Document, DocumentCache, parse_document
from crm.graphql.execution import Operation, Prepared, Refused, execute, prepare, preparing, respond, run
from crm.graphql.limits import Limits
from tests.graphql.small_schema import FAULTS, schema

AGENT = Actor(user_id=7, company_id=1, role=Role.AGENT, door=Door.GRAPHQL)
QUERIES = frozenset({OperationType.QUERY})
EVERY_KIND = frozenset(OperationType)
UNAUTHENTICATED = {"errors": [{"message": "Unauthenticated.", "extensions": {"code": "UNAUTHENTICATED"}}]}


def ask(query, *, actor=AGENT, variables=None, name=None, allow=EVERY_KIND):
    operation = Operation(query=query, variables=variables, operation_name=name)
    return execute(schema, operation, actor=actor, allow=allow)


def code(answer):
    status, body = answer
    assert "data" not in body
    [error] = body["errors"]
    return status, error["extensions"]["code"]


def test_query_is_answered():
    assert ask("{ ping user_id }") == (200, {"data": {"ping": "pong", "user_id": "7"}})


def test_mutation_is_answered():
    document = "mutation($input: ThingInput!) { make(input: $input) { id name } }"

    answer = ask(document, variables={"input": {"name": "new"}})

    assert answer == (200, {"data": {"make": {"id": "2", "name": "new"}}})


def test_prepared_operation_has_kind_and_cost():
    operation = Operation(
        query="mutation($n: String) { make(input: {name: $n}) { id parent { id } } }", variables={"n": "jane"}
    )

    prepared = prepare(schema, operation, actor=AGENT, allow=EVERY_KIND)

    assert prepared.kind == "mutation"
    assert prepared.cost == 2
    assert prepared.raw_variables == prepared.variables == {"n": "jane"}
    assert prepared.actor == AGENT
    assert "jane" not in repr(prepared)


def test_subscription_resolves_its_selection_for_each_event():
    operation = Operation(query="subscription { changed { id name } }")

    prepared = prepare(schema, operation, actor=AGENT, allow=EVERY_KIND)

    assert prepared.kind == "subscription"
    for event in ({"id": 1}, {"id": 2}):
        expected = {"changed": {"id": str(event["id"]), "name": "seen by 7"}}
        assert run(prepared, root_value=event) == {"data": expected}


@pytest.mark.parametrize(
    ("name", "result"), [("a", {"ping": "pong"}), ("b", {"user_id": "7"})], ids=["first", "second"]
)
def test_operation_is_chosen_by_name(name, result):
    assert ask("query a { ping } query b { user_id }", name=name) == (200, {"data": result})


@pytest.mark.parametrize("name", [None, "c", ""])
def test_operation_that_cannot_be_chosen_is_refused(name):
    assert code(ask("query a { ping } query b { user_id }", name=name)) == (400, "BAD_USER_INPUT")


def test_mutation_is_refused_where_only_queries_are_served():
    assert code(ask("mutation { clash { id } }", allow=QUERIES)) == (405, "BAD_USER_INPUT")


def test_subscription_is_refused_where_it_is_not_served():
    assert code(ask("subscription { changed { id } }", allow=QUERIES)) == (400, "BAD_USER_INPUT")


@pytest.mark.parametrize(
    "document",
    [
        "{",
        "",
        "{ nothing_like_it }",
        "{ ping(what: 1) }",
        "{ thing }",
        "fragment a on Thing { id }",
        "type A { b: Int }",
    ],
)
def test_bad_document_is_refused(document):
    assert code(ask(document)) == (400, "BAD_USER_INPUT")


@pytest.mark.parametrize("value", [1, True, {"a": 1}, ["a", "b"], 10**400, 1.5])
def test_value_of_the_wrong_type_is_refused(value):
    document = "query($input: ThingInput) { thing(input: $input) { id } }"

    assert code(ask(document, variables={"input": {"name": value}})) == (400, "BAD_USER_INPUT")


@pytest.mark.parametrize("number", [2**31, 2**63, 10**50, -(10**4000), 1.5, "1"])
def test_integer_out_of_range_is_refused(number):
    document = "query($n: Int) { ping(number: $n) }"

    assert code(ask(document, variables={"n": number})) == (400, "BAD_USER_INPUT")


@pytest.mark.parametrize("digits", [11, 50, 4_000, 6_000])
def test_integer_literal_out_of_range_is_refused(digits):
    assert code(ask("{ ping(number: %s) }" % ("9" * digits))) == (400, "BAD_USER_INPUT")


def test_missing_variable_is_refused():
    document = "mutation($input: ThingInput!) { make(input: $input) { id } }"

    assert code(ask(document)) == (400, "BAD_USER_INPUT")


def test_at_most_five_errors_are_returned():
    fields = " ".join(f"no{n}" for n in range(20))
    variables = {f"v{n}": "x" for n in range(8)}
    declared = " ".join(f"${name}: Int" for name in variables)
    used = " ".join(f"a{n}: ping(number: $v{n})" for n in range(8))
    FAULTS["any"] = RuntimeError()
    faults = " ".join(f'a{n}: boom(kind: "any")' for n in range(8))

    answers = [
        ask(f"{{ {fields} }}"),
        ask(f"query({declared}) {{ {used} }}", variables=variables),
        ask(f"{{ {faults} }}"),
    ]

    assert [len(body["errors"]) for _, body in answers] == [5, 5, 5]


@pytest.mark.parametrize(
    ("document", "variables"),
    [
        ("{ pin }", {}),
        ("{ ping(tex: 1) }", {}),
        ("{ thing { nam } }", {}),
        ("{ thing { ... on Thin { id } } }", {}),
        ("{ thing(input: {nam: 1}) { id } }", {}),
        ("{ thing(input: {colour: REDD}) { id } }", {}),
        ("query($i: ThingInput) { thing(input: $i) { id } }", {"i": {"nam": "x"}}),
        ("query($i: ThingInput) { thing(input: $i) { id } }", {"i": {"colour": "REDD"}}),
        ("query($i: ThingInpu) { thing(input: $i) { id } }", {}),
        ("{ ping @skp(if: true) }", {}),
    ],
)
def test_no_error_suggests_a_name(document, variables):
    status, body = ask(document, variables=variables)

    assert status == 400
    assert "Did you mean" not in str(body)


def test_long_values_are_not_sent_back_whole():
    document = "query($n: Int) { ping(number: $n) }"

    _, body = ask(document, variables={"n": "x" * 200_000})

    assert len(body["errors"][0]["message"]) < 600


# Strangers.

REAL_FIELDS = [
    "ping",
    "ids",
    "big",
    "thing",
    "things",
    "roots",
    "admins_only",
    "user_id",
    "boom",
    "bad_number",
]


@pytest.mark.parametrize("name", [*REAL_FIELDS, *(f"made_up_{n}" for n in range(10)), "__schema", "__type"])
@pytest.mark.parametrize(
    "document",
    [
        "{ %s }",
        "{ %s { id } }",
        "{ __typename %s }",
        "{ a: %s(x: 1) }",
        "mutation { %s }",
        "subscription { %s }",
        "{ ... { %s } }",
        "{ ...f } fragment f on Query { %s }",
        "{ __typename } fragment f on Query { %s }",
        "{ __typename } query b { %s }",
        "query($a: %s) { __typename }",
    ],
)
def test_strangers_get_one_answer_for_every_name(document, name):
    assert ask(document % name, actor=None) == (400, UNAUTHENTICATED)


@pytest.mark.parametrize(
    "document", ["{", "", "{ a " * 300, "# " * 300_000, "{ ping(n: " + "[" * 3000, "\x00"]
)
def test_strangers_get_one_answer_for_every_fault(document):
    assert ask(document, actor=None) == (400, UNAUTHENTICATED)


@pytest.mark.parametrize("document", ["{ __typename }", "query a { b: __typename }"])
def test_strangers_may_ask_whether_this_is_graphql(document):
    status, body = ask(document, actor=None)

    assert status == 200
    assert list(body["data"].values()) == ["Query"]


def test_members_may_introspect():
    status, body = ask(get_introspection_query())

    assert status == 200
    assert body["data"]["__schema"]["queryType"]["name"] == "Query"


def test_document_of_a_stranger_is_not_cached():
    before = len(preparing._checked_documents)

    ask("{ unheard_of }", actor=None)
    ask("{ __typename }", actor=None)

    assert len(preparing._checked_documents) == before


# Documents that were checked are kept.


def test_checked_document_is_validated_once(monkeypatch):
    counted = Mock(wraps=validate)
    monkeypatch.setattr("crm.graphql.execution.preparing.validate", counted)
    monkeypatch.setattr(preparing, "_checked_documents", DocumentCache())
    document = "query checked_once { ping }"

    assert [ask(document)[0] for _ in range(3)] == [200, 200, 200]
    assert counted.call_count == 1
    assert [ask(document + " { oops }")[0] for _ in range(2)] == [400, 400]
    assert counted.call_count == 3


def test_cached_document_is_checked_again_under_other_limits(settings):
    document = "query limited { thing { parent { id } } }"
    assert ask(document)[0] == 200

    settings.GRAPHQL_LIMITS = {"depth": 2}

    assert code(ask(document)) == (400, "QUERY_TOO_COMPLEX")


def parsed(text: str) -> Document:
    bounds = Limits()
    return parse_document(text, tokens=bounds.tokens, comments=bounds.comments, length=bounds.text, depth=12)


def test_cache_evicts_the_document_not_used_for_longest():
    cache = DocumentCache()
    made = []

    def get(text):
        def make():
            made.append(text)
            return parsed(text)

        return cache.get(text, make, most_tokens=3 * parsed("{ a }").tokens)

    # A full cache admits a new document on its second use.
    for text in ["{ a }", "{ b }", "{ c }", "{ a }", "{ d }", "{ d }", "{ a }", "{ d }", "{ b }"]:
        assert get(text).operations[0].selection_set.selections[0].name.value == text[2]

    assert made == ["{ a }", "{ b }", "{ c }", "{ d }", "{ d }", "{ b }"]
    assert len(cache) == 3


def test_document_larger_than_the_cache_is_not_cached():
    cache = DocumentCache()

    assert cache.get("a", lambda: parsed("{ a b c }"), most_tokens=3).tokens > 3
    assert len(cache) == 0


def test_document_that_cannot_be_parsed_is_not_cached():
    cache = DocumentCache()

    with pytest.raises(GraphQLError):
        cache.get("a", lambda: parsed("{"), most_tokens=100)
    assert len(cache) == 0


def test_refusal_carries_errors_and_status():
    with pytest.raises(Refused) as refused:
        prepare(schema, Operation(query="{ nothing }"), actor=AGENT, allow=QUERIES)

    assert refused.value.status == 400
    assert refused.value.allowance is None
    assert refused.value.errors == [
        {
            "message": "Cannot query field 'nothing' on type 'Query'.",
            "locations": [{"line": 1, "column": 3}],
            "extensions": {"code": "BAD_USER_INPUT"},
        }
    ]


def test_answer_with_a_failed_field_keeps_the_others():
    prepared: Prepared = prepare(schema, Operation(query="{ ping admins_only }"), actor=AGENT, allow=QUERIES)

    status, body = respond(prepared)

    assert status == 200
    assert body["data"] == {"ping": "pong", "admins_only": None}
    assert body["errors"] == [
        {
            "message": "This action is unauthorized.",
            "locations": [{"line": 1, "column": 8}],
            "path": ["admins_only"],
            "extensions": {"code": "FORBIDDEN"},
        }
    ]
