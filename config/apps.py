"""Which admin site the product uses."""

from importlib import import_module

from django.contrib.admin import apps


class CrmAdminConfig(apps.AdminConfig):
    """Django's admin, on the site that knows companies."""

    default_site = "crm.admin.site.CrmAdminSite"

    def ready(self) -> None:
        """Register the models of the whole product."""
        # First, since the site is a module of this package: whoever made the site by registering a model
        # would import the package, whose own models would then be registered on a second site.
        import_module("crm.admin")
        super().ready()
