"""The pages of reports."""

import csv
from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone

from crm.admin.acting import zone_of
from crm.admin.base import VisibleAdmin, acting
from crm.errors import CrmError
from crm.exporting.safety import spreadsheet_safe
from crm.languages.messages import translated
from leads.admin.reports.asked import USUAL, Asked, AskedForm, spans
from leads.admin.reports.kinds import REPORTS, Report
from leads.admin.reports.over_time import months_ahead
from leads.admin.reports.tables import Table


class HasReports(VisibleAdmin[Any]):
    """Mixin: the pages of reports beside the list of leads."""

    def get_urls(self) -> list[URLPattern]:
        first = path(
            "reports/", self.admin_site.admin_view(self.report), {"name": REPORTS[0].name}, name="reports"
        )
        others = path("reports/<slug:name>/", self.admin_site.admin_view(self.report), name="report")
        return [first, others, *super().get_urls()]

    def report(self, request: HttpRequest, name: str) -> HttpResponse:
        """Show a report, or write it as CSV if the address asks for that."""
        report = next((each for each in REPORTS if each.name == name), None)
        if report is None:
            raise Http404
        actor = acting(request)
        today = timezone.localtime(timezone=zone_of(request)).date()
        form = AskedForm({**_usual(report, today), **request.GET.dict()}, actor=actor)
        asked = None
        if form.is_valid():
            cleaned = form.cleaned_data
            asked = Asked(
                actor=actor,
                days=cleaned["days"],
                pipeline=cleaned["pipeline"] if report.has_pipeline else None,
                owner=cleaned["owner"] if report.has_owner else None,
            )
        table = None
        if asked is not None:
            try:
                table = report.table(asked)
            except CrmError as refused:
                form.add_error(None, translated(refused.message))
        if table is not None and request.GET.get("format") == "csv":
            return _file(report, table)
        return self._report_page(request, report, form, table, today)

    def _report_page(
        self, request: HttpRequest, report: Report, form: AskedForm, table: Table | None, today: date
    ) -> HttpResponse:
        chosen = request.GET.copy()
        for passing in ("format", "days_from", "days_to"):
            chosen.pop(passing, None)
        kept = {name: value for name, value in chosen.dict().items() if value}
        periods = []
        for span in spans(today):
            query = _query({**kept, **span.query})
            given = (form["days_from"].value(), form["days_to"].value())
            is_current = tuple(map(str, given)) == tuple(span.query.values())
            periods.append({"label": span.label, "query": query, "is_current": is_current})
        context = {
            **self.admin_site.each_context(request),
            "title": report.title,
            "opts": self.opts,
            "report": report,
            "reports": REPORTS,
            "form": form,
            "table": table,
            "periods": periods,
            "query": request.GET.urlencode(),
        }
        return TemplateResponse(request, "admin/leads/reports/page.html", context)


def _usual(report: Report, today: date) -> dict[str, str]:
    first, last = months_ahead(today) if report.name == "forecast" else (today - USUAL, today)
    return {"days_from": first.isoformat(), "days_to": last.isoformat()}


def _query(values: dict[str, Any]) -> str:
    query = QueryDict(mutable=True)
    query.update(values)
    return query.urlencode()


def _file(report: Report, table: Table) -> HttpResponse:
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{report.name}.csv"'
    writer = csv.writer(response)
    for line in table.lines():
        writer.writerow([spreadsheet_safe(cell) if isinstance(cell, str) else cell for cell in line])
    return response
