"""Every address of the product is either tried on two companies, or open to everybody."""

from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import URLResolver, get_resolver, reverse

from tests.tenants.world import MARK, World

#: Addresses that answer everybody, and so say nothing of any company.
OPEN = ("healthz", "readyz")
#: Addresses of the admin that show the current company and the signed-in user alone.
OF_THE_SESSION = {
    "admin:app_list",
    "admin:autocomplete",
    "admin:choose_company",
    "admin:index",
    "admin:jsi18n",
    "admin:login",
    # Marks the user's own: tests/graphql/crm/test_notifications.py tries those of others.
    "admin:crm_notification_read",
    "admin:logout",
    "admin:password_change",
    "admin:password_change_done",
    "admin:view_on_site",
}
#: The board: tests/admin/test_board.py tries leads, stages and pipelines of other companies.
OF_THE_BOARD = {
    "admin:leads_lead_board",
    "admin:leads_lead_board_cards",
    "admin:leads_lead_board_column",
    "admin:leads_lead_move",
    # tests/admin/test_my_day.py: the members and leads of the company alone.
    "admin:leads_lead_team",
}
#: The frame of the admin: tests/admin/test_frame.py tries records of other companies.
OF_THE_FRAME = {"admin:search", "admin:set_up", "admin:new_task", "admin:new_call"}
#: Pages of each model that test_admin.py tries.
OF_MODELS = ("changelist", "add", "history", "delete", "change")
#: Where notes are posted to: tests/admin/test_timeline.py tries records of other companies.
OF_NOTES = {"admin:leads_lead_note", "admin:people_organization_note", "admin:people_person_note"}
#: tests/admin/test_merging.py tries merges and records of another company.
OF_MERGES = {"admin:people_merge_undo", "admin:people_person_compare", "admin:people_organization_compare"}
#: It is posted to: tests/admin/test_undo_many.py tries a change of another member.
OF_BULK_CHANGES = {
    f"admin:{model}_undo_many" for model in ("leads_lead", "people_organization", "people_person")
}
#: Parts of the pages of records: test_one_field.py, test_files.py, test_mails.py, test_people_of_lead.py of
#: tests/admin try others'.
OF_RECORDS = {"admin:write_mail", "admin:leads_lead_follow", "admin:leads_lead_people"} | {
    f"admin:{model}_{view}"
    for model in ("leads_lead", "people_organization", "people_person")
    for view in ("field", "files", "file", "remove_file")
}
#: Pages of the set-up: test_members_page.py, test_webhook_page.py, test_receiver_templates.py, test_logo.py,
#: test_rotation_page.py and test_stages_page.py of tests/admin try rows of others. A preview reads none.
OF_THE_SET_UP = {
    "admin:company_logo",
    "admin:crm_customfielddefinition_preview",
    "admin:leads_leadreceiver_template",
    "admin:leads_leadrotation_turns",
    *(f"admin:crm_membership_{view}" for view in ("end", "resend", "withdraw")),
    *(f"admin:crm_webhookendpoint_{view}" for view in ("deliveries", "resume", "send_again", "test")),
    *(
        f"admin:pipelines_pipeline_{view}"
        for view in ("delete_stage", "order_stages", "restore_stage", "stages")
    ),
}
#: They are posted to: tests/admin/test_my_day.py tries activities of other companies.
OF_ACTIVITIES = {"admin:crm_activity_done", "admin:crm_activity_reopen", "admin:crm_activity_snooze"}
#: It is posted to: tests/admin/test_activity_form.py tries records of other companies.
OF_ACTIVITIES |= {"admin:crm_activity_start"}
#: tests/admin/test_calendar.py tries members and activities of other companies, test_calendar_moves.py moves.
OF_THE_CALENDAR = {"admin:crm_activity_calendar", "admin:crm_activity_move"}
#: Numbers of visible leads: tests/admin/test_reports.py tries who sees own leads alone.
OF_REPORTS = {"admin:reports", "admin:report"}
#: tests/admin/test_imports.py tries jobs and files of other companies.
OF_IMPORTS = {
    "admin:imports",
    "admin:new_import",
    "admin:import_settings",
    "admin:import_job",
    "admin:apply_import",
    "admin:undo_import",
    "admin:crm_importjob_change",
}
#: They are posted to: tests/admin/test_list_views.py tries views of others.
OF_LISTS = {
    f"admin:{model}_{view}"
    for model in (
        "crm_activity",
        "leads_lead",
        "people_organization",
        "people_person",
        "pipelines_pipeline",
        "pipelines_stage",
    )
    for view in ("save_view", "delete_view", "choose_columns")
}
#: Its operations are tried one by one, and so are downloads in tests/test_downloads.py.
OF_GRAPHQL = {"graphql", "stream"}
OF_FILES = {"export", "file", "file_preview", "import_rejects"}
#: Its tests try receivers of other companies; who sends to it has no company.
OF_SENDERS = {"mail", "receiver"}
#: Its secret names the company: tests/test_calendar_feeds.py tries rows of others.
OF_CALENDARS = {"calendar"}
#: Who opens it has no company yet: tests/sign_in/test_invitations.py tries links of others.
OF_INVITED = {"invitation"}
#: Pages of the own account and of sign-in: tests/admin/account tries the sessions of other users.
OF_THE_ACCOUNT = {
    "account_login",
    "account_reauthenticate",
    "end_calendar",
    "end_other_sessions",
    "end_session",
    "mfa_activate_totp",
    "mfa_authenticate",
    "mfa_deactivate_totp",
    "mfa_generate_recovery_codes",
    "mfa_index",
    "mfa_reauthenticate",
    "mfa_view_recovery_codes",
    "new_calendar",
    "notification_settings",
    "openid_connect_callback",
    "openid_connect_login",
    "password_reset",
    "password_reset_complete",
    "password_reset_confirm",
    "password_reset_done",
    "second_factor_qr",
}
#: What the admin does with every other address below its own, and changes of passwords by superusers.
REDIRECTS_AND_PASSWORDS = {"", "admin:", "admin:auth_user_password_change"}


