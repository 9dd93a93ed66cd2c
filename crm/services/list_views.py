"""Saved views of lists, and the columns that a member has chosen."""

from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import QueryDict

from crm.actors import Action, Actor
from crm.models.list_views import LONGEST_QUERY, ListColumns, ListView
from crm.models.texts import stored_name_key
from crm.services import locking, saving
from crm.texts import is_blank

#: Views of one member of one list, which all stand above it.
MOST_VIEWS = 30
#: Parts of an address that belong to a moment, and not to a view: the page, an error, a pop-up.
PASSING = ("p", "e", "all", "_popup", "_to_field", "_changelist_filters")


def lasting_part(query: str) -> str:
    """Return a query string without what belongs to a moment, encoded anew."""
    read = QueryDict(query, mutable=True)
    for name in PASSING:
        read.pop(name, None)
    return read.urlencode()


@transaction.atomic
def save_list_view(model: str, name: str, query: str, *, is_shared: bool, actor: Actor) -> ListView:
    """Store a view of a list under a name; one's own view of that name is replaced.

    :param model: the label of the list's model, such as ``leads.lead``.
    :param is_shared: whether colleagues see it, which viewers may not wish.
    """
    actor.require(Action.CHANGE_LEADS if is_shared else Action.READ)
    member = _member(actor)
    if is_blank(name):
        raise ValidationError({"name": ["Give the view a name."]})
    lasting = lasting_part(query)
    if len(lasting) > LONGEST_QUERY:
        raise ValidationError({"query": ["These filters are too long to be saved."]})
    locking.lock_company(actor.company_id)
    own = ListView.objects.filter(company_id=actor.company_id, user_id=member, model=model)
    view = own.filter(name_key=stored_name_key(name)).first()
    if view is None:
        if own.count() >= MOST_VIEWS:
            raise ValidationError({"name": [f"You have {MOST_VIEWS} views of this list: delete one first."]})
        view = ListView(company_id=actor.company_id, user_id=member, model=model)
    view.name, view.query, view.is_shared = name, lasting, is_shared
    saving.store(view, actor=actor)
    return view


@transaction.atomic
def delete_list_view(key: object, *, actor: Actor) -> ListView:
    """Delete a view of one's own; managers delete shared ones of others too. Return it as it was."""
    actor.require(Action.READ)
    view = locking.lock(ListView, actor, key)
    if view.user_id != actor.user_id:
        actor.require(Action.CHANGE_LOOKUPS)
    view.delete()
    return view


@transaction.atomic
def choose_columns(model: str, columns: Sequence[str], offered: Sequence[str], *, actor: Actor) -> None:
    """Store the columns that a member wishes to see in a list, in their order; none means the usual ones.

    :param offered: the names of all columns that the list has.
    :raises ValidationError: keyed ``columns`` if one is not offered.
    """
    actor.require(Action.READ)
    unknown = [name for name in columns if name not in offered]
    if unknown:
        raise ValidationError({"columns": [f"This list has no column {', '.join(unknown)}."]})
    member = _member(actor)
    locking.lock_company(actor.company_id)
    chosen = ListColumns.objects.visible_to(actor).filter(model=model)
    if not columns:
        chosen.delete()
        return
    row = chosen.first() or ListColumns(company_id=actor.company_id, user_id=member, model=model)
    row.columns = list(dict.fromkeys(columns))
    saving.store(row, actor=actor)


def _member(actor: Actor) -> int:
    if actor.user_id is None:
        raise ValidationError({"user": ["Only members have views of lists."]})
    return actor.user_id
