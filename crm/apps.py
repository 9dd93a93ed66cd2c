from django.apps import AppConfig


class CrmConfig(AppConfig):
    name = "crm"
    verbose_name = "Accounts and company"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from crm import checks  # noqa: F401 - registers its checks, which need the settings
        from crm.background.upkeep import register_parts
        from crm.events import kinds
        from crm.exporting import registry as exports
        from crm.exporting.activities import ActivityExport
        from crm.imports import ActivityImport
        from crm.models import Activity
        from crm.notifications.own import register_own
        from crm.records.registry import ImportedKind, register_import
        from crm.services.archives import own_tables
        from crm.services.record_events import readers_of_activity
        from crm.sign_in import receivers  # noqa: F401 - connects them to Django's signals
        from crm.webhooks import contents

        register_parts()
        own_tables.register()
        kinds.register(
            kinds.LoggedKind(
                entity="activity",
                model=Activity,
                graphql_type="crm.graphql.activity_types.Activity",
                readers=readers_of_activity,
                notified=frozenset({"assignee_id"}),
            )
        )
        exports.register(
            exports.Exported(
                source=ActivityExport,
                graphql_list=("activities", "crm.graphql.activities.ActivityFilterSet"),
            )
        )
        register_import(ImportedKind(model=Activity, row_import=ActivityImport))
        contents.register("activity", "crm.graphql.webhooks.contents.ActivityContent")
        register_own()
