"""App configurations of the project itself."""

from importlib import import_module

from django.contrib.admin import apps, site


class CrmAdminConfig(apps.AdminConfig):
    """Django's admin with the product's own site, which knows companies."""

    default_site = "crm.admin.site.CrmAdminSite"

    def ready(self) -> None:
        # Before autodiscovery: the site lives in this package. If another app's registration created the
        # site, the package would be imported meanwhile, and its models would be registered on a second site.
        import_module("crm.admin")
        import_module("config.checks")
        super().ready()
        # Rows of the second factor and of sign-in are no pages of their own: the account pages show them.
        for model in list(site._registry):
            if model.__module__.startswith("allauth."):
                site.unregister(model)
