# ruff: noqa: RUF001 - letters that look like others are what is tested
"""The way of all migrations back and forth, with rows of the first ones.

Each app leaves nothing behind, all tables come back, and the migrations that give existing rows their keys
merge nothing and report clashes. The single migrations make the tables that the squashed ones make.
"""

import re
import unicodedata
from collections.abc import Generator
from typing import Any

import pytest
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.test_migrations import OWN, alias, schema, unapply

__all__ = ["alias"]

# All single migrations one after the other take a minute on SQLite, where each makes its tables anew.
pytestmark = pytest.mark.one_database

#: The name of a unique key that was added later has a hash.
NAMES_OF_KEYS = re.compile(r"_[0-9a-f]{8}_uniq\b")
#: Foreign keys that single migrations leave beside the tenant keys of the same columns.
PLAIN_KEYS = ("leads_loggedmail_attempt_id_", "leads_receivedmail_attempt_id_")
FIRST = [(app, "0001_initial") for app in sorted(OWN)]
ROWS = 2500
#: Makes rows, waits for the migrations, is sent their report, and checks what has become of the rows.
Scenario = Generator[None, str, None]


class Before:
    """A database at the first migrations, with models as they were then."""

    def __init__(self, name: str) -> None:
        self.connection = connections[name]
        self.apps: Any = None

    def go_to_first(self) -> None:
        self._migrate(FIRST)

    def go_forward(self) -> None:
        # The transaction of the test is one; with deferred checks waiting, no table can be changed in it.
        if self.connection.vendor == "postgresql":
            with self.connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        executor = self._single_steps()
        squashed = executor.loader.replacements
        self._migrate([each for each in executor.loader.graph.leaf_nodes() if each not in squashed])

    def _migrate(self, targets: list[tuple[str, str]]) -> None:
        self.apps = self._single_steps().migrate(targets).apps

    def _single_steps(self) -> MigrationExecutor:
        """Return an executor of the migrations that the squashed ones replace."""
        executor = MigrationExecutor(self.connection)
        executor.loader = MigrationLoader(self.connection, replace_migrations=False)
        return executor

    def rows(self, label: str) -> Any:
        return self.apps.get_model(label)._base_manager.using(self.connection.alias)

    def make(self, label: str, **values: Any) -> Any:
        return self.rows(label).create(**values)


def comparable(found: set[tuple[str, str, str]]) -> set[tuple[str, str, str]]:
    """Return a schema without what single and squashed migrations make otherwise, to no effect."""
    same = set()
    for table, kind, text in found:
        if text.startswith(PLAIN_KEYS):
            continue
        if kind == "table":
            # The order of columns: those of later migrations come last.
            definition = text.partition("(")[2].removesuffix(")")
            text = ", ".join(sorted(definition.split(", ")))
        same.add((table, kind, NAMES_OF_KEYS.sub("_key", text)))
    return same


