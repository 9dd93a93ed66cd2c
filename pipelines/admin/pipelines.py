"""The lists and forms of pipelines and stages."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IS_POPUP_VAR
from django.core.exceptions import ValidationError
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from crm.actors import Action
from crm.admin.base import acting
from crm.admin.entries import SALES, set_up
from crm.admin.filters import DeletedFilter, VisibleRelatedFilter
from crm.admin.forms import VersionedForm
from crm.admin.inlines import OwnRowsFormSet, VisibleInline
from crm.admin.language import translate_models
from crm.admin.lifecycle import LiveAdmin
from crm.admin.writing import FormSet, kept_forms
from pipelines.admin.stages_page import WithStagesPage
from pipelines.models import Pipeline, Stage, visible_lead_count
from pipelines.services.pipelines import delete_pipeline, restore_pipeline, save_pipeline
from pipelines.services.stages import StageValues, delete_stage, restore_stage, save_stage

# Before the forms are made of the models.
translate_models("pipelines")


class StageFormSet(OwnRowsFormSet[Stage, Pipeline]):
    def clean(self) -> None:
        # No lead could enter a pipeline without stages.
        super().clean()
        if not any(self.errors) and not kept_forms(self):
            raise ValidationError(gettext("A pipeline has at least one stage."))


class StageInline(VisibleInline[Stage, Pipeline]):
    model = Stage
    form = VersionedForm[Stage]
    formset = StageFormSet
    write_action = Action.CHANGE_PIPELINES
    exclude = ("version",)
    fields = ("name", "rotting_days", "probability", "weight", "version")
    ordering = ("weight", "pk")


@admin.register(Pipeline)
class PipelineAdmin(WithStagesPage):
    change_form_template = "admin/pipelines/pipeline_form.html"
    write_action = Action.CHANGE_PIPELINES
    delete_service = staticmethod(delete_pipeline)
    restore_service = staticmethod(restore_pipeline)
    list_display = ("name", "is_default", "weight", "stages_link", "lead_count", "created_at")
    list_filter = (DeletedFilter, "is_default")
    search_fields = ("name", "slug")
    ordering = ("weight", "pk")
    inlines = (StageInline,)
    fieldsets = ((None, {"fields": ("name", "slug", "description", "weight", "is_default")}),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Pipeline]:
        rows = super().get_queryset(request)
        return rows.annotate(
            stage_number=Count("stages", filter=Q(stages__deleted_at__isnull=True)),
            # A subquery: together with the join of stages, a count of leads would be multiplied.
            lead_number=visible_lead_count(acting(request), key="pipeline"),
        )

    @admin.display(description=_("leads"))
    def lead_count(self, pipeline: Any) -> object:
        return pipeline.lead_number

    @admin.display(description=_("stages"))
    def stages_link(self, pipeline: Any) -> str:
        number = pipeline.stage_number
        words = ngettext("%(number)s stage", "%(number)s stages", number) % {"number": number}
        if pipeline.deleted_at is not None:
            # It has a page again once it is restored.
            return words
        address = reverse("admin:pipelines_pipeline_stages", args=[pipeline.pk])
        return format_html('<a href="{}">{}</a>', address, words)

    def get_inlines(self, request: HttpRequest, obj: Pipeline | None) -> list[Any]:
        # A new pipeline has stages from the start. Later they have a page of their own.
        return list(self.inlines) if obj is None else []

    def store(self, request: HttpRequest, form: VersionedForm[Pipeline], formsets: Sequence[FormSet]) -> None:
        new = [_stage_values(stage) for formset in formsets for stage in kept_forms(formset)]
        actor = acting(request)
        save_pipeline(form.instance, actor=actor, stages=new, expected_version=form.expected_version)

    def response_add(self, request: HttpRequest, obj: Pipeline, post_url_continue: Any = None) -> Any:
        answer = super().response_add(request, obj, post_url_continue)
        if request.POST.keys() & {"_addanother", "_continue", IS_POPUP_VAR}:
            return answer
        return redirect("admin:pipelines_pipeline_stages", object_id=obj.pk)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        pipeline = kwargs.get("obj")
        if pipeline is not None:
            context["stages_address"] = reverse("admin:pipelines_pipeline_stages", args=[pipeline.pk])
        return super().render_change_form(request, context, *args, **kwargs)


def _stage_values(form: VersionedForm[Stage]) -> StageValues:
    cleaned = form.cleaned_data
    return {
        "name": cleaned["name"],
        "rotting_days": cleaned["rotting_days"],
        "probability": cleaned["probability"],
        "weight": cleaned["weight"],
    }


@admin.register(Stage)
class StageAdmin(LiveAdmin[Stage]):
    """All stages: needed to choose the stage of a lead, and to restore deleted stages."""

    write_action = Action.CHANGE_PIPELINES
    may_add = False
    delete_service = staticmethod(delete_stage)
    restore_service = staticmethod(restore_stage)
    list_display = ("name", "pipeline", "weight", "rotting_days", "probability")
    list_filter = (DeletedFilter, ("pipeline", VisibleRelatedFilter))
    list_select_related = ("pipeline",)
    search_fields = ("name", "pipeline__name")
    ordering = ("pipeline__weight", "pipeline", "weight", "pk")
    readonly_fields = ("pipeline",)
    fieldsets = (
        (None, {"fields": ("pipeline", "name", "description", "rotting_days", "probability", "weight")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Stage]:
        return super().get_queryset(request).select_related("pipeline")

    def choice_label(self, obj: Stage) -> str:
        # Stages of several pipelines have the same names.
        return f"{obj.pipeline}: {obj}"

    def store(self, request: HttpRequest, form: VersionedForm[Stage], formsets: Sequence[FormSet]) -> None:
        save_stage(form.instance, actor=acting(request), expected_version=form.expected_version)


set_up(
    SALES,
    (Pipeline, _("Pipelines"), _("The stages that leads move through, their chances and rotting days")),
    (Stage, _("Stages"), _("Of all pipelines, also to restore deleted ones")),
)
