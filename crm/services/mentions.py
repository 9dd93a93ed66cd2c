"""Mentions of members in notes: ``@ana``, or ``@"Ana Ruiz"`` for a name of several words."""

import re
from collections import defaultdict
from collections.abc import Iterable

from django.core.exceptions import ValidationError

from crm.actors import Actor
from crm.events import outbox
from crm.events.audience import MENTION
from crm.models import Activity, Membership
from crm.texts import name_key

#: Not within a word, an address or another mention: ``bob@example.com`` mentions nobody. A bare name begins
#: with a letter and does not end with the punctuation of its sentence; it may be an e-mail address.
MENTION_PATTERN = re.compile(
    r"""(?<![\w@.+-])@(?:"([^"\n]{1,150})"|([^\W\d_](?:[\w.+-]*\w)?(?:@[\w-]+(?:\.[\w-]+)*)?))"""
)


def names_in(text: str) -> frozenset[str]:
    """Return the names that a text mentions, as they are written in it."""
    return frozenset(quoted or bare for quoted, bare in MENTION_PATTERN.findall(text))


def mentioned_in(text: str, actor: Actor, *, before: str = "") -> frozenset[int]:
    """Return the ids of the members whom a text mentions and its former version did not.

    A name is a username, a display name or a first name, or what stands before the @ in a username, whatever
    its case; the first of these that a member has counts.

    :raises ValidationError: keyed ``text``, if no active member has a name, or several have.
    """
    new = names_in(text) - names_in(before)
    return frozenset(_find(new, actor)) if new else frozenset()


def _find(names: Iterable[str], actor: Actor) -> set[int]:
    by_name = _members_by_name(actor)
    found, faults = set(), []
    for name in sorted(names):
        members = next((known[name_key(name)] for known in by_name if name_key(name) in known), set())
        if len(members) == 1:
            found |= members
        elif members:
            faults.append(f'Several members are called "{name}": mention one by username.')
        else:
            faults.append(
                f'No member is called "{name}". Mention one as @username or @"Full name"; where the sign @ '
                "is to mention nobody, put a space after it."
            )
    if faults:
        raise ValidationError({"text": faults})
    return found


def _members_by_name(actor: Actor) -> list[dict[str, set[int]]]:
    """Return the active members of the company by the forms of their names, the most exact form first."""
    members = Membership.objects.visible_to(actor).active()
    rows = members.values_list("user", "user__username", "user__displayname", "user__first_name")
    forms: list[dict[str, set[int]]] = [defaultdict(set) for _ in range(4)]
    for user, username, displayname, first_name in rows:
        names = (username, displayname, first_name, username.partition("@")[0])
        for known, name in zip(forms, names, strict=True):
            if name:
                known[name_key(name)].add(user)
    return [dict(known) for known in forms]


def emit_mentions(activity: Activity, users: frozenset[int], *, actor: Actor) -> None:
    """Emit that members were mentioned in a note: they are notified, if they see its record."""
    if users:
        outbox.emit_internal(MENTION, activity, actor_id=actor.user_id, door=actor.door, readers=users)
