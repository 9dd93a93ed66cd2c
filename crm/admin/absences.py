"""When members are away."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest

from crm.actors import Action
from crm.admin.base import acting
from crm.admin.filters import VisibleRelatedFilter
from crm.admin.forms import ServiceForm
from crm.admin.writing import FormSet, WritesThroughService
from crm.models import Absence
from crm.services.absences import delete_absence, save_absence


@admin.register(Absence)
class AbsenceAdmin(WritesThroughService[Absence]):
    """Absences: everybody's to look at, one's own to change; managers change those of all."""

    form = ServiceForm[Absence]
    write_action = Action.CHANGE_ABSENCES
    list_display = ("user", "starts_at", "ends_at", "reason")
    list_filter = (("user", VisibleRelatedFilter),)
    list_select_related = ("user",)
    search_fields = ("user__username", "user__displayname", "reason")
    ordering = ("-starts_at", "pk")
    autocomplete_fields = ("user",)
    fieldsets: ClassVar[Any] = ((None, {"fields": ("user", "starts_at", "ends_at", "reason")}),)

    def store(self, request: HttpRequest, form: Any, formsets: Sequence[FormSet]) -> None:
        """Store the absence."""
        save_absence(form.instance, actor=acting(request))

    def remove(self, request: HttpRequest, obj: Absence) -> None:
        """Take the absence back."""
        delete_absence(obj.pk, actor=acting(request))
