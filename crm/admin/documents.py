"""The admin page of registered documents, which are only viewed and deleted here."""

from django.contrib import admin
from django.http import HttpRequest

from crm.actors import Action
from crm.admin.base import acting
from crm.admin.writing import WritesThroughService
from crm.models import RegisteredDocument
from crm.services.registered_documents import remove_document


@admin.register(RegisteredDocument)
class RegisteredDocumentAdmin(WritesThroughService[RegisteredDocument]):
    """Documents that an operator registered; their hash names their text, so it never changes."""

    view_action = Action.MANAGE_COMPANY
    write_action = Action.MANAGE_COMPANY
    may_add = False
    may_change = False
    list_display = ("name", "hash", "created_at")
    search_fields = ("name", "hash")
    ordering = ("name", "pk")
    fields = ("name", "hash", "text", "created_at")

    def remove(self, request: HttpRequest, obj: RegisteredDocument) -> None:
        remove_document(obj, actor=acting(request))
