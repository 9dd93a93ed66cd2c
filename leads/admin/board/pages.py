"""The pages of the board, below the list of leads."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from crm.actors import Action
from crm.admin.base import acting
from crm.admin.frame.fragments import back_to, is_fragment, message_with_undo
from crm.admin.lifecycle import LiveAdmin
from crm.database.keys import parse_id
from crm.events import journal
from crm.events.sequencer import sequence_if_alone
from leads.admin.board.cards import cards_of, column_of, last_of, read_place
from leads.admin.board.filters import choices_of, read_filters
from leads.admin.board.links import board_address, list_address
from leads.admin.board.moves import Outcome, address_of, move, reasons_for
from leads.admin.board.present import day_of, present, shared
from leads.admin.board.shared import read_asked
from leads.models import Lead, StatusCategory
from leads.services.board import PAGE, Board
from pipelines.models import Pipeline, Stage

#: Most cards that are read again at once; with more changes the whole board is.
MOST_CARDS = 100


class WithBoard(LiveAdmin[Lead]):
    """The board of a pipeline, and the moves of leads."""

    def get_urls(self) -> list[URLPattern]:
        pages: dict[str, tuple[Callable[..., HttpResponse], str]] = {
            "board/": (require_safe(self.board_page), "board"),
            "board/column/<int:stage_id>/": (require_safe(self.column_page), "board_column"),
            "board/cards/": (require_safe(self.cards_page), "board_cards"),
            "<int:object_id>/move/": (self.move_page, "move"),
        }
        own = [
            path(route, self.admin_site.admin_view(view), name=f"leads_lead_{name}")
            for route, (view, name) in pages.items()
        ]
        return [*own, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        board = {"board_address": board_address(request.GET)}
        return super().changelist_view(request, {**board, **(extra_context or {})})

    def board_page(self, request: HttpRequest) -> HttpResponse:
        """Show the first cards of each stage of a pipeline."""
        actor, day = acting(request), day_of(request)
        # Before the leads are read: what changes meanwhile is told once more, and nothing is missed.
        sequence_if_alone()
        cursor = str(journal.end())
        choices = choices_of(actor)
        pipeline = _pipeline(request, choices["pipelines"])
        context: dict[str, Any] = {**self.admin_site.each_context(request), "title": gettext("Board")}
        if pipeline is None:
            return TemplateResponse(request, "admin/leads/board/no_pipeline.html", context)
        board, filters = _board(request, pipeline)
        stages = board.stages()
        totals = board.totals(stages)
        columns = [column_of(stage, board.page(stage), totals[stage.pk]) for stage in stages]
        # Read together, by as many statements for one column as for ten.
        cards = {
            card["lead"].pk: card for card in cards_of([x for c in columns for x in c["leads"]], board, day)
        }
        for column in columns:
            column["cards"] = [cards[lead.pk] for lead in column["leads"]]
            column["list"] = _listed(board, filters, column["stage"])
        context |= {
            **choices,
            "pipeline": pipeline,
            "columns": columns,
            "filters": filters,
            "query": urlencode({"pipeline": pipeline.pk, **filters.given}),
            "list_address": list_address(pipeline, filters.given),
            "cursor": cursor,
            "may_move": actor.may(Action.CHANGE_LEADS),
            "page_size": PAGE,
        }
        return TemplateResponse(request, "admin/leads/board/board.html", context)

    def column_page(self, request: HttpRequest, stage_id: int) -> HttpResponse:
        """Answer the next cards of a column."""
        actor = acting(request)
        stage = Stage.objects.visible_to(actor).select_related("pipeline").filter(pk=stage_id).first()
        if stage is None:
            raise Http404
        board, filters = _board(request, stage.pipeline)
        leads = board.page(stage, read_place(request.GET.get("after", "")))
        context = {
            "cards": cards_of(leads[:PAGE], board, day_of(request)),
            "stage": stage.pk,
            "list": _listed(board, filters, stage.pk),
            "last": last_of(leads),
            "query": urlencode({"pipeline": stage.pipeline_id, **filters.given}),
        }
        return TemplateResponse(request, "admin/leads/board/more.html", context)

    def cards_page(self, request: HttpRequest) -> HttpResponse:
        """Answer the present cards of some leads, and the heads of all columns."""
        pipelines = list(Pipeline.objects.visible_to(acting(request)))
        pipeline = _pipeline(request, pipelines)
        if pipeline is None:
            raise Http404
        asked = read_asked(request.GET.get("ids", ""), MOST_CARDS)
        board, filters = _board(request, pipeline)
        return JsonResponse(shared(request, board, asked, is_narrowed=bool(filters.given)))

    def move_page(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Show where a lead can move to, or move it."""
        actor = acting(request)
        if not actor.may(Action.CHANGE_LEADS):
            raise PermissionDenied
        if request.method != "POST":
            return self._choose_move(request, object_id)
        outcome = move(object_id, request.POST, actor=actor)
        if "application/json" in request.headers.get("Accept", ""):
            return _answer(request, outcome, object_id)
        if not outcome.is_done:
            messages.error(request, outcome.message)
        elif outcome.undo is None or outcome.lead is None:
            messages.success(request, outcome.message)
        else:
            message_with_undo(request, outcome.message, address_of(outcome.lead), outcome.undo)
        return back_to(request, reverse("admin:leads_lead_board"))

    def _choose_move(self, request: HttpRequest, object_id: int) -> HttpResponse:
        actor = acting(request)
        lead = Lead.objects.visible_to(actor).select_related("stage", "status").filter(pk=object_id).first()
        if lead is None:
            raise Http404
        stages = Stage.objects.visible_to(actor).select_related("pipeline")
        ordered = list(stages.order_by("pipeline__weight", "pipeline_id", "weight", "pk"))
        context = {
            "lead": lead,
            "title": gettext("Move %(lead)s") % {"lead": lead},
            "stages": [stage for stage in ordered if stage.pipeline_id == lead.pipeline_id],
            "others": [stage for stage in ordered if stage.pipeline_id != lead.pipeline_id],
            "reasons": reasons_for(actor),
            "asks_reason": request.GET.get("outcome") == "lost",
            "shows_others": request.GET.get("outcome") == "other",
            "is_open": lead.status.category == StatusCategory.OPEN,
            # Without scripts, back to the board that the link stood on.
            "next": request.GET.get("next", ""),
        }
        if is_fragment(request):
            return TemplateResponse(request, "admin/leads/board/move.html", context)
        context |= self.admin_site.each_context(request)
        return TemplateResponse(request, "admin/leads/board/move_page.html", context)


