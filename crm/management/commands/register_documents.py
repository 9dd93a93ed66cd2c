"""Register documents of GraphQL, list and remove them."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.module_loading import import_string

from crm.management.arguments import company_of, ensure_ready, refusals_as_command_errors
from crm.management.manifests import BadEntry, checked, read_entries
from crm.models import Company, RegisteredDocument
from crm.services.registered_documents import NewDocument, forget_documents, register_documents

USAGE = 2
DOCUMENTS_REFUSED = 3


class Command(BaseCommand):
    help = "Register documents for a company, or for all companies: every document of the files, or none."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "files",
            nargs="*",
            type=Path,
            metavar="FILE",
            help="a document (.graphql), or a manifest of Apollo or Relay (.json)",
        )
        parser.add_argument("--company", metavar="ID", help="whose they are (default: everybody's)")
        others = parser.add_mutually_exclusive_group()
        others.add_argument("--list", action="store_true", help="print what is registered")
        others.add_argument("--remove", nargs="+", metavar="HASH", help="remove documents")

    def handle(self, *args: object, **options: Any) -> None:
        if bool(options["files"]) == bool(options["list"] or options["remove"]):
            raise CommandError("Give files, or --list, or --remove.", returncode=USAGE)
        ensure_ready()
        company = company_of(options["company"]) if options["company"] else None
        if options["list"]:
            self._list(company)
        elif options["remove"]:
            self._remove(options["remove"], company)
        else:
            self._register(options["files"], company)

    def _list(self, company: Company | None) -> None:
        for document in RegisteredDocument.objects.filter(company=company).order_by("name", "pk"):
            self.stdout.write(f"{document.hash} {document.name}")

    def _remove(self, digests: list[str], company: Company | None) -> None:
        wanted = {digest.lower() for digest in digests}
        there = RegisteredDocument.objects.filter(company=company, hash__in=wanted)
        unknown = sorted(wanted - set(there.values_list("hash", flat=True)))
        if unknown:
            raise CommandError(f"Nothing was removed; not registered: {', '.join(unknown)}.")
        self.stdout.write(f"Removed {forget_documents(wanted, company=company)} documents.")

    def _register(self, paths: list[Path], company: Company | None) -> None:
        schema = import_string(settings.GRAPHQL_SCHEMA).graphql_schema
        # All are checked before any is stored, so that one run reports every bad document.
        good: list[NewDocument] = []
        bad = 0
        for path in paths:
            for entry in read_entries(path):
                try:
                    good.append(checked(entry, path, schema))
                except BadEntry as refused:
                    bad += 1
                    self.stderr.write(str(refused))
        if bad:
            raise CommandError(
                f"Nothing was registered: {bad} of {bad + len(good)} documents cannot be registered.",
                returncode=DOCUMENTS_REFUSED,
            )
        with refusals_as_command_errors():
            added = register_documents(good, company=company)
        whose = f"for {company}" if company else "for all companies"
        self.stdout.write(f"Registered {added} documents {whose}; {len(good) - added} were there already.")
