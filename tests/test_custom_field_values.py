"""Numbers that would lose digits and boxes of forms: the same through the API, admin, import and receiver."""

import json
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Any

import pytest
from django.test import Client

from crm.custom_field_values import INEXACT
from crm.services.tokens import create_token
from leads.models import Lead, LeadReceiver, ReceiverAttempt
from tests.admin.conftest import errors_of, form_of, posted, signed_in
from tests.clients import ask, data
from tests.commands.running import run
from tests.factories.crm import CustomFieldDefinitionFactory
from tests.factories.leads import LeadFactory, LeadReceiverFactory
from tests.module_tenant import made_tenant, tenant
from tests.receivers.delivering import deliver, deliver_body
from tests.stored import rolled_back
from tests.unrendered import unrendered_pages

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]
CREATE = "mutation ($input: LeadInput!) { createLead(input: $input) { id } }"
__all__ = ["made_tenant", "signed_in", "tenant"]
FORM = "application/x-www-form-urlencoded"

#: Stores a text under a name, and returns what the door says if it refuses.
Store = Callable[[str, str], list[str]]


def through_api(tenant: Any, tmp_path: Any) -> Store:
    def store(name: str, text: str) -> list[str]:
        values = {"title": "Deal", "custom_fields": [{"name": name, "value": text}]}
        answer = ask(CREATE, actor=tenant.actors.manager, variables={"input": values})
        return [
            message
            for error in answer.get("errors", [])
            for path, messages in error["extensions"]["validation"].items()
            for message in messages
            if path == "input.custom_fields.0.value"
        ]

    return store


def through_admin(tenant: Any, tmp_path: Any) -> Store:
    user = tenant.users["manager"]
    user.is_staff = True
    user.save()
    client = Client()
    client.force_login(user)

    @cache
    def form() -> Any:
        return client.get("/admin/leads/lead/add/")

    def store(name: str, text: str) -> list[str]:
        with unrendered_pages():
            page = form()
            field = next(
                key
                for key, each in page.context_data["adminform"].form.fields.items()
                if key.startswith("custom_") and each.label == name
            )
            response = client.post("/admin/leads/lead/add/", posted(page, title="Deal", **{field: text}))
        return [] if response.status_code == 302 else errors_of(response)[field]

    return store


def through_import(tenant: Any, tmp_path: Any) -> Store:
    def store(name: str, text: str) -> list[str]:
        path = tmp_path / "rows.csv"
        path.write_text(f'title,custom_fields.{name}\nDeal,"{text}"\n')
        ended = run("import_leads", str(path), "--company", str(tenant.company.pk), "--as", "manager@tenant")
        start = f"line 2: custom_fields.{name}: "
        # A date in another form refuses the file, with the same place before it.
        return [line[len(start) :] for line in ended.errors if line.casefold().startswith(start)]

    return store


def through_receiver(tenant: Any, tmp_path: Any) -> Store:
    receiver: LeadReceiver = LeadReceiverFactory(company=tenant.company)

    def store(name: str, text: str) -> list[str]:
        answer = deliver(receiver, {"title": "Deal", name: text}).json()
        [messages] = answer.get("errors", {"": []}).values()
        return list(messages)

    return store


@pytest.fixture(
    params=[through_api, through_admin, through_import, through_receiver], ids=lambda door: door.__name__
)
def store(request: Any, tenant: Any, tmp_path: Any) -> Store:
    made: Store = request.param(tenant, tmp_path)
    return made


@pytest.fixture
def fields(company: Any) -> None:
    for kind in ("NUMBER", "BOOLEAN", "DATE"):
        CustomFieldDefinitionFactory(company=company, name=kind.lower(), kind=kind)


def stored(name: str) -> Any:
    return Lead.objects.get().custom_fields.get(name)


TOO_LONG = [
    "12345678901234567890.123456789",
    "9007199254740993.0",
    "0.1234567890123456789",
    "1.00000000000000000001",
    "3.14159265358979323846",
    "1e-400",
    "9223372036854775809",
    "-12345678901234567891",
    "123456789012345678901234567890",
]


