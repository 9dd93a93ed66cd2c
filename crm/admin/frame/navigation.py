"""The navigation by task. Each app registers the entries of its pages when its admin is imported."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model
from django.http import HttpRequest
from django.urls import URLResolver, get_resolver, get_script_prefix, get_urlconf, reverse
from django.utils.translation import gettext
from django_stubs_ext import StrOrPromise

from crm.actors import Action, Actor
from crm.admin.acting import actor_of


class Section(Enum):
    """The parts of the navigation, in their order; the first has no title."""

    WORK = "work"
    DATA = "data"
    SET_UP = "set-up"

    @property
    def title(self) -> str:
        return {Section.WORK: "", Section.DATA: gettext("Data"), Section.SET_UP: gettext("Set-up")}[self]

    @property
    def action(self) -> Action:
        """The action that a member has to be allowed to see the entries of this part."""
        return Action.CHANGE_LOOKUPS if self is Section.SET_UP else Action.READ


@lru_cache(maxsize=1000)
def _address(name: str, _resolver: URLResolver, _prefix: str) -> str:
    """Return the address of a page, which only the resolver and the prefix of all addresses can change."""
    return reverse(name)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A page that the navigation leads to.

    Entries of the set-up stand on a page of their own, under the title of their group.
    """

    label: StrOrPromise
    section: Section
    #: The place in the section: the lowest first.
    weight: int
    #: The list of a model, which those see who may open it.
    model: type[Model] | None = None
    #: The name of another page in the admin.
    page: str | None = None
    #: The view of the list that the entry opens, as a query.
    query: str = ""
    #: Who sees it, where that does not follow from the model.
    action: Action = Action.READ
    #: A symbol of ``templates/admin/crm/frame/icons.html``.
    icon: str = ""
    group: StrOrPromise = ""
    #: What the entry is for, on the page of the set-up.
    hint: StrOrPromise = ""

    @property
    def address(self) -> str:
        page = self.page
        if self.model is not None:
            page = f"{self.model._meta.app_label}_{self.model._meta.model_name}_changelist"
        # Each page of the admin asks for all of them, and resolving took longer than all else here.
        return _address(f"admin:{page}", get_resolver(get_urlconf()), get_script_prefix())

    def is_open_to(self, request: HttpRequest, actor: Actor | None) -> bool:
        if request.user.is_superuser and self.model is not None:
            return admin.site.get_model_admin(self.model).has_view_permission(request)
        if actor is None or not actor.may(self.section.action) or not actor.may(self.action):
            return False
        return self.model is None or admin.site.get_model_admin(self.model).has_view_permission(request)


@dataclass(frozen=True, kw_only=True)
class Link:
    """An entry as a page shows it."""

    label: StrOrPromise
    address: str
    icon: str
    hint: StrOrPromise
    is_current: bool


@dataclass(frozen=True, kw_only=True)
class Part:
    """A titled list of links."""

    title: StrOrPromise
    links: list[Link]


_entries: list[Entry] = []


def register(*entries: Entry) -> None:
    """Add entries to the navigation.

    :raises ImproperlyConfigured: if an entry leads nowhere, or a model has two.
    """
    for entry in entries:
        if (entry.model is None) == (entry.page is None):
            raise ImproperlyConfigured(f"The entry {entry.label} of the navigation has no page, or two.")
        if entry.model is not None and any(known.model is entry.model for known in _entries):
            raise ImproperlyConfigured(f"{entry.model.__name__} stands in the navigation twice.")
        _entries.append(entry)


def entries() -> Iterable[Entry]:
    """Return all entries by section and weight."""
    sections = list(Section)
    return sorted(_entries, key=lambda entry: (sections.index(entry.section), entry.weight))


def navigation_of(request: HttpRequest) -> list[Part]:
    """Return the navigation of a member: the set-up is one link, to ``set_up_of``."""
    actor = actor_of(request)
    # Superusers without a company open some pages of the set-up.
    if actor is None and not request.user.is_superuser:
        return []
    places = [(entry, entry.address) for entry in entries()]
    current = _current(request, [address for _entry, address in places])
    parts = []
    for section in (Section.WORK, Section.DATA):
        links = [
            _link(entry, address, current)
            for entry, address in places
            if entry.section is section and entry.is_open_to(request, actor)
        ]
        parts += [Part(title=section.title, links=links)] if links else []
    of_set_up = [place for place in places if place[0].section is Section.SET_UP]
    if any(entry.is_open_to(request, actor) for entry, _address in of_set_up):
        address = reverse("admin:set_up")
        is_current = current == address or any(
            current == each and entry.is_open_to(request, actor) for entry, each in of_set_up
        )
        link = Link(label=gettext("Set-up"), address=address, icon="set-up", hint="", is_current=is_current)
        parts.append(Part(title="", links=[link]))
    return parts


def set_up_of(request: HttpRequest) -> list[Part]:
    """Return the groups of the set-up that a member may open."""
    actor = actor_of(request)
    of_set_up = (each for each in entries() if each.section is Section.SET_UP)
    shown = (each for each in of_set_up if each.is_open_to(request, actor))
    grouped = groupby(shown, key=lambda entry: entry.group)
    return [
        Part(title=title, links=[_link(each, each.address, "") for each in group]) for title, group in grouped
    ]


def _link(entry: Entry, address: str, current: str) -> Link:
    return Link(
        label=entry.label,
        address=f"{address}?{entry.query}" if entry.query else address,
        icon=entry.icon,
        hint=entry.hint,
        is_current=address == current,
    )


def _current(request: HttpRequest, addresses: Iterable[str]) -> str:
    """Return the address of the entry that a page belongs to: the longest that the path begins with."""
    index = reverse("admin:index")
    known = {*addresses, reverse("admin:set_up")}
    inside = [address for address in known if address != index and request.path.startswith(address)]
    return max(inside, key=len, default=request.path)


@dataclass(frozen=True, kw_only=True)
class QuickAdd:
    """An entry of the menu that adds something from any page."""

    label: StrOrPromise
    weight: int
    address: Callable[[], str]
    action: Action
    #: Returns the fields of a new record that a text which nothing was found by fills in; none: not offered.
    fields: Callable[[str], Mapping[str, str]] = lambda _text: {}


_quick: list[QuickAdd] = []


def register_quick_add(*entries: QuickAdd) -> None:
    _quick.extend(entries)


def quick_add_of(request: HttpRequest) -> list[dict[str, Any]]:
    """Return what a member may add from any page."""
    return [{"label": each.label, "address": each.address()} for each in _addable(request)]


def addable_as(request: HttpRequest, text: str) -> list[dict[str, Any]]:
    """Return what a member may add whose form begins with a text that was searched for in vain."""
    filled = [(each, each.fields(text)) for each in _addable(request)]
    return [
        {"label": each.label, "address": f"{each.address()}?{urlencode(fields)}"}
        for each, fields in filled
        if fields
    ]


def _addable(request: HttpRequest) -> list[QuickAdd]:
    actor = actor_of(request)
    return [each for each in sorted(_quick, key=lambda each: each.weight) if actor and actor.may(each.action)]
