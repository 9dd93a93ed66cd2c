"""The caller's notifications: list, unread number, marks, preferences and own settings."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from crm.models import Membership, Notification, NotificationPreference, User
from crm.services.notifications import DEFAULTS
from leads.models import Lead
from tests.clients import data, refusal
from tests.factories.leads import LeadFactory
from tests.stored import read_all

pytestmark = pytest.mark.django_db

LIST = """query ($unread: Boolean, $where: QueryNotificationsWhereWhereConditions) {
  notifications(unread: $unread, where: $where, orderBy: {column: ID, order: DESC}) {
    data { id kind text entity_namespace entity_id read_at mailed_at by { id } activity { id } }
    paginatorInfo { total } } }"""
MARK = "mutation ($ids: [ID!]!) { markNotificationsRead(ids: $ids) }"
MARK_ALL = "mutation ($until: DateTime) { markAllNotificationsRead(until: $until) }"
PREFERENCES = "{ notificationPreferences { digest_hour kinds { kind delivery is_default } } }"
PREFER = """mutation ($kind: NotificationKind!, $delivery: NotificationDelivery!) {
  setNotificationPreference(kind: $kind, delivery: $delivery) { kind delivery is_default } }"""
UPDATE_ME = "mutation ($input: MeInput!) { updateMe(input: $input) { id timezone } }"
UNREAD = "{ unreadNotifications }"


def tell(tenant: Any, member: str = "agent", **values: Any) -> Notification:
    lead = LeadFactory(company=tenant.company)
    given = {
        "company": tenant.company,
        "user": tenant.users[member],
        "kind": "LEAD_ASSIGNED",
        "content_type": ContentType.objects.get_for_model(Lead),
        "object_id": lead.pk,
        "by": tenant.users["manager"],
        "text": "Look",
        "key": f"test:{lead.pk}",
        "delivery": "IN_APP",
    }
    return Notification.objects.create(**given | values)


def listed(actor: Any, **variables: Any) -> Any:
    return data(LIST, actor=actor, variables=variables)["notifications"]


def unread(actor: Any) -> int:
    number: int = data(UNREAD, actor=actor)["unreadNotifications"]
    return number


def test_everybody_lists_their_own(tenant, other_tenant, actors, other_actors):
    mine = tell(tenant)
    for side, member in ((tenant, "manager"), (other_tenant, "agent")):
        tell(side, member)

    found = listed(actors.agent)

    assert found["data"] == [
        {
            "id": str(mine.pk),
            "kind": "LEAD_ASSIGNED",
            "text": "Look",
            "entity_namespace": "lead",
            "entity_id": str(mine.object_id),
            "read_at": None,
            "mailed_at": None,
            "by": {"id": str(tenant.users["manager"].pk)},
            "activity": None,
        }
    ]
    assert found["paginatorInfo"]["total"] == 1
    assert [len(listed(actor)["data"]) for actor in (actors.manager, actors.admin)] == [1, 0]
    assert len(listed(other_actors.agent)["data"]) == 1


def test_unread_ones_are_counted_and_marked(tenant, actors):
    first, second, third = (tell(tenant) for _ in range(3))
    tell(tenant, "manager")
    assert (unread(actors.agent), unread(actors.viewer)) == (3, 0)

    marked = data(MARK, actor=actors.agent, variables={"ids": [first.pk, second.pk, first.pk]})

    assert marked == {"markNotificationsRead": 2}
    assert unread(actors.agent) == 1
    assert [row["id"] for row in listed(actors.agent, unread=True)["data"]] == [str(third.pk)]
    assert [row["id"] for row in listed(actors.agent, unread=False)["data"]] == [
        str(second.pk),
        str(first.pk),
    ]
    assert data(MARK, actor=actors.agent, variables={"ids": [first.pk]}) == {"markNotificationsRead": 0}


def test_all_are_marked_that_had_come_when_the_list_was_read(tenant, actors):
    until = timezone.now() - timedelta(hours=1)
    old = tell(tenant)
    Notification.objects.filter(pk=old.pk).update(created_at=until - timedelta(hours=1))
    tell(tenant)
    tell(tenant, "manager")

    variables = {"until": until.isoformat()}
    assert data(MARK_ALL, actor=actors.agent, variables=variables) == {"markAllNotificationsRead": 1}
    assert unread(actors.agent) == 1
    assert data(MARK_ALL, actor=actors.agent) == {"markAllNotificationsRead": 1}
    assert (unread(actors.agent), unread(actors.manager)) == (0, 1)


def test_the_number_is_bounded(tenant, actors):
    row = tell(tenant)
    Notification.objects.bulk_create(
        Notification(
            **{
                name: getattr(row, name)
                for name in ("company", "user", "kind", "content_type", "object_id", "text", "delivery")
            },
            key=f"more:{number}",
        )
        for number in range(120)
    )

    assert unread(actors.agent) == 100


@pytest.mark.parametrize("whose", ["of another member", "of another company", "hidden", "unknown"])
def test_ids_that_are_not_the_callers_are_not_found(tenant, other_tenant, actors, whose):
    mine = tell(tenant)
    other = tell(other_tenant if whose == "of another company" else tenant, "manager")
    if whose == "hidden":
        other = tell(tenant)
        Lead.objects.filter(pk=other.object_id).update(deleted_at=timezone.now())
    key = 10**9 if whose == "unknown" else other.pk
    before = read_all()

    error = refusal(MARK, actor=actors.agent, variables={"ids": [mine.pk, key]})

    assert error["extensions"] == {"code": "NOT_FOUND", "argument": "ids.1"}
    assert read_all() == before


def test_a_member_chooses_for_each_kind(tenant, actors):
    before = data(PREFERENCES, actor=actors.viewer)["notificationPreferences"]
    assert before == {
        "digest_hour": 8,
        "kinds": [
            {"kind": kind, "delivery": delivery, "is_default": True} for kind, delivery in DEFAULTS.items()
        ],
    }

    chosen = {"kind": "TASK_DUE", "delivery": "DIGEST"}
    for _ in range(2):
        answer = data(PREFER, actor=actors.viewer, variables=chosen)
        assert answer == {"setNotificationPreference": {**chosen, "is_default": False}}

    assert NotificationPreference.objects.count() == 1
    after = data(PREFERENCES, actor=actors.viewer)["notificationPreferences"]["kinds"]
    assert [row for row in after if not row["is_default"]] == [{**chosen, "is_default": False}]
    assert data(PREFERENCES, actor=actors.agent)["notificationPreferences"] == before


def test_a_member_chooses_time_zone_and_hour(tenant, actors):
    values: Any = {"timezone": "America/New_York", "digest_hour": 17}
    user = tenant.users["viewer"]

    answer = data(UPDATE_ME, actor=actors.viewer, variables={"input": values})

    assert answer == {"updateMe": {"id": str(user.pk), "timezone": "America/New_York"}}
    assert Membership.objects.get(user=user).digest_hour == 17
    assert data("{ me { timezone } }", actor=actors.viewer) == {"me": {"timezone": "America/New_York"}}
    # What is left out stays; null is that of the company.
    data(UPDATE_ME, actor=actors.viewer, variables={"input": {"digest_hour": 0}})
    assert User.objects.get(pk=user.pk).timezone == "America/New_York"
    data(UPDATE_ME, actor=actors.viewer, variables={"input": {"timezone": None}})
    assert User.objects.get(pk=user.pk).timezone is None
    assert Membership.objects.get(user=user).digest_hour == 0


def test_a_member_chooses_a_language(tenant, actors):
    change = "mutation ($code: String) { updateMe(input: {language: $code}) { language timezone } }"

    answer = data(change, actor=actors.viewer, variables={"code": "es"})
    error = refusal(change, actor=actors.viewer, variables={"code": "tlh"})["extensions"]

    assert answer == {"updateMe": {"language": "es", "timezone": None}}
    assert (error["code"], list(error["validation"])) == ("VALIDATION", ["input.language"])
    assert data("{ me { language } }", actor=actors.viewer) == {"me": {"language": "es"}}
    data(change, actor=actors.viewer, variables={"code": None})
    assert User.objects.get(pk=tenant.users["viewer"].pk).language is None


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({"timezone": "Mars/Olympus"}, "input.timezone"),
        ({"timezone": "europe/madrid"}, "input.timezone"),
        ({"timezone": "../../etc/passwd"}, "input.timezone"),
        ({"timezone": "Europe/Madrid", "digest_hour": 24}, "input.digest_hour"),
        ({"digest_hour": -1}, "input.digest_hour"),
        ({"digest_hour": None}, "input.digest_hour"),
    ],
)
def test_settings_are_checked(actors, values, path):
    before = read_all()

    error = refusal(UPDATE_ME, actor=actors.agent, variables={"input": values})["extensions"]

    assert (error["code"], list(error["validation"])) == ("VALIDATION", [path])
    assert read_all() == before


@pytest.mark.parametrize(("column", "value", "found"), [("KIND", "TASK_DUE", 1), ("KIND", "MENTIONED", 0)])
def test_the_list_can_be_narrowed(tenant, actors, column, value, found):
    tell(tenant)
    tell(tenant, kind="TASK_DUE")

    rows = listed(actors.agent, where={"column": column, "value": value})["data"]

    assert len(rows) == found
