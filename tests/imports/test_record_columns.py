"""Columns of work and of the past: job titles, owners, notes, opt-outs, times, reasons, external ids."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from crm.models import Activity, ImportJob
from leads.models import Lead, LeadLostReason, StageVisit
from people.models import Employment, Organization, Person
from tests.imports.conftest import importing, row_counts

pytestmark = pytest.mark.django_db

UPDATE = ("--on-duplicate", "update")


def test_columns_of_people_are_kept_and_change_nothing_the_second_time(import_people, tenant):
    tenant.company.timezone = "Europe/Berlin"
    tenant.company.save()
    rows = (
        "lastname,email,organization,position,owner,do_not_contact,note,note_at,created_at\n"
        "Doe,doe@example.com,Acme,Head of Sales,agent@tenant,yes,Met @nobody at the fair,"
        "2019-05-02 09:30,2018-01-31\n"
        "Roe,roe@example.com,,Painter,,no,,,\n"
    )

    first = import_people(rows, *UPDATE)
    stored = row_counts()
    # Without its ledger, the rows are known by what they hold.
    ImportJob.objects.all().delete()
    again = import_people(rows, *UPDATE)

    assert (first.code, first.errors, again.code, again.errors) == (0, [], 0, [])
    assert again.lines == ["0 created, 2 unchanged, 0 failed, 2 in all."]
    assert row_counts() == stored
    doe, roe = Person.objects.order_by("lastname")
    assert (doe.user, doe.do_not_contact) == (tenant.users["agent"], True)
    # Midnight of the day in Berlin.
    assert doe.created_at == datetime(2018, 1, 30, 23, tzinfo=UTC)
    assert (roe.user, roe.do_not_contact) == (tenant.users["manager"], False)
    positions = Employment.objects.values_list("person__lastname", "position", "organization__name", "status")
    assert set(positions) == {("Doe", "Head of Sales", "Acme", 1), ("Roe", "Painter", None, 1)}
    note = Activity.objects.get()
    assert (note.kind, note.text, note.entity) == ("NOTE", "Met @nobody at the fair", doe)
    assert note.created_at == datetime(2019, 5, 2, 7, 30, tzinfo=UTC)


def test_a_new_position_and_note_are_added(import_people):
    head = "email,organization,position,note\n"
    import_people(head + "doe@example.com,Acme,Clerk,First\n", *UPDATE)

    ended = import_people(head + "doe@example.com,acme,Director,Second\n", *UPDATE)

    assert ended.lines == ["0 created, 1 updated, 0 failed, 1 in all."]
    assert list(Employment.objects.order_by("pk").values_list("position", flat=True)) == ["Clerk", "Director"]
    assert list(Activity.objects.order_by("pk").values_list("text", flat=True)) == ["First", "Second"]
    assert Organization.objects.count() == 1


def test_closed_leads_keep_their_times_reasons_and_values(import_leads, tenant):
    LeadLostReason.objects.create(company=tenant.company, name="Price")
    rows = (
        "title,status,created_at,closed_at,stage_changed_at,amount,currency,"
        "lost_reason,reason_lost,owner,note,note_at\n"
        "Won deal,won,2019-01-01,2019-03-01 12:00,,100,EUR,,,agent@tenant,Signed,2019-03-01\n"
        "Lost deal,LOST,2019-02-01T00:00:00Z,2019-04-01,,,,price,Too dear,,,\n"
        "Open deal,,2019-02-01,,2019-02-07,,,,,,,\n"
    )

    ended = import_leads(rows)

    assert (ended.code, ended.errors) == (0, [])
    won, lost, opened = Lead.objects.order_by("pk")
    assert (won.status.name, won.created_at, won.closed_at, won.stage_changed_at) == (
        *("Won", datetime(2019, 1, 1, tzinfo=UTC)),
        *(datetime(2019, 3, 1, 12, tzinfo=UTC), datetime(2019, 3, 1, 12, tzinfo=UTC)),
    )
    assert (won.amount, won.currency, won.owner) == (Decimal(100), "EUR", tenant.users["agent"])
    assert (str(lost.lost_reason), lost.reason_lost) == ("Price", "Too dear")
    assert (lost.status.name, lost.closed_at) == ("Lost", datetime(2019, 4, 1, tzinfo=UTC))
    assert (opened.closed_at, opened.stage_changed_at) == (None, datetime(2019, 2, 7, tzinfo=UTC))
    visits = StageVisit.objects.order_by("lead").values_list("entered_at", flat=True)
    assert list(visits) == [won.stage_changed_at, lost.stage_changed_at, opened.stage_changed_at]
    assert won.last_activity_at == won.stage_changed_at
    assert Activity.objects.get().created_at == datetime(2019, 3, 1, tzinfo=UTC)


def test_records_are_named_by_external_id(tenant, tmp_path):
    organizations = importing("import_organizations", tenant, tmp_path)
    people = importing("import_people", tenant, tmp_path)
    leads = importing("import_leads", tenant, tmp_path)
    source = ("--source", "sf", *UPDATE)

    organizations("name,external_id,owner,note\nAcme,o1,agent@tenant,Key account\nAcme,o2,,\n", *source)
    people("lastname,external_id,organization_external_id\nDoe,p1,o2\n", *source)
    ended = leads(
        "title,external_id,person_external_id,organization_external_id\nDeal,d1,p1,o1\nOther,d2,p9,\n",
        "--source",
        "SF",
    )

    assert ended.errors[:1] == [
        "line 3: person_external_id: No person has this external id of sf: import the people first."
    ]
    first, second = Organization.objects.order_by("external_id")
    person, lead = Person.objects.get(), Lead.objects.get()
    assert list(person.organizations.all()) == [second]
    assert (lead.person, lead.organization, lead.external_id) == (person, first, "d1")
    assert (first.user, Activity.objects.get().entity) == (tenant.users["agent"], first)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("title,closed_at\nA,2019-01-01", "closed_at: An open lead is not closed: name its status too."),
        (
            "title,status,created_at,closed_at\nA,won,2019-02-01,2019-01-01",
            "closed_at: This lies before the lead was created.",
        ),
        ("title,created_at\nA,2999-01-01", "created_at: Enter a time between 1970 and now."),
        (
            "title,created_at\nA,yesterday",
            "created_at: Enter a time as 2026-12-31 or 2026-12-31 13:45, in the time zone of the company.",
        ),
    ],
    ids=["open", "order", "future", "word"],
)
def test_times_that_cannot_be_are_refused(import_leads, row, said):
    before = row_counts()

    ended = import_leads(row + "\n")

    assert (ended.code, ended.errors[0]) == (3, f"line 2: {said}")
    assert row_counts() == before


def test_times_in_another_form_need_to_be_told(import_people):
    rows = "lastname,created_at\nDoe,31.01.2018 14:05\nRoe,01.02.2018\n"

    stopped = import_people(rows)
    ended = import_people(rows, "--date-format", "DD.MM.YYYY")

    assert stopped.code == 1
    assert "--date-format DD.MM.YYYY" in stopped.errors[0]
    assert (ended.code, ended.errors) == (0, [])
    assert list(Person.objects.order_by("lastname").values_list("created_at", flat=True)) == [
        datetime(2018, 1, 31, 14, 5, tzinfo=UTC),
        datetime(2018, 2, 1, tzinfo=UTC),
    ]


def test_a_flag_is_yes_or_no(import_people):
    ended = import_people("lastname,do_not_contact\nDoe,maybe\nRoe,TRUE\nPoe,0\n")

    assert ended.errors[0] == "line 2: do_not_contact: Enter yes or no."
    assert set(Person.objects.values_list("lastname", "do_not_contact")) == {("Roe", True), ("Poe", False)}


def test_links_to_other_records(tenant, tmp_path):
    organizations, people, leads = (
        importing(f"import_{kind}", tenant, tmp_path) for kind in ("organizations", "people", "leads")
    )
    source = ("--source", "Hub")
    organizations("name,external_id\nAcme,o1\n", *source)

    linked = people("lastname,AccountId\nDoe,o1\n", *source, "--link", "AccountId=organization.external_id")
    wrong = leads("title,AccountId\nDeal,o1\n", *source, "--link", "AccountId=organization")
    none = organizations("name,AccountId\nB,o1\n", *source, "--link", "AccountId=organization.external_id")

    assert linked.code == 0, "; ".join(linked.errors)
    assert (linked.code, Person.objects.get().organizations.get().name) == (0, "Acme")
    assert wrong.errors == [
        "--link AccountId=organization names no other record: choose organization.external_id or"
        " person.external_id."
    ]
    assert none.errors == [
        "--link AccountId=organization.external_id names no other record: rows of this file link no other"
        " records."
    ]
