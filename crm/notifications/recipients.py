"""Who is notified: active members, as they want it, of what they see."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import Value

from crm.actors import Actor, Door
from crm.credentials import COLUMNS, CredentialRow
from crm.models import Membership, NotificationDelivery, NotificationPreference
from crm.models.base import visible_rows
from crm.notifications.sources import Notice
from crm.services.notifications import DEFAULTS

#: A member: the ids of company and user.
Member = tuple[int, int]
#: Members whose view is asked for in one statement; SQLite joins at most 500 queries.
MOST_VIEWS = 50


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """An active member, with the rights that a session of the member would have now."""

    membership_id: int
    actor: Actor
    preferences: Mapping[str, str]

    def delivery(self, kind: str) -> NotificationDelivery:
        """Return how the member wants to hear of a kind."""
        return NotificationDelivery(self.preferences.get(kind, DEFAULTS[kind]))


def recipients_of(members: Iterable[Member]) -> dict[Member, Recipient]:
    """Return those of some members who are active, with their preferences."""
    wanted = set(members)
    rows = Membership.objects.active().filter(
        # One membership more than wanted is possible: a user of two companies.
        company__in={company for company, _ in wanted},
        user__in={user for _, user in wanted},
    )
    found = [(pk, CredentialRow(*columns)) for pk, *columns in rows.values_list("pk", *COLUMNS)]
    chosen: dict[int, dict[str, str]] = defaultdict(dict)
    preferences = NotificationPreference.objects.filter(membership__in=[pk for pk, _ in found])
    for membership, kind, delivery in preferences.values_list("membership", "kind", "delivery"):
        chosen[membership][kind] = delivery
    return {
        (row.company_id, row.user_id): Recipient(
            membership_id=pk, actor=row.credential(Door.COMMAND).actor, preferences=chosen[pk]
        )
        for pk, row in found
        if (row.company_id, row.user_id) in wanted
    }


def seen(notices: Sequence[Notice], recipients: Mapping[Member, Recipient]) -> list[Notice]:
    """Return the notices about what their recipients see now: one statement for each kind of row."""
    by_member: dict[int, Recipient] = {each.membership_id: each for each in recipients.values()}
    keys: dict[type[models.Model], dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
    for notice in notices:
        model, key = notice.about
        keys[model][recipients[member_of(notice)].membership_id].add(key)
    visible: set[tuple[type[models.Model], int, int]] = set()
    for model, of_members in keys.items():
        views = [_view(model, by_member[member], wanted) for member, wanted in of_members.items()]
        for start in range(0, len(views), MOST_VIEWS):
            first, *others = views[start : start + MOST_VIEWS]
            rows: Any = first.union(*others, all=True) if others else first
            visible |= {(model, membership, key) for membership, key in rows}
    return [
        notice
        for notice in notices
        if (notice.about[0], recipients[member_of(notice)].membership_id, notice.about[1]) in visible
    ]


def _view(model: type[models.Model], recipient: Recipient, keys: set[int]) -> models.QuerySet[Any, Any]:
    rows = visible_rows(model, recipient.actor).filter(pk__in=keys).order_by()
    membership = Value(recipient.membership_id, models.BigIntegerField())
    view: models.QuerySet[Any, Any] = rows.annotate(seen_by=membership).values_list("seen_by", "pk")
    return view


def member_of(notice: Notice) -> Member:
    return notice.company_id, notice.user_id
