"""Explain why a user does or does not receive an event."""

from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Q

from crm.actors import Actor, Door
from crm.credentials import CredentialRow
from crm.database.keys import parse_id
from crm.emails import canonical_email
from crm.events.audience import GONE, Event, Visibility, rule_for
from crm.events.kinds import kind_named
from crm.events.lookup import EventNotFound, find_event
from crm.management.arguments import company_of, ensure_ready
from crm.models import Membership, User
from crm.models.base import visible_rows

OUTCOMES = {
    Visibility.PAYLOAD: "sent with the record",
    Visibility.REMOVED: "sent as removed",
    Visibility.REFETCH: "sent as bulk",
    Visibility.NOTHING: "not sent",
}


class Command(BaseCommand):
    help = "Explain why a user does or does not receive an event of the log."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("cursor", metavar="CURSOR", help="a cursor of a message, or the event's number")
        parser.add_argument(
            "--for", dest="user", required=True, metavar="USER", help="id, e-mail or username"
        )
        parser.add_argument("--company", metavar="ID", help="default: the company the user works in")

    def handle(self, *args: object, **options: Any) -> None:
        ensure_ready()
        membership = membership_of(find_user(options["user"]), options["company"])
        try:
            event, stored_at = find_event(options["cursor"])
        except EventNotFound as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Event {event.seq}, {stored_at:%Y-%m-%d %H:%M:%S} UTC")
        for name, text in explain(event, membership):
            self.stdout.write(f"  {name:10}{text}")
        self.stdout.write(
            "The id and where of a subscription can hold an event back too: LOG_DEBUG=crm.events.delivery "
            "has the server log each case."
        )


def explain(event: Event, membership: Membership) -> Iterator[tuple[str, str]]:
    """Yield the facts that decide on an event for a member, each with its name."""
    actor = actor_of(membership)
    rule = rule_for(event, actor)
    names = names_of({event.actor_id, *(event.before or ()), *(event.after or ())})
    author = "the system" if event.actor_id is None else names.get(event.actor_id, f"user {event.actor_id}")
    yield "record", "many records" if event.kind == "bulk" else f"{event.entity} {event.object_id}"
    yield "kind", f"{event.kind}, by {author} through {event.door.value}"
    previous = event.previous_values()
    for column, value in previous.items():
        yield "changed", f"{column}, which was {'empty' if value is None else value}"
    others = [name for name in event.changed if not {name, f"{name}_id"} & previous.keys()]
    if others:
        yield "changed", ", ".join(others)
    if event.winner_id is not None:
        yield "winner", f"{event.entity} {event.winner_id}"
    yield "before", "nobody" if event.is_new else audience_text(event.before, names)
    yield "after", "nobody" if event.kind in GONE else audience_text(event.after, names)
    yield "user", f"{name_of(membership.user)}, {membership.role} in {membership.company}: {scope_of(actor)}"
    yield "decision", f"{OUTCOMES[rule.visibility]}: {rule.reason}"
    if event.kind != "bulk":
        yield "readable", readable_text(event, actor)


def find_user(text: str) -> User:
    """Return the user of an id, e-mail or username.

    :raises CommandError: if there is none, or more than one.
    """
    number = parse_id(text)
    by_id = None if number is None else User.objects.filter(pk=number).first()
    # An id wins over a username of digits, so that every user can be named.
    named = Q(username=text) | Q(email_canonical=canonical_email(text))
    found: list[User] = [by_id] if by_id else list(User.objects.filter(named)[:10])
    if not found:
        raise CommandError(f"There is no user {text}: pass an id, an e-mail or a username.")
    if len(found) > 1:
        raise CommandError(f"Several users match {text}: pass one of the ids. {join_names(found)}")
    return found[0]


def membership_of(user: User, company_key: str | None) -> Membership:
    """Return the active membership to explain: of the company named, the only one, or the default one.

    :raises CommandError: if there is none, or the company has to be named.
    """
    memberships = list(
        Membership.objects.active().filter(user=user).select_related("company", "user").order_by("pk")
    )
    companies = ", ".join(f"{each.company_id} ({each.company})" for each in memberships)
    if not memberships:
        raise CommandError(
            f"{name_of(user)} is not an active member of any company, and receives no events. Check that "
            "user, membership and company are active."
        )
    if company_key is not None:
        company = company_of(company_key)
        memberships = [each for each in memberships if each.company_id == company.pk]
        if not memberships:
            raise CommandError(
                f"{name_of(user)} is not an active member of {company}, and receives none of its events. "
                f"Companies of this user: {companies}."
            )
    if len(memberships) > 1:
        memberships = [each for each in memberships if each.is_default]
        if not memberships:
            raise CommandError(
                f"{name_of(user)} is a member of several companies, none of them the default: choose one "
                f"with --company. Companies of this user: {companies}."
            )
    return memberships[0]


def actor_of(membership: Membership) -> Actor:
    """Return the actor that a connection of the member would have now."""
    company = membership.company
    row = CredentialRow(
        user_id=membership.user_id,
        company_id=membership.company_id,
        role=membership.role,
        company_uuid=company.uuid,
        lead_visibility=company.lead_visibility,
        registered_documents_only=company.registered_documents_only,
        region=company.region,
    )
    return row.credential(Door.GRAPHQL).actor


def scope_of(actor: Actor) -> str:
    """Return which leads the actor sees, and why."""
    if actor.company_sees_all_leads:
        return "the company shows all leads to all members"
    if actor.sees_all_leads:
        return "this role sees all leads"
    return "the company shows members only their own leads"


def readable_text(event: Event, actor: Actor) -> str:
    """Return whether the actor can read the record now, and if not, why."""
    model = kind_named(event.entity).model
    if visible_rows(model, actor).filter(pk=event.object_id).exists():
        return "yes, now"
    # The default manager may leave out deleted rows.
    row = model._base_manager.filter(pk=event.object_id).first()
    if row is None:
        return "no: it does not exist any more"
    if row.deleted_at is not None:
        return "no: it is deleted"
    return "no: the user does not see it now"


def names_of(ids: set[int | None]) -> dict[int, str]:
    """Return the names of users by their ids."""
    return {user.pk: name_of(user) for user in User.objects.filter(pk__in=ids - {None})}


def name_of(user: User) -> str:
    return f"{user.username} ({user.pk})"


def join_names(users: list[User]) -> str:
    return ", ".join(name_of(user) for user in users)


def audience_text(ids: frozenset[int] | None, names: dict[int, str]) -> str:
    """Return the names in an audience; ids of deleted users stay ids."""
    if ids is None:
        return "all members"
    return ", ".join(names.get(each, f"user {each}") for each in sorted(ids)) or "nobody"
