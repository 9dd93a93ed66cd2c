"""Exports by COPY: the bytes are those of the export in Python, which stays for SQLite and other formats."""

import io
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from crm.actors import Actor
from crm.exporting import running
from crm.exporting.copying import copy_statement
from crm.exporting.formats import ExportFormat
from crm.exporting.registry import exported_named
from crm.exporting.running import export_rows
from crm.exporting.safety import spreadsheet_safe
from crm.exporting.sql_cells import SPACES
from crm.exporting.sql_cells import spreadsheet_safe as safe_in_sql
from crm.importing.apostrophes import FORMULA_SIGNS, NULL_MARKERS
from crm.models.base import visible_rows
from crm.services.activities import create_activity
from leads.models import Lead
from people.models import ContactType, Employment, Organization, Person
from people.services.organizations import delete_organization
from tests.examples import examples
from tests.exports.test_round_trip import LEAD, NASTY, ORGANIZATION, PERSON, fill
from tests.module_tenant import made_tenant, tenant
from tests.stored import rolled_back

__all__ = ["made_tenant", "tenant"]

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

KINDS = ("ORGANIZATION", "PEOPLE", "LEAD", "ACTIVITY")
NUMBERS = {
    "tiny": 1e-07,
    "in a list": [1e-05, 'ä\x01\\"\n', {"k": [None, 1.5, -2e-300]}],
    "12": 1.0,
    "x%s": True,
}


def exported(kind: str, actor: Actor, rows: Any = None, columns: Any = (), *, by_copy: bool) -> bytes:
    source = exported_named(kind).source(actor)
    rows = visible_rows(source.model, actor) if rows is None else rows
    if by_copy:
        headings = exported_named(kind).source(actor).headings(rows, columns)
        assert copy_statement(source, rows, headings, ExportFormat.CSV) is not None
    file = io.BytesIO()
    with pytest.MonkeyPatch.context() as patch:
        if not by_copy:
            patch.setattr(running, "copy_statement", lambda *_: None)
        summary = export_rows(source, rows, file, columns=columns)
    content = file.getvalue()
    assert summary.rows == rows.count()
    return content


def check(kind: str, actor: Actor, rows: Any = None, columns: Any = ()) -> bytes:
    expected = exported(kind, actor, rows, columns, by_copy=False)
    assert exported(kind, actor, rows, columns, by_copy=True) == expected
    return expected


def test_texts_get_their_apostrophe_in_sql_where_python_writes_one():
    ends = ["", "1", "x", " ", "-1", "n/a", "NULL", "n/a ", "x\n"]
    begins = [
        "",
        "'",
        "''",
        *NASTY,
        *SPACES,
        *FORMULA_SIGNS,
        *NULL_MARKERS,
        "0",
        "N",
        "\x0b",
        "\u200b",
        "0/0/00",
    ]
    texts = [begin + end for begin in begins for end in ends]
    texts += [f"'{text}" for text in texts] + [f"{space}{text}" for space in SPACES for text in NULL_MARKERS]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT each, {safe_in_sql('each')} FROM unnest(%s::text[]) AS each", [texts])
        found = dict(cursor.fetchall())
    assert found == {text: spreadsheet_safe(text) for text in texts}
    assert sum(text != safe for text, safe in found.items()) > 300


