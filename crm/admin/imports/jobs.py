"""The pages of one import: its plan or its result, and what can be done with it."""

from itertools import islice
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext

from crm.actors import Actor
from crm.admin.forms import message_of
from crm.admin.frame.fragments import is_fragment
from crm.admin.imports.acting import importing, job_of
from crm.admin.imports.shown import ShownJob, rows_page
from crm.admin.imports.words import in_words_of_the_page
from crm.database.keys import parse_id
from crm.errors import CrmError
from crm.importing import made_beside, undo
from crm.importing.drafts import apply_plan, draft_of
from crm.models.imports import ImportJob, ImportStatus, JobUndo, RowAction

#: Rows of a long import of which the page says what undoing it would do; the others are alike.
MOST_TRIED = 5_000


def job_page(request: HttpRequest, key: UUID) -> HttpResponse:
    """Show an import: how far it is, then what became of its rows, or what its plan says of them."""
    actor = importing(request)
    job = job_of(actor, key)
    shown = ShownJob(job=job)
    action = request.GET.get("action", "")
    context = {
        "title": shown.name,
        "shown": shown,
        "job": job,
        "address": request.get_full_path(),
        "action": action if action in RowAction.values else "",
    }
    if not shown.is_open:
        rows, page, pages = rows_page(job, action, parse_id(request.GET.get("page", "")) or 1, actor)
        context |= {"rows": rows, "page": page, "pages": pages, **_offers(job, actor)}
    if is_fragment(request):
        return TemplateResponse(request, "admin/crm/imports/job_part.html", context)
    return TemplateResponse(
        request, "admin/crm/imports/job.html", {**admin.site.each_context(request), **context}
    )


def page_of_key(request: HttpRequest, pk: int) -> HttpResponse:
    """Lead from the key of an import, as notifications name it, to its page."""
    actor = importing(request)
    job = ImportJob.objects.visible_to(actor).filter(pk=pk).first()
    if job is None:
        raise Http404
    return redirect("admin:import_job", key=job.uuid)


def _offers(job: ImportJob, actor: Actor) -> dict[str, object]:
    """Return what can be done with a job that is at rest."""
    jobs = ImportJob.objects.visible_to(actor)
    is_plan = job.dry_run and job.status == ImportStatus.COMPLETED
    stored = (job.created or job.updated) and not job.dry_run and job.undo != JobUndo.DONE
    return {
        "draft": draft_of(job) if is_plan else None,
        "is_plan": is_plan,
        "applied": jobs.filter(plan=job.uuid).order_by("-pk").first() if is_plan else None,
        "made_of": jobs.filter(uuid=job.plan).first() if job.plan else None,
        "may_undo": bool(stored),
        "undone": undo.undone_rows(job) if job.undo else None,
        "beside": made_beside.removed_with(job, actor=actor) if job.undo else (),
        "error": in_words_of_the_page(job.error or ""),
    }


def apply_page(request: HttpRequest, key: UUID) -> HttpResponse:
    """Apply a plan, and lead to the import that does it."""
    actor = importing(request)
    plan = job_of(actor, key)
    try:
        job = apply_plan(plan, actor=actor)
    except (CrmError, ValidationError) as refused:
        messages.error(request, message_of(refused))
        job = plan
    return redirect("admin:import_job", key=job.uuid)


def undo_page(request: HttpRequest, key: UUID) -> HttpResponse:
    """Ask whether an import is to be undone, with what that would do; undo it when that is confirmed."""
    actor = importing(request)
    job = job_of(actor, key)
    try:
        if request.method == "POST":
            undo.start_undo(job, actor=actor)
            return redirect("admin:import_job", key=job.uuid)
        undo.check_undoable(job, actor=actor)
    except (CrmError, ValidationError) as refused:
        messages.error(request, message_of(refused))
        return redirect("admin:import_job", key=job.uuid)
    tried = [(row, why) for row, why in islice(undo.plan_undo(job, actor=actor), MOST_TRIED)]
    kept = [row for row, why in tried if why]
    beside = made_beside.to_be_removed(job, [row for row, why in tried if not why], actor=actor)
    context = {
        **admin.site.each_context(request),
        "title": gettext("Undo the import of %(name)s") % {"name": ShownJob(job=job).name},
        "job": job,
        "tried": len(tried),
        "is_cut": len(tried) == MOST_TRIED,
        "deleted": sum(row.action == RowAction.CREATE for row, why in tried if not why),
        "restored": sum(row.action == RowAction.UPDATE for row, why in tried if not why),
        "kept": len(kept),
        "beside": beside,
    }
    return TemplateResponse(request, "admin/crm/imports/undo.html", context)
