"""Follow a lead from its page: its changes are told to those who follow it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from crm.admin.base import acting
from crm.admin.frame.fragments import back_to
from crm.admin.lifecycle import LiveAdmin
from crm.admin.record_pages import page_of
from leads.admin.one_lead import lead_to_change
from leads.models import Lead
from leads.services.involvement import follow_lead, unfollow_lead


class WithFollowing(LiveAdmin[Lead]):
    """Mixin: the member follows a lead, or does so no longer."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.follow))
        return [path("<int:object_id>/follow/", view, name="leads_lead_follow"), *super().get_urls()]

    def follow(self, request: HttpRequest, object_id: int) -> HttpResponse:
        actor = acting(request)
        lead = lead_to_change(object_id, actor)
        if request.POST.get("follow") == "1":
            follow_lead(lead.pk, actor=actor)
            messages.success(request, gettext("You follow “%(lead)s”.") % {"lead": lead})
        else:
            unfollow_lead(lead.pk, actor=actor)
            messages.success(request, gettext("You do not follow “%(lead)s” any more.") % {"lead": lead})
        return back_to(request, page_of(lead))
