"""The budget of an answer: what is over it is refused with a code, by both executors and below mutations."""

import copy
import time
import tracemalloc
from typing import Any

import pytest
from django.test import override_settings

from crm.json_encoding import encode_json
from crm.models import Activity
from leads.models import Lead
from people.models import Contact
from tests.clients import ask, data, refusal
from tests.factories.crm import Tenant
from tests.graphql.budget.bulky import Bulky, make_bulky

pytestmark = pytest.mark.one_database

OBJECTS = {"code": "QUERY_TOO_COMPLEX", "limit": "objects", "max": 10_000}
COST = {"code": "QUERY_TOO_COMPLEX", "limit": "cost", "max": 5_000}


@pytest.fixture(scope="module")
def made_bulky(made_tenant: Tenant) -> Bulky:
    return make_bulky(made_tenant, stages=150)


@pytest.fixture
def bulky(made_bulky: Bulky, tenant: Tenant) -> Bulky:
    return copy.deepcopy(made_bulky)


@pytest.fixture(params=[True, False], ids=["compiled", "standard"])
def executor(request: Any, settings: Any) -> None:
    """Run a test with compiled reads, and without."""
    settings.GRAPHQL_COMPILED_READS = request.param


def attacks(bulky: Bulky) -> dict[str, tuple[str, dict[str, Any]]]:
    person, lead, pipeline = bulky.person.pk, bulky.lead.pk, bulky.pipeline.pk
    stages = "stages { pipeline { stages { id lead_count } } }"
    update = f'updateLead(id: {lead}, input: {{title: "Mine"}})'
    return {
        "contacts": (f"{{ people(id: {person}) {nested('contacts people', 2)} }}", OBJECTS),
        "deeper": (f"{{ people(id: {person}) {nested('contacts people', 3)} }}", COST),
        "duplicates": (f"{{ lead(id: {lead}) {nested('duplicates', 4)} }}", COST),
        "sized duplicates": (
            f"{{ lead(id: {lead}) {{ a: duplicates(first: 12) {{ ...d }}"
            " b: duplicates(first: 12) { ...d } } } fragment d on Lead {"
            " duplicates(first: 9) { duplicates(first: 7) { stage { pipeline { id } } } } }",
            OBJECTS | {"max": 2_000},
        ),
        "stages": (f"{{ pipeline(id: {pipeline}) {{ {stages} }} }}", OBJECTS),
        "stages below a mutation": (
            f"mutation {{ {update} {{ stage {{ pipeline {{ {stages} }} }} }} }}",
            OBJECTS,
        ),
    }


def nested(path: str, times: int) -> str:
    """Return a selection of these fields, so many times below each other."""
    fields = path.split() * times
    return "".join(f"{{ {name} " for name in fields) + "{ id }" + " }" * len(fields)


@pytest.mark.parametrize(
    "name",
    ["contacts", "deeper", "duplicates", "sized duplicates", "stages", "stages below a mutation"],
)
def test_attack_is_refused_with_a_code_and_little_work(
    name,
    bulky,
    tenant,
    executor,
    settings,
):
    document, extensions = attacks(bulky)[name]
    settings.GRAPHQL_MAX_OBJECTS = extensions["max"] if extensions["limit"] == "objects" else 10_000
    actor = tenant.actors.agent if "mutation" in name else tenant.actors.viewer
    started = time.process_time()

    answer = ask(document, actor=actor)

    assert [error["extensions"] for error in answer["errors"]] == [extensions], answer
    assert not any((answer.get("data") or {}).values())
    assert time.process_time() - started < 3


def test_plain_list_is_cut_and_the_answer_says_where(bulky, tenant, executor):
    kind = bulky.person.contacts.all()[0].type
    Contact.objects.create(company=tenant.company, person=bulky.person, type=kind, value="late@example.com")
    document = (
        f"{{ p: people(id: {bulky.person.pk}) {{ contacts {{ id }} sized: contacts(first: 100) {{ id }}"
        " address { id } activities { id } duplicates { id } } peoples { data { mine: contacts { id } } } }"
    )

    answer = ask(document, actor=tenant.actors.viewer)

    person = answer["data"]["p"]
    assert {name: len(rows) for name, rows in person.items()} == {
        "contacts": 250,
        "sized": 100,
        "address": 250,
        "activities": 25,
        "duplicates": 0,
    }
    in_order = (
        Contact.objects.filter(person=bulky.person).order_by("weight", "pk").values_list("pk", flat=True)
    )
    assert [int(each["id"]) for each in person["contacts"]] == list(in_order[:250])
    assert answer["extensions"] == {
        "truncated": [["p", "contacts"], ["peoples", "data", 0, "mine"]],
    }


