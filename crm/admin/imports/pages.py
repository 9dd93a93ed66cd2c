"""The addresses of imports, their list, and the upload of a file."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm.admin.imports.acting import importing
from crm.admin.imports.forms import UploadForm
from crm.admin.imports.jobs import apply_page, job_page, page_of_key, undo_page
from crm.admin.imports.mapping import settings_page
from crm.admin.imports.shown import PAGE, ShownJob
from crm.database.keys import parse_id
from crm.errors import CrmError
from crm.importing.drafts import store_draft
from crm.languages.messages import translated
from crm.models.imports import ImportJob, ImportKind

_either = require_http_methods(["GET", "HEAD", "POST"])


def urls(site: admin.AdminSite) -> list[URLPattern]:
    """Return the addresses of the pages of imports."""
    return [
        path("imports/", site.admin_view(require_safe(list_page)), name="imports"),
        path("imports/new/", site.admin_view(_either(new_page)), name="new_import"),
        path("imports/file/<str:token>/", site.admin_view(_either(settings_page)), name="import_settings"),
        path("imports/<uuid:key>/", site.admin_view(require_safe(job_page)), name="import_job"),
        # As pages of models are called, which notifications lead to.
        path("imports/<int:pk>/", site.admin_view(require_safe(page_of_key)), name="crm_importjob_change"),
        path("imports/<uuid:key>/apply/", site.admin_view(require_POST(apply_page)), name="apply_import"),
        path("imports/<uuid:key>/undo/", site.admin_view(_either(undo_page)), name="undo_import"),
    ]


def list_page(request: HttpRequest) -> HttpResponse:
    """Show the imports of the company, the newest first."""
    actor = importing(request)
    page = min(parse_id(request.GET.get("page", "")) or 1, 10_000)
    jobs = ImportJob.objects.visible_to(actor).select_related("user").defer("payload").order_by("-pk")
    found = list(jobs[(page - 1) * PAGE : page * PAGE + 1])
    context = {
        **admin.site.each_context(request),
        "title": gettext("Imports"),
        "jobs": [ShownJob(job=job) for job in found[:PAGE]],
        "page": page,
        "goes_on": len(found) > PAGE,
    }
    return TemplateResponse(request, "admin/crm/imports/list.html", context)


def new_page(request: HttpRequest) -> HttpResponse:
    """Take the file of a new import, and lead to what was recognised of it."""
    actor = importing(request)
    form = UploadForm(initial={"model": ImportKind.PEOPLE.value})
    if request.method == "POST":
        form = UploadForm(request.POST, request.FILES)
        if form.is_valid():
            given = form.cleaned_data
            try:
                draft = store_draft(given["file"], ImportKind(given["model"]), actor=actor)
            except CrmError as refused:
                form.add_error("file", translated(refused.message))
            else:
                return redirect("admin:import_settings", token=draft.token)
    context = {**admin.site.each_context(request), "title": gettext("Import a file"), "form": form}
    return TemplateResponse(request, "admin/crm/imports/new.html", context)
