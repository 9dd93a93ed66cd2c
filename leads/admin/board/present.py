"""The present cards of leads and the heads of the columns, as the script of the board asks for them."""

from collections.abc import Collection, Mapping
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from crm.admin.acting import zone_of
from crm.admin.base import acting
from crm.events.cursor import Cursor
from leads.admin.board.cards import cards_of, head_of, render_card
from leads.admin.board.shared import HEADS, scope_of, shared_cards
from leads.services.board import Board
from leads.services.my_day import MyDay


def day_of(request: HttpRequest) -> MyDay:
    return MyDay(actor=acting(request), zone=zone_of(request), now=timezone.now())


def present(request: HttpRequest, board: Board, keys: Collection[int]) -> dict[str, Any]:
    """Return the cards of leads as they are now, null for those that are not on the board, and the heads."""
    cards = {str(key): card for key, card in _cards(request, board, keys).items()}
    return {"cards": cards, "columns": _heads(board)}


def _cards(request: HttpRequest, board: Board, keys: Collection[int]) -> dict[int, Any]:
    cards: dict[int, Any] = dict.fromkeys(keys)
    for card in cards_of(board.cards(keys), board, day_of(request)):
        lead = card["lead"]
        cards[lead.pk] = {"stage": lead.stage_id, "version": lead.version, "html": render_card(card)}
    return cards


def _heads(board: Board) -> list[dict[str, Any]]:
    stages = board.stages()
    totals = board.totals(stages)
    return [head_of(stage, totals[stage.pk]) for stage in stages]


def shared(
    request: HttpRequest, board: Board, asked: Mapping[int, Cursor | None], *, is_narrowed: bool
) -> dict[str, Any]:
    """Return the same as ``present``, of what was rendered for other boards since the events asked about.

    ``later`` are the keys of leads that the board asks for again in a while.
    """
    scope = scope_of(board, day_of(request), is_narrowed=is_narrowed)
    if scope is None:
        return present(request, board, asked.keys())

    def render(keys: Collection[int]) -> dict[int, Any]:
        return {**_cards(request, board, [key for key in keys if key != HEADS]), HEADS: _heads(board)}

    # The numbers above the columns are those after the latest of the events.
    latest = max((after for after in asked.values() if after), key=lambda after: after.seq, default=None)
    found, later = shared_cards.get(scope, {**asked, HEADS: latest}, render)
    heads = found.pop(HEADS)
    return {"cards": {str(key): card for key, card in found.items()}, "columns": heads, "later": later}
