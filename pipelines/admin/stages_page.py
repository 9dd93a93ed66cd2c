"""The page of a pipeline's stages: ordered, changed, added and deleted in one place."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.forms import BaseInlineFormSet, inlineformset_factory
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from crm.actors import Action, Actor
from crm.admin.base import acting
from crm.admin.forms import VersionedForm, message_of
from crm.admin.frame.fragments import back_to, is_fragment, message_with_undo
from crm.admin.inlines import OwnRowsFormSet
from crm.admin.labels import labels_for
from crm.admin.lifecycle import LiveAdmin
from crm.caps import STAGES
from crm.database.keys import parse_id
from crm.errors import CrmError
from pipelines.models import Pipeline, Stage, visible_lead_count
from pipelines.services.stages import delete_stage, reorder_stages, restore_stage, save_stage

FIELDS = ("name", "probability", "rotting_days")
Rows = BaseInlineFormSet[Stage, Pipeline, VersionedForm[Stage]]


class WithStagesPage(LiveAdmin[Pipeline]):
    """The page of the stages of a pipeline."""

    def get_urls(self) -> list[URLPattern]:
        either = require_http_methods(["GET", "HEAD", "POST"])
        pages: dict[str, tuple[Callable[..., HttpResponse], str]] = {
            "stages/": (either(self.stages_page), "stages"),
            "stages/order/": (require_POST(self.order_stages), "order_stages"),
            "stages/<int:stage_id>/delete/": (either(self.delete_stage_page), "delete_stage"),
            "stages/<int:stage_id>/restore/": (require_POST(self.restore_stage), "restore_stage"),
        }
        own = [
            path(
                f"<int:object_id>/{route}",
                self.admin_site.admin_view(view),
                name=f"pipelines_pipeline_{name}",
            )
            for route, (view, name) in pages.items()
        ]
        return [*own, *super().get_urls()]

    def stages_page(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Show the stages of a pipeline in their order, or store what was changed of all of them."""
        actor = acting(request)
        pipeline = _find(Pipeline.objects.visible_to(actor), object_id)
        may_change = self.has_change_permission(request, pipeline)
        if request.method == "POST" and not may_change:
            raise PermissionDenied
        sent = _without_gone(request, _keys(pipeline, actor)) if request.method == "POST" else None
        rows = _rows_of(pipeline, actor, sent)
        if request.method == "POST" and rows.is_valid() and self._store(request, pipeline, rows):
            return redirect("admin:pipelines_pipeline_stages", object_id=pipeline.pk)
        context = {
            **self.admin_site.each_context(request),
            "title": pipeline.name,
            "pipeline": pipeline,
            "rows": rows,
            "shown": _in_sent_order(rows, request),
            "may_change": may_change,
            "is_full": rows.initial_form_count() >= STAGES.most,
            "opts": self.opts,
        }
        return TemplateResponse(request, "admin/pipelines/stages.html", context)

    def _store(self, request: HttpRequest, pipeline: Pipeline, rows: Rows) -> bool:
        """Store the stages that were changed, a new one, and their order; return whether that was done."""
        actor = acting(request)
        try:
            with transaction.atomic():
                for form in rows.forms:
                    if form.has_changed():
                        save_stage(form.instance, actor=actor, expected_version=form.expected_version)
                order = _order(request, pipeline, actor)
                if order != _keys(pipeline, actor):
                    reorder_stages(pipeline.pk, order, actor=actor)
        except (ValidationError, CrmError) as refused:
            messages.error(request, message_of(refused))
            return False
        messages.success(request, _("The stages of “%(pipeline)s” are saved.") % {"pipeline": pipeline})
        return True

    def order_stages(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Store the order that stages were dragged to; answer their versions, which forms send back."""
        actor = acting(request)
        try:
            pipeline = reorder_stages(object_id, request.POST.getlist("order"), actor=actor)
        except (ValidationError, CrmError) as refused:
            said = _("The order was not saved: %(reason)s Open the page again.")
            return JsonResponse({"message": said % {"reason": message_of(refused)}}, status=422)
        stages = Stage.objects.visible_to(actor).filter(pipeline=pipeline)
        return JsonResponse(
            {
                "message": _("The order of the stages is saved."),
                "versions": dict(stages.values_list("pk", "version")),
            }
        )

    def delete_stage_page(self, request: HttpRequest, object_id: int, stage_id: int) -> HttpResponse:
        """Ask where the leads of a stage go, or delete it."""
        actor = acting(request)
        if not actor.may(Action.CHANGE_PIPELINES):
            raise PermissionDenied
        counted = Stage.objects.visible_to(actor).annotate(lead_number=visible_lead_count(actor, key="stage"))
        stage: Any = _find(counted.filter(pipeline=object_id).select_related("pipeline"), stage_id)
        if request.method == "POST":
            return self._delete_stage(request, stage)
        others = Stage.objects.visible_to(actor).exclude(pk=stage.pk).select_related("pipeline")
        ordered = list(others.order_by("pipeline__weight", "pipeline_id", "weight", "pk"))
        # Those of the same pipeline first: they are what is meant most of the time.
        ordered.sort(key=lambda each: each.pipeline_id != stage.pipeline_id)
        context = {
            "title": _("Delete the stage “%(stage)s”") % {"stage": stage},
            "stage": stage,
            "others": ordered,
            "is_last": not any(each.pipeline_id == stage.pipeline_id for each in ordered),
        }
        if is_fragment(request):
            return TemplateResponse(request, "admin/pipelines/delete_stage.html", context)
        context |= self.admin_site.each_context(request)
        return TemplateResponse(request, "admin/pipelines/delete_stage_page.html", context)

    def _delete_stage(self, request: HttpRequest, stage: Any) -> HttpResponseRedirect:
        page = reverse("admin:pipelines_pipeline_stages", args=[stage.pipeline_id])
        heir = request.POST.get("replacement", "")
        try:
            delete_stage(stage.pk, actor=acting(request), replacement_key=heir or None)
        except (ValidationError, CrmError) as refused:
            said = _("“%(stage)s” is not deleted: %(reason)s")
            messages.error(request, said % {"stage": stage, "reason": message_of(refused)})
            return back_to(request, page)
        if stage.lead_number:
            said = ngettext(
                "“%(stage)s” is deleted, and its lead is in the stage that you chose.",
                "“%(stage)s” is deleted, and its %(number)s leads are in the stage that you chose.",
                stage.lead_number,
            )
            messages.success(request, said % {"stage": stage, "number": stage.lead_number})
        else:
            undo = reverse("admin:pipelines_pipeline_restore_stage", args=[stage.pipeline_id, stage.pk])
            message_with_undo(request, _("“%(stage)s” is deleted.") % {"stage": stage}, undo)
        return back_to(request, page)

    def restore_stage(self, request: HttpRequest, object_id: int, stage_id: int) -> HttpResponse:
        """Undo the deletion of a stage."""
        try:
            restore_stage(stage_id, actor=acting(request))
        except (ValidationError, CrmError) as refused:
            messages.error(request, message_of(refused))
        else:
            messages.success(request, _("The stage is back."))
        return redirect("admin:pipelines_pipeline_stages", object_id=object_id)


def _find(rows: Any, key: int) -> Any:
    row = rows.filter(pk=key).first()
    if row is None:
        raise Http404
    return row


def _stages(pipeline: Pipeline, actor: Actor) -> Any:
    counted = Stage.objects.visible_to(actor).annotate(lead_number=visible_lead_count(actor, key="stage"))
    return counted.filter(pipeline=pipeline).order_by("weight", "pk")


def _without_gone(request: HttpRequest, present: list[int]) -> dict[str, str]:
    """Return what a form sent, without the rows of stages that were deleted since it was opened."""
    sent = request.POST
    first = parse_id(sent.get("stages-INITIAL_FORMS", "")) or 0
    kept = []
    # The rows behind the first ones are new.
    for number in range(min(parse_id(sent.get("stages-TOTAL_FORMS", "")) or 0, STAGES.most + 1)):
        if number >= first or parse_id(sent.get(f"stages-{number}-id", "")) in present:
            kept.append(number)
        else:
            said = _("“%(stage)s” was deleted meanwhile: what you typed there is not saved.")
            messages.warning(request, said % {"stage": sent.get(f"stages-{number}-name", "")})
    values = {
        "stages-TOTAL_FORMS": str(len(kept)),
        "stages-INITIAL_FORMS": str(sum(number < first for number in kept)),
    }
    for place, number in enumerate(kept):
        for name in ("id", "version", "pipeline", *FIELDS):
            if f"stages-{number}-{name}" in sent:
                values[f"stages-{place}-{name}"] = sent[f"stages-{number}-{name}"]
    return values


def _rows_of(pipeline: Pipeline, actor: Actor, sent: Any) -> Rows:
    """Return a form for each stage, and one for a new stage."""
    # The stubs know no lazy texts.
    labels: Any = labels_for(Stage)
    known: Any = inlineformset_factory(
        Pipeline,
        Stage,
        form=VersionedForm[Stage],
        formset=OwnRowsFormSet,
        fields=FIELDS,
        labels=labels,
        extra=1,
        can_delete=False,
        # Above the cap the form of a new stage stays away; the service refuses it besides.
        max_num=STAGES.most,
    )
    known.company_id = actor.company_id
    rows: Rows = known(sent, instance=pipeline, queryset=_stages(pipeline, actor))
    return rows


def _in_sent_order(rows: Rows, request: HttpRequest) -> list[VersionedForm[Stage]]:
    """Return the forms of the stages as a refused form ordered them, else as they are stored."""
    places = {key: place for place, key in enumerate(request.POST.getlist("order"))}
    return sorted(rows.initial_forms, key=lambda form: places.get(str(form.instance.pk), len(places)))


def _keys(pipeline: Pipeline, actor: Actor) -> list[int]:
    return list(_stages(pipeline, actor).values_list("pk", flat=True))


def _order(request: HttpRequest, pipeline: Pipeline, actor: Actor) -> list[int]:
    """Return the keys of the stages as a form orders them, after the move of a button."""
    present = _keys(pipeline, actor)
    named = [key for key in map(parse_id, request.POST.getlist("order")) if key in present]
    # A stage that somebody added meanwhile, or that this form adds, comes last.
    order = [*dict.fromkeys(named), *(key for key in present if key not in named)]
    step, _colon, moved = request.POST.get("move", "").partition(":")
    key = parse_id(moved)
    if key in order:
        place = order.index(key)
        other = place + (1 if step == "down" else -1)
        if 0 <= other < len(order):
            order[place], order[other] = order[other], order[place]
    return order
