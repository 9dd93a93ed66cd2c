"""Each limit, in a query, a mutation and a subscription: a document at it passes, one over it is refused."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest
from django.core.cache import caches
from django.test import override_settings
from graphql import OperationType, get_introspection_query
from redis.exceptions import ConnectionError as RedisAway

from crm.actors import Actor, Door, Role
from crm.graphql.execution import Operation, Prepared, Refused, prepare
from crm.graphql.limits import Limits
from tests.caches import clear_cache
from tests.graphql.http import bearer, codes, post, small_urls
from tests.graphql.small_schema import schema

ACTOR = Actor(user_id=1, company_id=1, role=Role.ADMIN, door=Door.GRAPHQL)
BOUNDS = Limits()

#: A field of each root type that answers a thing.
ROOTS = {"query": "thing", "mutation": "make(input: {})", "subscription": "changed"}


def prepared(text: str, variables: dict[str, Any] | None = None, name: str | None = None) -> Prepared:
    operation = Operation(query=text, variables=variables, operation_name=name)
    return prepare(schema, operation, actor=ACTOR, allow=frozenset(OperationType))


def refusal(text: str, variables: dict[str, Any] | None = None, name: str | None = None) -> dict[str, Any]:
    """Return the extensions of the only error of a document that is refused."""
    with pytest.raises(Refused) as refused:
        prepared(text, variables, name)
    assert refused.value.status == 400
    assert len(refused.value.errors) == 1
    extensions: dict[str, Any] = refused.value.errors[0]["extensions"]
    return extensions


def of(kind: str, selection: str) -> str:
    """Return an operation of this kind, named ``o0``, with a selection on a thing."""
    return f"{kind} o0 {{ {ROOTS[kind]} {{ {selection} }} }}"


def labels(kind: str, *counts: int) -> str:
    lists = " ".join("[" + '"x" ' * count + "]" for count in counts)
    return of(kind, f"label(tags: [{lists}])")


def of_depth(kind: str, n: int) -> str:
    return of(kind, "parent { " * (n - 2) + "id" + " }" * (n - 2))


def of_cost(kind: str, n: int) -> str:
    # 1 for the root, 24 pages of 201, one of 175: 5,000.
    pages = [f"p{i}: page(first: 100) {{ data {{ parent {{ id }} }} }}" for i in range(24)]
    pages.append("p24: page(first: 87) { data { parent { id } } }")
    return of(kind, " ".join(pages) + " parent { id }" * (n - 5_000))


def of_aliases(kind: str, n: int) -> str:
    return of(kind, " ".join(f"a{i}: name" for i in range(n)))


def of_root_fields(kind: str, n: int) -> str:
    return f"{kind} o0 {{ " + " ".join(f"a{i}: {ROOTS[kind]} {{ id }}" for i in range(n)) + " }"


def of_operations(kind: str, n: int) -> str:
    return " ".join(of(kind, "id").replace("o0", f"o{i}") for i in range(n))


def of_fragments(kind: str, n: int) -> str:
    spreads = " ".join(f"...f{i}" for i in range(n))
    return of(kind, spreads) + " ".join(f"fragment f{i} on Thing {{ id }}" for i in range(n))


def of_tokens(kind: str, n: int) -> str:
    # Tokens besides the words: those of the operation, and the brackets of eight lists.
    others = {"query": 14, "mutation": 20, "subscription": 14}[kind] + 8 * 2
    full, rest = divmod(n - others, 8)
    return labels(kind, *[full] * 7, full + rest)


def of_text(kind: str, n: int) -> str:
    return of(kind, "id").ljust(n)


def of_comments(kind: str, n: int) -> str:
    return "#\n" * n + of(kind, "id")


def of_directives_per_node(kind: str, n: int) -> str:
    return of(kind, "id" + " @mark" * n)


def of_directives(kind: str, n: int) -> str:
    return of(kind, "id @mark @mark ...f") + " fragment f on Thing" + of_marks(n - 2)


def of_marks(n: int) -> str:
    return " { " + " ".join(f"a{i}: name @mark" for i in range(n)) + " }"


def of_variables(kind: str, n: int) -> str:
    names = [f"$v{i}" for i in range(n)]
    document = of(kind, f"label(tags: [[{' '.join(names)}]])")
    return document.replace("o0", f"o0({' '.join(f'{name}: String' for name in names)})")


def of_list_items(kind: str, n: int) -> str:
    return labels(kind, n)


def of_input_depth(kind: str, n: int) -> str:
    nested = "{parent: " * (n - 1) + '{name: "x"}' + "}" * (n - 1)
    return of(kind, f"label(input: {nested})")


DOCUMENTS: dict[str, Callable[[str, int], str]] = {
    "depth": of_depth,
    "cost": of_cost,
    "aliases": of_aliases,
    "root_fields": of_root_fields,
    "operations": of_operations,
    "fragments": of_fragments,
    "tokens": of_tokens,
    "text": of_text,
    "comments": of_comments,
    "directives_per_node": of_directives_per_node,
    "directives": of_directives,
    "variables": of_variables,
    "list_items": of_list_items,
    "input_depth": of_input_depth,
}
#: What has a test of its own: parts of the cost, what HTTP alone knows, what refuses nothing.
OTHERS = {"page_default", "page", "unpaged_list", "body", "errors", "kept_tokens", "file", "files"}

CASES = [
    (limit, kind)
    for limit in DOCUMENTS
    for kind in ROOTS
    # GraphQL itself allows a subscription one root field only.
    if (limit, kind) != ("root_fields", "subscription")
]


def test_every_limit_has_a_test():
    assert {field.name for field in fields(Limits)} == DOCUMENTS.keys() | OTHERS


@pytest.mark.parametrize(("limit", "kind"), CASES)
def test_document_at_the_limit_is_prepared(limit, kind):
    document = DOCUMENTS[limit](kind, getattr(BOUNDS, limit))

    assert prepared(document, name="o0").kind == kind


@pytest.mark.parametrize(("limit", "kind"), CASES)
def test_document_over_the_limit_is_refused(limit, kind):
    most = getattr(BOUNDS, limit)

    extensions = refusal(DOCUMENTS[limit](kind, most + 1), name="o0")

    assert extensions == {"code": "QUERY_TOO_COMPLEX", "limit": limit, "max": most}


def test_subscription_has_one_root_field():
    assert refusal("subscription { changed { id } a: changed { id } }")["code"] == "BAD_USER_INPUT"
    assert refusal(of_root_fields("subscription", 21))["limit"] == "root_fields"


@pytest.mark.parametrize("limit", ["depth", "cost"])
@override_settings(GRAPHQL_LIMITS={"depth": 3, "cost": 3})
def test_limit_is_set_by_the_setting(limit):
    chain = "{ thing { parent { parent { parent { id } } } } }"

    assert prepared("{ thing { parent { id } } }").cost == 2
    assert refusal(chain)["max"] == 3


@override_settings(GRAPHQL_LIMITS={"dept": 3})
def test_misspelled_limit_is_not_overlooked():
    with pytest.raises(TypeError, match="dept"):
        prepared("{ ping }")


# Depth, aliases and root fields are counted through fragments, once for each use.


def test_depth_counts_through_fragments():
    chain = " ".join(
        f"fragment f{i} on Thing {{ parent {{ ...f{i + 1} }} }}" for i in range(BOUNDS.depth - 2)
    )
    end = f" fragment f{BOUNDS.depth - 2} on Thing {{ id }}"

    assert prepared("{ thing { ...f0 } }" + chain + end).kind == "query"
    assert refusal("{ thing { ... { parent { ...f0 } } } }" + chain + end)["limit"] == "depth"


def test_aliases_count_for_each_use_of_a_fragment():
    ten = " fragment ten on Thing { " + " ".join(f"a{i}: name" for i in range(10)) + " }"
    thirty = "{ thing { ...ten parent { ...ten parent { ...ten %s } } } }"

    assert prepared(thirty % "id" + ten).kind == "query"
    assert refusal(thirty % "b: id" + ten)["limit"] == "aliases"


@pytest.mark.parametrize(
    "part", ["name ", "... { name } ", "... on Thing { name } ", "... { ... { name } } "]
)
def test_repeated_fields_count_as_aliases(part):
    assert prepared("{ thing { %s } }" % (part * 31)).kind == "query"
    assert refusal("{ thing { %s } }" % (part * 32))["limit"] == "aliases"


def test_root_fields_count_through_fragments():
    ten = " fragment ten on Query { " + " ".join(f"a{i}: ping" for i in range(10)) + " }"
    more = " fragment more on Query { ...ten " + " ".join(f"b{i}: ping" for i in range(10)) + " }"

    assert prepared("{ ...more }" + ten + more).kind == "query"
    assert refusal("{ ...more ping }" + ten + more)["limit"] == "root_fields"


def test_fragments_that_double_each_other_are_measured_once():
    doubled = " ".join(f"fragment f{i} on Thing {{ ...f{i + 1} ...f{i + 1} }}" for i in range(40))
    deeper = " ".join(f"fragment g{i} on Thing {{ parent {{ ...g{i + 1} ...g{i + 1} }} }}" for i in range(40))

    assert prepared("{ thing { ...f0 } }" + doubled + " fragment f40 on Thing { id }").cost == 1
    assert refusal("{ thing { ...g0 } }" + deeper + " fragment g40 on Thing { id }")["limit"] == "depth"


def test_circle_of_fragments_is_refused():
    circle = "{ thing { ...a } } fragment a on Thing { parent { ...b } } fragment b on Thing { ...a }"

    assert refusal(circle)["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize("levels", [190, 5_000], ids=["stack", "parser"])
def test_nesting_beyond_the_stack_is_refused(levels):
    # Three fragments of 190 levels pass the parser, but not the interpreter's stack.
    nested = "parent { " * min(levels, 190) + "%s" + " }" * min(levels, 190)
    chain = " ".join(f"fragment f{i} on Thing {{ {nested % f'...f{i + 1}'} }}" for i in range(3))
    documents = {
        190: "{ thing { ...f0 } }" + chain + " fragment f3 on Thing { id }",
        5_000: "{ thing " + "{ parent " * 5_000 + "}" * 5_000 + "}",
    }

    assert refusal(documents[levels])["limit"] == "depth"


def test_introspection_is_exempt_from_depth_and_cost_but_bounded():
    assert prepared(get_introspection_query()).cost == 0
    assert prepared('{ thing { id } __type(name: "Thing") { fields { type { name } } } }').cost == 1
    deep = "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }"
    assert refusal(deep)["code"] == "BAD_USER_INPUT"


# Cost.


@pytest.mark.parametrize(
    ("document", "cost"),
    [
        ("{ ping }", 0),
        ("{ thing { id name notes } }", 1),
        ("{ thing { id parent { id } } }", 2),
        # A type that is listed around the list, or that the root field has, makes it count as full.
        ("{ thing { children { id } } }", 1 + 250),
        ("{ roots { children { id } } }", 5 * (1 + 250)),
        ("{ roots { ... on Thing { ...c } } } fragment c on Thing { children { id } }", 5 * (1 + 250)),
        ("{ things(first: 2) { data { parent { children { id } } } } }", 1 + 2 * (1 + 1 + 250)),
        ("{ thing { latest(first: 3) { latest(first: 4) { id } } } }", 1 + 3 * (1 + 4)),
        ("{ roots { id } }", 5),
        ("{ things { total } }", 1),
        ("{ things { data { id } } }", 1 + 25),
        ("{ things(first: 10) { data { id } info { total } } }", 1 + 10 + 1),
        ("{ things(first: 10) { a: data { id } b: data { id } } }", 1 + 10 + 10),
        ("{ things(first: 0) { data { id } } }", 1),
        ("{ things(first: -5) { data { id } } }", 1),
        ("{ things(first: 5000) { data { id } } }", 1 + 100),
        ("{ things(first: 10) { data { children { id } } } }", 1 + 10 * (1 + 250)),
        ("{ things(first: 10) { data { page(first: 3) { data { id } } } } }", 1 + 10 * (1 + 1 + 3)),
        ("{ things(first: 10) { ...w } } fragment w on ThingPaginator { data { id } }", 1 + 10),
        ("{ things(first: 10) { ... { data { id } } } }", 1 + 10),
        (
            "{ a: things(first: 10) { ...w } b: things(first: 20) { ...w } }"
            " fragment w on ThingPaginator { data { id } }",
            1 + 10 + 1 + 20,
        ),
        ("{ thing { latest(first: 7) { id } } }", 1 + 7),
        ("{ thing { latest { id } } }", 1 + 250),
        ("{ thing { latest(first: null) { id } } }", 1 + 250),
    ],
)
def test_cost_counts_objects(document, cost):
    assert prepared(document).cost == cost


@pytest.mark.parametrize(
    ("variables", "cost"), [({}, 1 + 25), ({"n": 40}, 1 + 40), ({"n": 0}, 1), ({"n": 100}, 1 + 100)]
)
def test_cost_reads_the_coerced_variables(variables, cost):
    document = "query($n: Int = 25) { thing { latest(first: $n) { id } } }"

    assert prepared(document, variables).cost == cost


@pytest.mark.parametrize("first", [-1, 101, 2**31 - 1])
def test_size_of_a_nested_list_is_refused_out_of_range(first):
    nested = "query($n: Int) { thing { latest(first: %s) { id } } }"
    message = f"first of latest takes 0 to 100, got {first}."
    extensions = {"code": "BAD_USER_INPUT", "argument": "first"}

    for document, variables in (
        (nested.replace("($n: Int)", "") % first, {}),
        (nested % "$n", {"n": first}),
        (nested.replace("$n: Int", f"$n: Int = {first}") % "$n", {}),
    ):
        with pytest.raises(Refused) as refused:
            prepared(document, variables)
        assert refused.value.errors == [{"message": message, "extensions": extensions}]


def test_cost_reads_the_default_of_a_variable():
    assert prepared("query($n: Int! = 60) { things(first: $n) { data { id } } }").cost == 61


# Values.


@pytest.mark.parametrize(("items", "refused"), [(250, False), (251, True)])
def test_lists_in_variables_are_limited(items, refused):
    document, variables = "query($v: [ID]) { ids(values: $v) }", {"v": ["1"] * items}

    if refused:
        assert refusal(document, variables)["limit"] == "list_items"
    else:
        assert prepared(document, variables).variables == variables


@pytest.mark.parametrize(("levels", "refused"), [(50, False), (51, True), (900, True)])
def test_nesting_of_variables_is_limited(levels, refused):
    nested: dict[str, Any] = {"name": "x"}
    for _ in range(levels - 1):
        nested = {"parent": nested}
    document = "query($v: ThingInput) { thing(input: $v) { id } }"

    if refused:
        assert refusal(document, {"v": nested})["limit"] == "input_depth"
    else:
        assert prepared(document, {"v": nested}).kind == "query"


def test_variables_sent_are_limited_too():
    sent = {f"v{i}": 1 for i in range(101)}

    assert refusal("{ ping }", sent)["limit"] == "variables"


NULL_MESSAGE = ["Null characters are not allowed."]


@pytest.mark.parametrize(
    ("document", "variables", "paths"),
    [
        ('{ ping(text: "a\\u0000") }', {}, ["text"]),
        ('{ ping(text: "\\u0000", id: "\\u0000") }', {}, ["text", "id"]),
        ("query($t: String) { ping(text: $t) }", {"t": "\0"}, ["text"]),
        ('query($t: String = "\\u0000") { ping(text: $t) }', {}, ["text"]),
        ("query($t: [ID]) { ids(values: $t) }", {"t": ["1", "\0"]}, ["values.1"]),
        ("query($t: ID) { ids(values: [1, $t]) }", {"t": "\0"}, ["values.1"]),
    ],
)
def test_null_characters_are_refused_by_path(document, variables, paths):
    with pytest.raises(Refused) as refused:
        prepared(document, variables)

    [error] = refused.value.errors
    assert error["message"].startswith("Validation failed for the field [")
    assert error["extensions"] == {
        "code": "VALIDATION",
        "validation": dict.fromkeys(paths, NULL_MESSAGE),
    }


@pytest.mark.parametrize(
    "input_",
    [{"name": "\0"}, {"parent": {"parent": {"name": "x\0"}}}, {"tags": ["a", "\0"]}, {"\0": 1}],
    ids=["text", "nested", "list", "key"],
)
def test_null_characters_in_an_input_object_are_refused(input_):
    document = "mutation($data: ThingInput!) { make(input: $data) { id } }"

    extensions = refusal(document, {"data": input_})

    assert extensions["code"] == "VALIDATION"
    assert all(path.startswith("input") for path in extensions["validation"])


# Rates.


@pytest.fixture
def rate():
    clear_cache()
    with override_settings(API_RATE_LIMIT=4):
        yield
    clear_cache()


@pytest.mark.django_db
@small_urls
def test_account_has_its_points_a_minute(rate):
    headers, other = bearer(), bearer()

    answers = [post({"query": "{ ping }"}, headers=headers) for _ in range(5)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 429]
    assert codes(answers[-1]) == ["RATE_LIMITED"]
    assert 1 <= int(answers[-1]["Retry-After"]) <= 60
    assert post({"query": "{ ping }"}, headers=other).status_code == 200


@pytest.mark.django_db
@small_urls
def test_expensive_document_costs_more_points(rate):
    headers = bearer()
    # 1 + 100 * (1 + 1 + 29): 3,101 objects.
    dear = {"query": "{ things(first: 100) { data { page(first: 29) { data { id } } } } }"}

    assert post(dear, headers=headers).status_code == 200
    assert post({"query": "{ ping }"}, headers=headers).status_code == 429


@pytest.mark.django_db
@small_urls
def test_no_rate_limit_while_the_cache_cannot_be_reached(rate, monkeypatch):
    def away(*args: Any, **kwargs: Any) -> None:
        raise RedisAway

    monkeypatch.setattr(type(caches["default"]), "add", away)
    headers = bearer()

    assert [post({"query": "{ ping }"}, headers=headers).status_code for _ in range(6)] == [200] * 6