@settings(
    max_examples=examples(6),
    phases=[Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    organizations=st.lists(ORGANIZATION, min_size=1, max_size=3),
    people=st.lists(PERSON, min_size=1, max_size=4),
    leads=st.lists(LEAD, min_size=1, max_size=3),
    data=st.data(),
)
def test_the_bytes_are_those_of_python(made_tenant, organizations, people, leads, data):
    actor = made_tenant.actors.manager
    with rolled_back():
        fill(made_tenant.actors, organizations, people, leads)
        for person in Person.objects.all():
            _draw_positions(person, data)
        # In a text of an activity an @ mentions a member.
        told = [text for text in NASTY if "@" not in text]
        texts = data.draw(st.lists(st.sampled_from(told), min_size=1, max_size=3))
        for text in texts:
            on = data.draw(st.sampled_from([Lead, Person, Organization])).objects.order_by("?").first()
            create_activity(
                {"entity_type": on.entity_kind, "entity_id": on.pk, "text": text, "subject": text},
                actor=actor,
            )
        if data.draw(st.booleans()):
            delete_organization(Organization.objects.order_by("pk")[0].pk, actor=actor)
        for kind in KINDS:
            model = exported_named(kind).source.model
            check(kind, actor)
            keys = list(visible_rows(model, actor).values_list("pk", flat=True))
            chosen = data.draw(st.lists(st.sampled_from(keys), max_size=3)) if keys else []
            check(kind, actor, visible_rows(model, actor).filter(pk__in=chosen))


def test_special_values_and_columns_in_any_order(made_tenant):
    actors = made_tenant.actors
    with rolled_back():
        fill(actors, [_row("Acme")], [_person(1)], [])
        Person.objects.update(custom_fields=NUMBERS, created_at="0099-01-02T03:04:05.000006+00:00")
        content = check("PEOPLE", actors.manager)
        assert b"0099-01-02T03:04:05.000006+00:00" in content
        assert b",0.0000001," in content
        columns = ["custom_fields", "note", "phone_2", "tags", "phone", "address.2.city", "email_9", "uuid"]
        check("PEOPLE", actors.manager, columns=columns)
        # One column, and a contact type whose name is that of another with a number, are read by Python.
        one = exported_named("PEOPLE").source(actors.manager)
        assert copy_statement(one, visible_rows(Person, actors.manager), ["uuid"], ExportFormat.CSV) is None
        for name in ("Pager", "Pager_2"):
            ContactType.objects.create(company_id=actors.manager.company_id, name=name)
        source = exported_named("PEOPLE").source(actors.manager)
        rows = visible_rows(Person, actors.manager)
        headings = source.headings(rows)
        assert copy_statement(source, rows, headings, ExportFormat.CSV) is None


def test_members_who_see_only_their_own_leads_export_no_others(made_tenant):
    actors = made_tenant.actors
    with rolled_back():
        fill(actors, [], [], [_lead(), _lead()])
        Lead.objects.filter(pk=Lead.objects.latest("pk").pk).update(owner=made_tenant.users["agent"])
        assert check("LEAD", actors.manager).count(b"\r\n") == 3
        seen = visible_rows(Lead, actors.manager).filter(owner=made_tenant.users["agent"])
        assert check("LEAD", actors.manager, seen).count(b"\r\n") == 2


def _draw_positions(person: Person, data: Any) -> None:
    own = [*person.organizations.all(), None, *Organization.objects.all()]
    for organization in data.draw(st.lists(st.sampled_from(own), max_size=3)):
        Employment.objects.create(
            company_id=person.company_id,
            person=person,
            organization=organization,
            position=data.draw(st.sampled_from(NASTY)),
            status=data.draw(st.sampled_from([0, 1, 1])),
        )


def _row(name: str) -> dict[str, Any]:
    return {"name": name, "city": None, **_common()}


def _common() -> dict[str, Any]:
    return {"external_id": None, "tags": [], "custom_fields": {}, "created_at": None}


def _person(number: int) -> dict[str, Any]:
    names = ("lastname", "email", "dob", "position")
    return {
        **_common(),
        **dict.fromkeys(names),
        "firstname": f"P{number}",
        "further": [],
        "faxes": [],
        "do_not_contact": False,
        "phones": ["+12125550100", "555-7777"],
        "cities": ["=a", "b"],
        "organizations": [0],
    }


def _lead() -> dict[str, Any]:
    names = ("description", "email", "amount", "status", "reason_lost", "person", "organization")
    return {**_common(), **dict.fromkeys(names), "title": "-Deal"}
