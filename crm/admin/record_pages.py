"""The page of a record around its form: its key facts and actions above, what belongs to it beside.

An app registers what belongs to records of the apps below it, such as the leads of a person, by ``related``.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any, TypeAlias

from django.db.models import Model
from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django_stubs_ext import StrOrPromise

from crm.actors import Actor
from crm.admin.acting import actor_of, zone_of
from crm.admin.dates import planned_in_words
from crm.admin.further import further_of
from crm.admin.one_field import EditsOneField
from crm.dates import start_of
from crm.models.records import Record
from crm.records.further_activities import FurtherActivities
from crm.services.planned_days import next_planned

#: Stands for the name of a field in an address that the script of the page completes.
FIELD_IN_ADDRESS = "FIELD"
#: Rows of a panel; a link leads to all of them where there are more.
MOST_RELATED = 10


@dataclass(frozen=True)
class Fact:
    """One of the key facts of a record; ``address`` opens what it names.

    ``field`` is the field of the form that holds it, if it is edited in place.
    """

    label: StrOrPromise
    text: str
    address: str = ""
    is_late: bool = False
    field: str = ""


@dataclass(frozen=True)
class Row:
    """A row of a panel."""

    text: str
    address: str = ""
    about: str = ""
    is_closed: bool = False


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Records that belong to the one of the page; ``address`` opens the list of all of them."""

    title: StrOrPromise
    rows: Sequence[Row]
    sums: str = ""
    address: str = ""
    goes_on: bool = False
    empty: StrOrPromise = ""
    add: str = ""
    #: Keys of records to compare with this one, and to merge, by the list at ``address``.
    compared: Sequence[int] = ()
    #: A template that stands in place of the rows, with what it shows, and the id by which it is shown anew.
    template: str = ""
    shown: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""


MakePanel: TypeAlias = Callable[[Any, Actor], Panel | None]

_related: dict[type[Model], list[tuple[int, MakePanel]]] = defaultdict(list)


def related(model: type[Model], weight: int, make: MakePanel) -> None:
    """Register a panel for the pages of a model's records; the lightest stands first.

    :param make: takes the record and the actor, and returns the panel, or None to show none.
    """
    _related[model].append((weight, make))


def page_of(record: Any) -> str:
    """Return the address of a record's page."""
    options = record._meta
    return reverse(f"admin:{options.app_label}_{options.model_name}_change", args=[record.pk])


class RecordPage(EditsOneField):
    """Mixin: the page of a record with its facts, and what belongs to it."""

    change_form_template = "admin/crm/record_page.html"
    #: A template that stands between the facts and the form.
    head_template = ""

    def facts_of(self, record: Any, actor: Actor) -> Sequence[Fact]:
        """Return the key facts of a record; those without a text are left out."""
        return ()

    def head_of(self, record: Any, actor: Actor) -> dict[str, Any]:
        """Return what ``head_template`` shows."""
        return {}

    def response_post_save_add(self, request: HttpRequest, obj: Any) -> HttpResponseRedirect:
        """Open the page of a new record: what comes next is done there, and not in the list."""
        # Who creates a lead always sees it: the service sees to that.
        return redirect(page_of(obj))

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        record, actor = kwargs.get("obj"), actor_of(request)
        if record is not None and record.deleted_at is None and actor is not None:
            panels = [
                make(record, actor) for _, make in sorted(_related[self.model], key=lambda each: each[0])
            ]
            may_edit = self.has_change_permission(request, record)
            facts = [
                *self.facts_of(record, actor),
                _next_fact(record, further_of(request, record), zone_of(request)),
            ]
            context |= {
                # An empty fact is shown to those who may fill it in.
                "facts": [fact for fact in facts if fact.text or (fact.field and may_edit)],
                "may_edit": may_edit,
                "field_address": reverse(
                    f"admin:{self._name_of('field')}", args=[record.pk, FIELD_IN_ADDRESS]
                ),
                "head_template": self.head_template,
                "panels": [panel for panel in panels if panel is not None],
                **self.head_of(record, actor),
            }
        return super().render_change_form(request, context, *args, **kwargs)


def _next_fact(record: Record, further: FurtherActivities | None, zone: tzinfo) -> Fact:
    """Return what is to be done next about a record, and when."""
    activity = next_planned(record, further)
    if activity is None:
        return Fact(gettext("Next activity"), "")
    today = timezone.now().astimezone(zone).date()
    words = (planned_in_words(activity, today, zone), str(activity))
    is_late = activity.is_overdue(start_of(today, zone))
    return Fact(gettext("Next activity"), ": ".join(filter(None, words)), page_of(activity), is_late=is_late)