def _pipeline(request: HttpRequest, pipelines: list[Pipeline]) -> Pipeline | None:
    """Return the pipeline that the address names, else the default one."""
    wanted = parse_id(request.GET.get("pipeline", "") or request.POST.get("pipeline", ""))
    named = (row for row in pipelines if row.pk == wanted)
    default = (row for row in pipelines if row.is_default)
    return next(named, None) or next(default, None) or next(iter(pipelines), None)


def _board(request: HttpRequest, pipeline: Pipeline) -> tuple[Board, Any]:
    filters = read_filters(request.GET, acting(request))
    board = Board(actor=acting(request), pipeline=pipeline, condition=filters.condition, text=filters.text)
    return board, filters


def _listed(board: Board, filters: Any, stage: int) -> str:
    """Return the address of the list of a column."""
    return list_address(board.pipeline, filters.given, stage__id__exact=stage)


def _answer(request: HttpRequest, outcome: Outcome, key: int) -> JsonResponse:
    """Answer a move of the board's script: what to say, the present card, how to undo it."""
    pipelines = list(Pipeline.objects.visible_to(acting(request)))
    pipeline = _pipeline(request, pipelines)
    said: dict[str, Any] = {"message": outcome.message, "cards": {str(key): None}, "columns": []}
    if pipeline is not None:
        board, _filters = _board(request, pipeline)
        said |= present(request, board, [key])
    if outcome.undo is not None and outcome.lead is not None:
        said["undo"] = {"address": address_of(outcome.lead), "fields": outcome.undo}
    return JsonResponse(said, status=outcome.code)