def test_a_number_that_loses_digits_is_refused(store: Store, fields: None) -> None:
    for text in TOO_LONG:
        assert store("number", text) == [INEXACT], text
    assert not Lead.objects.exists()


EXACT: list[tuple[str, float]] = [
    ("0.1", 0.1),
    ("0.30000000000000004", 0.30000000000000004),
    ("1.10", 1.1),
    ("-2.50", -2.5),
    ("1e3", 1000.0),
    ("007", 7),
    ("9007199254740993", 2**53 + 1),
    ("9223372036854775807", 2**63 - 1),
    ("-9223372036854775808", -(2**63)),
    ("1000000000000000000000", 10**21),
    ("1e300", 1e300),
]


def test_a_number_is_kept_exactly(store: Store, fields: None) -> None:
    for text, number in EXACT:
        with rolled_back():
            assert store("number", text) == [], text
            # By the decimals that answers print: PostgreSQL writes 1e300 out, as an integer.
            assert Decimal(json.dumps(stored("number"))) == Decimal(json.dumps(number)), text


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        (True, ["on", "ON", "yes", "true", "True", "1", "t", "y", " on "]),
        (False, ["off", "OFF", "no", "false", "0", "f", "n"]),
    ],
)
def test_words_for_true_and_false(store: Store, fields: None, value: bool, texts: list[str]) -> None:
    for text in texts:
        with rolled_back():
            assert store("boolean", text) == [], text
            assert stored("boolean") is value, text


def test_neither(store: Store, fields: None) -> None:
    for text in ("maybe", "2", "onn", "1.0", "ja"):
        assert store("boolean", text) == ["Expected true or false."], text
    assert not Lead.objects.exists()


def test_a_date_is_iso_with_four_digits(store: Store, fields: None) -> None:
    for text in ("12/31/50", "50-12-31", "0050-12-31", "31.12.1950", "1950-W01-1"):
        assert store("date", text), text
    assert not Lead.objects.exists()


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ("optin=0&optin=1", True),
        ("optin=1&optin=0", True),
        ("optin=0&optin=on", True),
        ("optin=false&optin=true", True),
        ("optin=0", False),
        ("optin=off", False),
        ("optin=no&optin=no", False),
        ("optin=on", True),
    ],
)
@pytest.mark.parametrize("template", [None, {"optin": {"name": "agreed", "type": "customField"}}])
def test_boxes_of_forms(company: Any, body: str, value: bool, template: Any) -> None:
    name = "agreed" if template else "optin"
    CustomFieldDefinitionFactory(company=company, name=name, kind="BOOLEAN")
    receiver = LeadReceiverFactory(company=company, template=template)

    assert deliver_body(receiver, f"firstname=Cb&{body}", content_type=FORM).status_code == 200

    assert stored(name) is value


@pytest.mark.parametrize("body", ["optin=0&optin=1&optin=1", "optin=0&optin=maybe", "optin=perhaps"])
def test_lists_that_are_no_box(company: Any, body: str) -> None:
    CustomFieldDefinitionFactory(company=company, name="optin", kind="BOOLEAN")
    receiver = LeadReceiverFactory(company=company)

    assert deliver_body(receiver, f"firstname=Cb&{body}", content_type=FORM).status_code == 422
    assert ReceiverAttempt.objects.get().refusal.endswith("Expected true or false.")


@pytest.mark.parametrize(
    ("value", "read"),
    [(["0", "1"], True), (["on"], True), ([False, True], True), (["no"], False), ([0], False)],
)
def test_a_box_as_a_list_through_the_api(tenant: Any, fields: None, value: Any, read: bool) -> None:
    values = {"title": "Deal", "custom_fields": [{"name": "boolean", "value": value}]}

    assert "errors" not in ask(CREATE, actor=tenant.actors.manager, variables={"input": values})

    assert stored("boolean") is read


