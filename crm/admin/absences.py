"""The admin page of absences."""

from django.contrib import admin
from django.utils.translation import gettext

from crm.actors import Action
from crm.admin.filters import VisibleRelatedFilter
from crm.admin.forms import ServiceForm
from crm.admin.writing import WritesThroughService
from crm.models import Absence
from crm.services.absences import delete_absence, save_absence


@admin.register(Absence)
class AbsenceAdmin(WritesThroughService[Absence]):
    """Absences: visible to every member; members change their own, managers all."""

    form = ServiceForm[Absence]
    write_action = Action.CHANGE_ABSENCES
    save_service = staticmethod(save_absence)
    delete_service = staticmethod(delete_absence)
    list_display = ("user", "starts_at", "ends_at", "reason")
    list_filter = (("user", VisibleRelatedFilter),)
    list_select_related = ("user",)
    search_fields = ("user__username", "user__displayname", "reason")
    ordering = ("-starts_at", "pk")
    autocomplete_fields = ("user",)
    fieldsets = ((None, {"fields": ("user", "starts_at", "ends_at", "reason")}),)

    def heading_of(self, row: Absence) -> str:
        return gettext("%(user)s away") % {"user": row.user}
