from django.apps import AppConfig
from django.conf import settings


class LeadsConfig(AppConfig):
    name = "leads"

    def ready(self) -> None:
        from crm.background import registry as work
        from crm.events import kinds
        from crm.exporting import registry as exports
        from crm.records.registry import RecordKind, register
        from crm.services.archives.tables import leave_out
        from crm.webhooks import contents
        from leads.background import ATTEMPTS, MAILBOX
        from leads.exports import LeadExport
        from leads.imports import LeadImport
        from leads.models import AmountTally, Lead
        from leads.notifications import register_sources
        from leads.services import (
            erasing,  # noqa: F401 - connects its receivers
            events,
            signal_handlers,  # noqa: F401 - connects its receivers
        )
        from leads.services.importing import find_leads
        from leads.services.leads import update_lead
        from leads.services.record_leads import people_of, register_activities
        from leads.services.timeline import ROUTING, detail_history

        leave_out({AmountTally: "made anew of the leads that it sums up"})
        register(
            RecordKind(
                model=Lead,
                update=update_lead,
                row_import=LeadImport,
                find_named=find_leads,
                named_by="title",
                graphql_type="leads.graphql.types.Lead",
                upload_arguments=("file", "files"),
                timeline_sources=(ROUTING,),
                detail_history=detail_history,
                people_of=people_of,
            )
        )
        kinds.register(
            kinds.LoggedKind(
                entity="lead",
                model=Lead,
                graphql_type="leads.graphql.types.Lead",
                graphql_list=("leads", "leads.graphql.filters.LeadFilterSet"),
                readers=events.readers,
                # Who sees a lead depends on the change itself.
                is_automatic=False,
            )
        )
        exports.register(
            exports.Exported(source=LeadExport, graphql_list=("leads", "leads.graphql.filters.LeadFilterSet"))
        )
        # By its path, since it loads GraphQL, which most commands do not need.
        contents.register("lead", "leads.graphql.webhooks.LeadContent")
        work.register(ATTEMPTS)
        if settings.MAILBOX:
            work.register(MAILBOX)
        register_sources()
        register_activities()
