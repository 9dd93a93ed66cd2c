"""Plans: what a dry run says of each row is what applying it does, or the row is refused."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from crm.importing import jobs, ledger
from crm.importing.ledger import PlannedRecords
from crm.models import ImportJob, ImportRow
from people.models import Organization, Person
from people.services.people import create_person, update_person
from tests.clients import ask
from tests.commands.running import Ended, run
from tests.file_samples import upload
from tests.imports.conftest import row_counts
from tests.module_tenant import made_tenant, tenant

__all__ = ["made_tenant", "tenant"]

pytestmark = pytest.mark.django_db

#: Rows that create, change twice, say nothing new, are refused, are in conflict, and mean each other.
MIXED = """firstname,lastname,email,phone,organization,tags,custom_fields.segment
Ann,New,ann@x.example,,Acme,VIP,A
Bob,,bob@x.example,+1 212 555 0101,Acme,VIP;Hot,
Same,,same@x.example,,,,
Cid,,bad,,,,
Twin,,twin@x.example,,,,
Bob,Later,bob@x.example,,Other,,B
Ann,Newer,ann@x.example,,,,
Dot,,dot@x.example,,ACME,hot,
Eve,,eve@x.example,+1 212 555 0101,,,
"""
IMPORT = """mutation ($file: Upload!, $dry: Boolean!, $plan: ID) {
  importFile(file: $file, model: PEOPLE, dry_run: $dry, plan: $plan) {
    uuid status created updated unchanged skipped failed conflicts
    rows { row action key record_id of_row version changes code message }
  }
}"""


@pytest.fixture
def load(tenant, tmp_path, monkeypatch) -> Callable[..., Ended]:
    """Return a function that imports ``MIXED`` into a company that knows some of its people."""
    # Rows that mean each other are in one batch, and in several.
    monkeypatch.setattr(jobs, "BATCH", 4)
    company, agent = tenant.company, tenant.actors.agent
    ann = create_person({"firstname": "Ann", "lastname": "Old", "email": "ann@x.example"}, actor=agent)
    Person.objects.filter(pk=ann.pk).update(version=6)
    for name in ("same", "twin", "twin"):
        create_person({"firstname": name.title(), "email": f"{name}@x.example"}, actor=agent)
    path = tmp_path / "people.csv"
    path.write_text(MIXED)

    def load(*options: str) -> Ended:
        facts = ("--company", str(company.pk), "--as", "manager@tenant")
        return run("import_people", str(path), *facts, *options)

    return load


def entries(job: ImportJob) -> list[tuple[Any, ...]]:
    """Return the ledger of a job, without the keys of what it made itself."""
    rows = ImportRow.objects.filter(job=job).order_by("number")
    return [
        (row.number, row.action, row.key, row.version_before, row.version, row.changes, row.code, row.message)
        for row in rows
    ]


def test_applying_a_plan_does_what_it_says(load, tmp_path):
    before = row_counts()

    planned = load("--plan", str(tmp_path / "plan.jsonl"), "--json")

    assert planned.code == 3
    assert row_counts() == before
    head, *lines = map(json.loads, (tmp_path / "plan.jsonl").read_text().splitlines())
    counts = json.loads(planned.lines[0])
    assert head["counts"] == counts
    assert {name: counts[name] for name in ("created", "updated", "unchanged", "failed", "conflicts")} == {
        "created": 2,
        "updated": 3,
        "unchanged": 1,
        "failed": 3,
        "conflicts": 2,
    }
    actions = [line["action"] for line in lines]
    assert actions == [
        *("update", "create", "unchanged", "reject", "conflict"),
        *("update", "update", "create", "conflict"),
    ]
    ann = Person.objects.get(email="ann@x.example")
    assert (lines[0]["id"], lines[0]["version"], lines[0]["key"]) == (str(ann.pk), 6, "EMAIL")
    assert lines[0]["changes"]["lastname"] == ["Old", "New"]
    assert lines[0]["changes"]["custom_fields.segment"] == [None, "A"]
    # The second change of Ann follows the first; Bob is made by the plan itself.
    assert (lines[6]["id"], lines[6]["version"]) == (str(ann.pk), 7)
    assert (lines[5].get("id"), lines[5]["of_row"]) == (None, 3)

    applied = load("--apply", str(tmp_path / "plan.jsonl"))

    plan, job = ImportJob.objects.order_by("pk")
    assert applied.code == 3
    assert (plan.dry_run, job.dry_run, job.plan) == (True, False, plan.uuid)
    assert entries(job) == entries(plan)
    ann.refresh_from_db()
    assert (ann.lastname, ann.version, ann.custom_fields) == ("Newer", 8, {"segment": "A"})
    bob = Person.objects.get(email="bob@x.example")
    assert set(bob.organizations.values_list("name", flat=True)) == {"Acme", "Other"}
    assert Organization.objects.count() == 2

    again = load()
    assert again.lines == ["0 created, 6 unchanged, 3 failed (2 in conflict), 9 in all."]


def test_rows_whose_record_changed_since_are_refused(load, tenant, tmp_path):
    load("--dry-run")
    plan = ImportJob.objects.get()
    ann = Person.objects.get(email="ann@x.example")
    update_person(ann.pk, {"middlename": "M."}, actor=tenant.actors.agent)
    create_person({"firstname": "Dot", "email": "dot@x.example"}, actor=tenant.actors.agent)

    ended = load("--apply", str(plan.uuid))

    assert ended.lines == ["1 created, 1 updated, 1 unchanged, 6 failed (5 in conflict), 9 in all."]
    told = [line for line in ended.errors if "CHANGED_SINCE_PLAN" in line]
    assert told == [
        "line 2: CHANGED_SINCE_PLAN: The record was changed since the plan: its version is 7, and was 6.",
        # What was to follow the first change of Ann is refused with it: its version is another, too.
        *[line for line in told if line.startswith("line 8: CHANGED_SINCE_PLAN: ")],
        *[line for line in told if line.startswith("line 9: CHANGED_SINCE_PLAN: The plan says create")],
    ]
    assert len(told) == 3
    ann.refresh_from_db()
    assert (ann.lastname, ann.middlename) == ("Old", "M.")
    rejects = (tmp_path / "people.rejects.csv").read_text().splitlines()
    assert len(rejects) == 7


def test_a_plan_is_applied_to_its_own_import_alone(load, tenant, tmp_path):
    plan = tmp_path / "plan.jsonl"
    load("--plan", str(plan))
    other = load("--apply", str(plan), "--on-match", "fill")
    (tmp_path / "people.csv").write_text(MIXED + "Fay,,fay@x.example,,,,\n")
    more = load("--apply", str(plan))
    by_job = load("--apply", str(ImportJob.objects.get().uuid))
    (tmp_path / "none.jsonl").write_text('{"row": 1}\n')

    assert other.errors == ["The plan was made for another import: --on-match differ. Make a new plan."]
    assert more.errors == ["The plan was made for another import: the file differ. Make a new plan."]
    assert by_job.errors == ["The plan was made for another file or other options. Make a new plan."]
    assert load("--apply", str(tmp_path / "none.jsonl")).errors == [
        "The file is no plan: name one that --plan has written."
    ]
    assert load("--apply", "nothing").errors == [
        "There is no plan nothing: name a file of --plan, or the job of a dry run."
    ]
    assert load("--apply", str(plan), "--dry-run").code == 2
    # A plan that was cut off stops where it ends.
    (tmp_path / "people.csv").write_text(MIXED)
    plan.write_text("".join(plan.read_text().splitlines(keepends=True)[:-6]))
    assert load("--apply", str(plan)).errors[-1] == "The plan says nothing of line 5: make a new one."
    assert ImportJob.objects.latest("pk").status == "FAILED"


def test_a_plan_by_the_api(tenant, monkeypatch):
    def send(content: str, **options: Any) -> Any:
        variables = {"file": upload("people.csv", content.encode()), **options}
        return ask(IMPORT, actor=tenant.actors.manager, variables=variables)

    create_person({"firstname": "Ann", "email": "ann@x.example"}, actor=tenant.actors.agent)
    content = "firstname,email\nAnna,ann@x.example\nBob,bob@x.example\n"
    plan = send(content, dry=True)["data"]["importFile"]
    ann = Person.objects.get()
    assert [(row["action"], row["record_id"], row["changes"]) for row in plan["rows"]] == [
        ("UPDATE", str(ann.pk), {"firstname": ["Ann", "Anna"]}),
        ("CREATE", None, {}),
    ]
    other = send(content + "Cid,\n", dry=False, plan=plan["uuid"])
    done = send(content, dry=False, plan=plan["uuid"])["data"]["importFile"]

    assert other["errors"][0]["extensions"]["validation"] == {
        "plan": ["This dry run was of another file, or had other options. Make a new one."]
    }
    assert (done["created"], done["updated"], done["failed"]) == (1, 1, 0)
    assert Person.objects.count() == 2


def test_records_of_a_plan_are_known_by_their_rows():
    planned = PlannedRecords()
    first = [ImportRow(number=line, action="CREATE", object_id=key) for line, key in ((2, 70), (4, 90))]
    keys = ((5, 90), (6, 80), (7, 70))
    then = [ImportRow(number=line, action="UPDATE", object_id=key) for line, key in keys]

    planned.replace_keys(first)
    planned.replace_keys(then)

    assert [(row.object_id, row.of_row) for row in [*first, *then]] == [
        *((None, None), (None, None)),
        *((None, 4), (80, None), (None, 2)),
    ]


def test_fill_changes_no_value_that_is_there(tenant, tmp_path):
    create_person(
        {
            "firstname": "Ann",
            "email": "ann@x.example",
            "custom_fields": [{"name": "Segment", "value": "B"}],
        },
        actor=tenant.actors.agent,
    )
    path = tmp_path / "people.csv"
    path.write_text(
        "firstname,lastname,email,custom_fields.segment,custom_fields.size,tags\n"
        "Anna,Berg,ann@x.example,A,9,VIP\n"
    )
    facts = ("--company", str(tenant.company.pk), "--as", "manager@tenant")

    # The second is the former name of the option.
    names = ("--on-match", "--on-duplicate")
    first, again = (run("import_people", str(path), *facts, name, "fill") for name in names)

    assert (first.lines, again.lines) == (
        ["0 created, 1 updated, 0 failed, 1 in all."],
        ["0 created, 1 unchanged, 0 failed, 1 in all."],
    )
    ann = Person.objects.get()
    assert (ann.firstname, ann.lastname) == ("Ann", "Berg")
    assert ann.custom_fields == {"Segment": "B", "size": "9"}
    assert [tag.name for tag in ann.tags.all()] == ["VIP"]


def test_the_statements_that_look_for_known_rows_do_not_grow(tenant, tmp_path, django_assert_num_queries):
    path = tmp_path / "people.csv"
    path.write_text("firstname\n" + "".join(f"P{number}\n" for number in range(9)))
    facts = ("--company", str(tenant.company.pk), "--as", "manager@tenant")
    # No key finds these people again: their rows do.
    assert [run("import_people", str(path), *facts).lines for _ in range(2)] == [
        ["9 created, 0 failed, 9 in all."],
        ["0 created, 9 unchanged, 0 failed, 9 in all."],
    ]
    job = ImportJob.objects.latest("pk")
    hashes = list(ImportRow.objects.filter(job=job).values_list("hash", flat=True))
    sources = ledger.sources_of(job)

    for some in (hashes[:1], hashes):
        with django_assert_num_queries(3):
            known = ledger.known_rows(job, sources, some, model=Person, actor=tenant.actors.manager)
        assert [known[each].is_applied for each in some] == [True] * len(some)