def test_mutation_and_duplicates_say_what_they_cut(bulky, tenant, executor):
    document = (
        f'mutation {{ updateLead(id: {bulky.lead.pk}, input: {{title: "Mine"}})'
        " { title duplicates { id } few: duplicates(first: 3) { id } } }"
    )

    answer = ask(document, actor=tenant.actors.agent)

    lead = answer["data"]["updateLead"]
    others = Lead.objects.filter(person=bulky.person).exclude(pk=bulky.lead.pk).order_by("pk")
    oldest = [str(key) for key in others.values_list("pk", flat=True)[:25]]
    assert [each["id"] for each in lead["duplicates"]] == oldest
    assert [each["id"] for each in lead["few"]] == oldest[:3]
    assert answer["extensions"] == {"truncated": [["updateLead", "duplicates"]]}


def test_number_of_told_paths_is_bounded(bulky, tenant, standard_executor):
    # 101 lists of duplicates, each of which has more.
    document = "{ leads(first: 100) { data { duplicates { id } } } lead(id: %s) { duplicates { id } } }"

    answer = ask(document % bulky.lead.pk, actor=tenant.actors.viewer)

    assert len(answer["extensions"]["truncated"]) == 100


def test_mutation_over_the_budget_is_carried_out_and_says_so(bulky, tenant):
    document = attacks(bulky)["stages below a mutation"][0]
    answer = ask(f"{document[:-1]} b: deleteLead(id: {bulky.lead.pk}) }}", actor=tenant.actors.manager)

    [error] = answer["errors"]
    assert answer["data"] == {"updateLead": None, "b": True}
    assert error["path"] == ["updateLead"]
    assert error["message"].startswith("The mutation was carried out. The answer would hold more than 10000")
    assert Lead.objects.get(pk=bulky.lead.pk).title == "Mine"


def test_lists_load_no_more_rows_than_the_budget_has_left(bulky, tenant, standard_executor, monkeypatch):
    made: list[object] = []
    monkeypatch.setattr(Contact, "from_db", classmethod(counted(Contact.from_db, made)))
    monkeypatch.setattr(Activity, "from_db", classmethod(counted(Activity.from_db, made)))
    document = "{ peoples { data { contacts { id } activities(first: 100) { id } address { id } } } }"

    with override_settings(GRAPHQL_MAX_OBJECTS=120):
        error = refusal(document, actor=tenant.actors.viewer)

    assert error["extensions"] == OBJECTS | {"max": 120}
    assert len(made) <= 120 + 1


def counted(make: Any, made: list[object]) -> Any:
    def from_db(_class: type, *values: Any) -> object:
        made.append(values)
        return make(*values)

    return from_db


BYTES = {"code": "QUERY_TOO_COMPLEX", "limit": "bytes", "max": 8 * 2**20}


def test_large_texts_are_refused_before_they_are_read(bulky, tenant, executor):
    # 1,000 notes of 60 KB: 60 MB.
    Activity.objects.filter(object_id=bulky.lead.pk).update(text="é" * 30_000)
    sizes = " ".join(
        f"a{each}: lead(id: {bulky.lead.pk}) {{ activities(first: 100) {{ text }} }}" for each in range(10)
    )
    tracemalloc.start()

    answer = ask(f"{{ {sizes} }}", actor=tenant.actors.viewer)

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert BYTES in [error["extensions"] for error in answer["errors"]]
    assert peak < 60 * 2**20
    # 100 of them fit: some are larger than their share, and are read apart.
    some = data(
        f"{{ lead(id: {bulky.lead.pk}) {{ activities(first: 100) {{ id text }} }} }}",
        actor=tenant.actors.viewer,
    )
    assert {each["text"] for each in some["lead"]["activities"]} == {"é" * 30_000}


def test_bytes_of_an_answer_are_counted_exactly(bulky, tenant, executor):
    Activity.objects.filter(object_id=bulky.lead.pk).update(text='"\\é' * 50)
    document = f"{{ lead(id: {bulky.lead.pk}) {{ activities(first: 2) {{ text }} }} }}"
    size = len(encode_json(data(document, actor=tenant.actors.viewer)))

    with override_settings(GRAPHQL_MAX_ANSWER_BYTES=size):
        assert "errors" not in ask(document, actor=tenant.actors.viewer)
    with override_settings(GRAPHQL_MAX_ANSWER_BYTES=size - 1):
        error = refusal(document, actor=tenant.actors.viewer)
    assert error["extensions"] == BYTES | {"max": size - 1}


def test_long_keys_count_as_bytes(bulky, tenant, executor):
    key = "k" * 40_000
    document = f"{{ people(id: {bulky.person.pk}) {{ contacts {{ {key}: id }} }} }}"

    assert refusal(document, actor=tenant.actors.viewer)["extensions"] == BYTES