def decomposed(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def keys_of(database: Before, label: str) -> dict[int, tuple[str, str]]:
    return {pk: (name, key) for pk, name, key in database.rows(label).values_list("pk", "name", "name_key")}


NAMED = [
    ("crm.Tag", {}),
    ("people.ContactType", {}),
    ("people.PeopleRelationship", {}),
    ("leads.LeadStatus", {}),
    ("leads.LeadType", {}),
    ("leads.LeadSource", {}),
    ("leads.LeadLostReason", {}),
    ("crm.CustomFieldDefinition", {"model": "LEAD"}),
]


def names(before: Before) -> Scenario:
    """Rows keep their ids, and the oldest keeps the name."""
    companies = [before.make("crm.Company", name=name) for name in ("One", "Two")]
    spellings = ["Weiß AG", "WEISS AG", "Größe", decomposed("Größe"), "ΣΑΣ\u200b", "σας", "Alone"]
    made: dict[str, list[Any]] = {}
    for label, values in NAMED:
        made[label] = []
        for number, name in enumerate(spellings):
            slug = {"slug": str(number)} if label == "crm.Tag" else {}
            made[label].append(before.make(label, company_id=companies[0].pk, name=name, **values, **slug))
        # The same names in another company are others.
        before.make(label, company_id=companies[1].pk, name="Weiss AG", **values)

    reported = yield

    for label, rows in made.items():
        found = keys_of(before, label)
        names = [found[row.pk][0] for row in rows]
        assert names == ["Weiß AG", "WEISS AG", "Größe", "Größe", "ΣΑΣ\u200b", "σας", "Alone"], label
        keys = [found[row.pk][1] for row in rows]
        oldest = ["weiss ag", "grösse", "σασ", "alone"]
        assert [keys[place] for place in (0, 2, 4, 6)] == oldest, label
        assert [keys[place] for place in (1, 3, 5)] == [
            f"{key}\x1f{rows[place].pk}" for key, place in zip(oldest, (1, 3, 5), strict=False)
        ], label
        for place in (1, 3, 5):
            line = f"{label} {rows[place].pk} {names[place]!r} has the same name as {rows[place - 1].pk}"
            assert line in reported
        others = [
            row for pk, row in found.items() if pk not in {row.pk for row in rows} and row[0] == "Weiss AG"
        ]
        assert others == [("Weiss AG", "weiss ag")], label


def shared_contact_types(before: Before) -> Scenario:
    """Shared contact types clash among themselves alone."""
    company = before.make("crm.Company", name="One")
    before.make("people.ContactType", company_id=company.pk, name="Cafe\u0301")
    shared = [
        before.make("people.ContactType", company_id=None, name=name) for name in ("Café", "CAFE\u0301")
    ]

    reported = yield

    assert f"people.ContactType {shared[1].pk} 'CAFÉ' has the same name as {shared[0].pk} 'Café'" in reported
    found = keys_of(before, "people.ContactType")
    assert [found[row.pk][1] for row in shared] == ["café", f"café\x1f{shared[1].pk}"]


def texts(before: Before) -> Scenario:
    """Texts are composed, and no value is lost."""
    company = before.make("crm.Company", name=decomposed("Café"))
    common = {"company_id": company.pk}
    content_type = _content_type(before)
    fields = {decomposed("Größe"): decomposed("é"), "Größe": 1, decomposed("nœud é"): [decomposed("é")]}
    person = before.make(
        "people.Person", **common, firstname=decomposed("José"), name=decomposed("José"), custom_fields=fields
    )
    organization = before.make("people.Organization", **common, name=decomposed("Société Générale"))
    address = before.make("people.Address", **common, person_id=person.pk, city=decomposed("Köln"))
    pipeline = before.make("pipelines.Pipeline", **common, name=decomposed("Café"), slug=decomposed("café"))
    stage = before.make("pipelines.Stage", **common, pipeline_id=pipeline.pk, name=decomposed("Á"))
    status = before.make("leads.LeadStatus", **common, name="Open")
    common_lead = {**common, "stage_changed_at": timezone.now(), "last_activity_at": timezone.now()}
    lead = {**common_lead, "pipeline_id": pipeline.pk, "stage_id": stage.pk, "status_id": status.pk}
    titled = before.make("leads.Lead", **lead, title=decomposed("Geschäft"), description=decomposed("é\n"))
    unseen = before.make("leads.Lead", **lead, title="\u200b")
    channel = before.make(
        "crm.SocialChannel", **common, content_type_id=content_type, object_id=titled.pk, name="é"
    )
    message = before.make(
        "crm.Message", **common, channel_id=channel.pk, message={"text": decomposed("é"), decomposed("ä"): 1}
    )

    reported = yield

    def now(row: Any) -> Any:
        return before.rows(row._meta.label).get(pk=row.pk)

    assert now(company).name == "Café"
    assert (now(person).firstname, now(person).name) == ("José", "José")
    assert now(person).custom_fields == {"Größe": 1, "Größe (2)": "é", "nœud é": ["é"]}
    assert "josé" in now(person).search_text
    assert (now(organization).name, now(organization).name_key) == ("Société Générale", "société générale")
    assert now(address).city == "Köln"
    # What integrations know stays as it is.
    assert (now(pipeline).name, now(pipeline).slug) == ("Café", decomposed("café"))
    assert now(stage).name == "Á"
    assert (now(titled).title, now(titled).description) == ("Geschäft", "é\n")
    assert now(unseen).title == "\u200b"
    assert now(message).message == {"text": "é", "ä": 1}
    assert f"people.Person {person.pk} has two custom fields 'Größe'" in reported
    assert f"leads.Lead {unseen.pk}: title" in reported


def _content_type(database: Before) -> int:
    kinds = database.apps.get_model("contenttypes.ContentType")._base_manager.using(database.connection.alias)
    return int(kinds.get_or_create(app_label="leads", model="lead")[0].pk)


def many_rows(before: Before) -> Scenario:
    """Rows are read and written in batches (counted below)."""
    company = before.make("crm.Company", name="Many")
    person = before.apps.get_model("people.Person")
    tag = before.apps.get_model("crm.Tag")
    spelled = [decomposed(f"José {number}") for number in range(ROWS)]
    before.rows("people.Person").bulk_create(
        person(company_id=company.pk, firstname=name, name=name) for name in spelled
    )
    before.rows("crm.Tag").bulk_create(
        tag(company_id=company.pk, name=decomposed(f"é {number}"), slug=f"{number}") for number in range(ROWS)
    )

    yield

    assert before.rows("people.Person").filter(name__startswith="José ").count() == ROWS
    assert before.rows("crm.Tag").filter(name_key__startswith="é ").count() == ROWS


def test_apps_leave_nothing_behind_and_come_back_with_their_rows(alias, capsys):
    # Migrating back and forth takes long: all rows come in one turn.
    migrated = schema(alias)
    unapply(alias)
    before = Before(alias)
    before.go_to_first()
    scenarios = [scenario(before) for scenario in (names, shared_contact_types, texts, many_rows)]
    for scenario in scenarios:
        next(scenario)

    with CaptureQueriesContext(before.connection) as captured:
        before.go_forward()

    assert comparable(schema(alias)) == comparable(migrated)
    # Those that read and write rows, among which are the migrations' own; one a row would be ROWS at least.
    of_rows = [each for each in captured if each["sql"].startswith(("SELECT", "INSERT", "UPDATE", "DELETE"))]
    assert len(of_rows) < ROWS / 5
    reported = capsys.readouterr().err
    for scenario in scenarios:
        with pytest.raises(StopIteration):
            scenario.send(reported)
    # Of each kind three, and one shared contact type.
    assert reported.count("has the same name as") == 3 * len(NAMED) + 1