def addresses(resolver: URLResolver, namespace: str = "") -> Iterator[str]:
    """Yield the name of every URL, or its route if it has no name."""
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern, f"{pattern.namespace}:" if pattern.namespace else namespace)
        else:
            yield f"{namespace}{pattern.name or ('' if namespace else pattern.pattern)}"


def known() -> set[str]:
    models = {
        f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}"
        for model in admin.site._registry
        for page in OF_MODELS
    }
    own = models | OF_NOTES | OF_ACTIVITIES | OF_LISTS | OF_REPORTS | OF_THE_ACCOUNT | OF_THE_FRAME
    own |= (
        OF_THE_BOARD | OF_THE_CALENDAR | OF_IMPORTS | OF_MERGES | OF_BULK_CHANGES | OF_RECORDS | OF_THE_SET_UP
    )
    return (
        own
        | OF_THE_SESSION
        | OF_SENDERS
        | OF_GRAPHQL
        | OF_FILES
        | OF_CALENDARS
        | OF_INVITED
        | REDIRECTS_AND_PASSWORDS
        | set(OPEN)
    )


def test_every_address_has_a_case():
    assert set(addresses(get_resolver())) == known()


@pytest.mark.parametrize("path", OPEN)
def test_what_is_open_says_nothing_of_a_company(world: World, path: str):
    text = Client().get(f"/{path}").content.decode().casefold()

    assert MARK not in text
    assert world.own.tenant.company.name.casefold() not in text


def test_strangers_are_sent_to_sign_in(world: World):
    names = sorted(name for name in known() if name.endswith(("_changelist", "_add", ":index")))

    answers = {name: Client().get(reverse(name)) for name in names}

    assert len(names) == 65
    for name, answer in answers.items():
        assert answer.status_code == 302, name
        assert answer.headers["Location"].startswith("/admin/login/"), name


def test_a_row_of_another_company_has_no_page_of_its_own(world: World):
    user = world.own.tenant.users["admin"]
    user.is_staff = True
    user.save()
    client = Client()
    client.force_login(user)
    lead = world.other.key("lead")

    assert client.get(f"/admin/leads/lead/{lead}/").status_code == 302
    assert [client.get(f"/admin/r/{kind}/{lead}/").status_code for kind in range(1, 60)] == [404] * 59