@pytest.mark.parametrize("value", [True, False])
def test_a_template_maps_true_and_false(company: Any, value: bool) -> None:
    CustomFieldDefinitionFactory(company=company, name="agreed", kind="BOOLEAN")
    template = {"form.optin": {"name": "agreed", "type": "customField"}}
    receiver = LeadReceiverFactory(company=company, template=template)

    deliver(receiver, {"firstname": "Jane", "form": {"optin": value}})

    assert stored("agreed") is value


LITERALS = ["12345678901234567890.123456789", "9007199254740993.0", "0.12345678901234567891"]


@pytest.fixture
def post(tenant: Any) -> Callable[[str], Any]:
    """Return a function that posts a body to the API as it is, so that its numbers are those of the text."""
    _row, token = create_token(tenant.users["manager"], tenant.company)
    return lambda body: Client().post(
        "/graphql", body, content_type="application/json", headers={"Authorization": f"Bearer {token}"}
    )


@pytest.mark.parametrize("literal", LITERALS)
@pytest.mark.parametrize("name", ["number", "undefined"])
def test_a_json_number_that_loses_digits(post: Any, fields: None, literal: str, name: str) -> None:
    given = {"title": "D", "custom_fields": [{"name": name, "value": "@"}]}
    by_variable = json.dumps({"query": CREATE, "variables": {"input": given}}).replace('"@"', literal)
    fields_of = f'[{{name: "{name}", value: {literal}}}]'
    document = f'mutation {{ createLead(input: {{title: "D", custom_fields: {fields_of}}}) {{ id }} }}'

    answers = [post(by_variable), post(json.dumps({"query": document}))]

    for answer in answers:
        [error] = answer.json()["errors"]
        assert list(error["extensions"]["validation"]) == ["input.custom_fields.0.value"]
        assert "exactly" in str(error["extensions"]["validation"])
    assert not Lead.objects.exists()


@pytest.mark.parametrize("literal", LITERALS)
def test_a_delivery_keeps_such_a_number_as_text(company: Any, fields: None, literal: str) -> None:
    receiver = LeadReceiverFactory(company=company)

    free = deliver_body(receiver, f'{{"firstname": "J", "free": {literal}}}')
    defined = deliver_body(receiver, f'{{"firstname": "J", "number": {literal}}}')

    assert (free.status_code, defined.status_code) == (200, 422)
    assert stored("free") == literal
    assert INEXACT in ReceiverAttempt.objects.latest("pk").refusal


@pytest.mark.parametrize("literal", LITERALS)
def test_the_text_area_of_the_admin_refuses_it(
    tenant: Any, signed_in: Any, unrendered: None, literal: str
) -> None:
    client = signed_in("manager")
    address = "/admin/leads/lead/add/"

    refused = client.post(
        address, form_of(client, address, title="D", custom_fields=f'{{"free": {literal}}}')
    )

    assert list(errors_of(refused)) == ["custom_fields"]


NUMBERS = [2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63), 10**21, 0.1, 0.30000000000000004]


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("defined", [True, False])
def test_both_databases_compare_kept_numbers_exactly(tenant: Any, number: float, defined: bool) -> None:
    if defined:
        CustomFieldDefinitionFactory(company=tenant.company, name="number", kind="NUMBER")
    step = 1 if abs(number) > 1 else 1e-16
    for title, value in (("it", number), ("before", number - step), ("after", number + step)):
        # Beyond 64 bits, a neighbour is no number that can be kept.
        if abs(value) < 2**63 or value == number:
            LeadFactory(company=tenant.company, title=title, custom_fields={"number": value})

    for operator, titles in (("EQ", {"it"}), ("GT", {"after"}), ("LT", {"before"})):
        document = """query ($operator: SQLOperator!, $value: Mixed!) {
          leads(where: {custom_field: "number", operator: $operator, value: $value}) { data { title } } }"""
        variables = {"operator": operator, "value": number}
        found = data(document, actor=tenant.actors.manager, variables=variables)["leads"]["data"]
        assert {lead["title"] for lead in found} == titles & set(Lead.objects.values_list("title", flat=True))
