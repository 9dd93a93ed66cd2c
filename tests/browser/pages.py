"""The pages of the admin: their addresses, from the registry and the URL conf, and whom they open to."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import admin
from django.db.models import Model
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from crm.models import Company, User, WorkPart
from tests.admin.test_access import MATRIX
from tests.rows.registry import kind_of

#: From the highest down. Operators are superusers; strangers are in no company; visitors have not signed in.
MEMBERS = ("operator", "admin", "manager", "agent", "viewer")
ROLES = (*MEMBERS, "stranger", "visitor")
#: Pages of Django's for each model, and what of the matrix opens them.
OF_MODELS = {"changelist": "list", "add": "add", "change": "list", "delete": "delete", "history": "list"}


@dataclass(frozen=True, kw_only=True)
class Case:
    """The arguments of a page of our own, and the roles to whom it opens."""

    #: What each argument of the address names: a kind of row, or something else of the world.
    arguments: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    roles: Collection[str] = MEMBERS


@dataclass(frozen=True, kw_only=True)
class Visit:
    """An address of the admin, and the roles to whom it opens."""

    name: str
    address: str
    roles: Collection[str]


#: What superusers may besides.
OPERATING = {User: ("add",), Company: ("add",)}
ADMINISTERING = ("operator", "admin")
MANAGING = ("operator", "admin", "manager")
WRITING = (*MANAGING, "agent")
SIGNED_IN = (*MEMBERS, "stranger")
LEAD, ACTIVITY = {"object_id": "lead"}, {"object_id": "task"}
OWN = {
    "account_login": Case(roles=("visitor",)),
    "admin:index": Case(roles=SIGNED_IN),
    "admin:search": Case(query={"q": "acme"}),
    "admin:set_up": Case(roles=MANAGING),
    "admin:new_task": Case(query={"q": "acme"}, roles=WRITING),
    "admin:new_call": Case(roles=WRITING),
    "admin:app_list": Case(arguments={"app_label": "=leads"}),
    "admin:password_change": Case(roles=SIGNED_IN),
    "admin:password_change_done": Case(roles=SIGNED_IN),
    "admin:imports": Case(roles=MANAGING),
    "admin:new_import": Case(roles=MANAGING),
    "admin:import_settings": Case(arguments={"token": "draft"}, roles=MANAGING),
    "admin:import_job": Case(arguments={"key": "import_job_uuid"}, roles=MANAGING),
    "admin:undo_import": Case(arguments={"key": "import_job_uuid"}, roles=MANAGING),
    "admin:crm_activity_calendar": Case(query={"view": "month"}),
    "admin:crm_activity_move": Case(arguments=ACTIVITY, roles=WRITING),
    "admin:crm_membership_end": Case(arguments={"object_id": "membership"}, roles=ADMINISTERING),
    "admin:crm_webhookendpoint_deliveries": Case(
        arguments={"object_id": "webhook_endpoint"}, roles=ADMINISTERING
    ),
    "admin:leads_lead_board": Case(),
    "admin:leads_lead_field": Case(arguments={**LEAD, "name": "=title"}, roles=WRITING),
    "admin:leads_lead_move": Case(arguments=LEAD, roles=WRITING),
    "admin:leads_lead_team": Case(roles=MANAGING),
    "admin:leads_leadreceiver_template": Case(arguments={"object_id": "receiver"}, roles=MANAGING),
    "admin:leads_leadrotation_turns": Case(arguments={"object_id": "rotation"}, roles=MANAGING),
    "admin:people_organization_field": Case(
        arguments={"object_id": "organization", "name": "=name"}, roles=WRITING
    ),
    "admin:people_person_field": Case(arguments={"object_id": "person", "name": "=firstname"}, roles=WRITING),
    "admin:pipelines_pipeline_stages": Case(arguments={"object_id": "pipeline"}),
    "admin:pipelines_pipeline_delete_stage": Case(
        arguments={"object_id": "pipeline", "stage_id": "stage"}, roles=MANAGING
    ),
    "admin:write_mail": Case(arguments={**LEAD, "kind": "=LEAD"}, roles=WRITING),
    "admin:reports": Case(),
    "admin:report": Case(arguments={"name": "=funnel"}),
    "mfa_index": Case(roles=SIGNED_IN),
    "notification_settings": Case(roles=MEMBERS),
    "password_reset": Case(roles=ROLES),
    "password_reset_done": Case(roles=ROLES),
    "password_reset_complete": Case(roles=ROLES),
}
#: Addresses that show no page when they are opened, and what they are instead.
NO_PAGES = {
    "account_reauthenticate": "asks for the password again before a page of the second factor: tests/sign_in",
    "admin:apply_import": "takes a form",
    "admin:auth_user_password_change": "of accounts, whose passwords nobody else changes: answers 403",
    "admin:autocomplete": "answers with choices, not with a page",
    "admin:choose_company": "takes a form",
    "admin:company_logo": "a picture",
    "admin:crm_activity_done": "takes a form",
    "admin:crm_activity_reopen": "takes a form",
    "admin:crm_activity_snooze": "takes a form",
    "admin:crm_activity_start": "takes a form",
    "admin:crm_customfielddefinition_preview": "takes a form",
    "admin:crm_importjob_change": "leads to the page of an import",
    "admin:crm_membership_resend": "takes a form",
    "admin:crm_membership_withdraw": "takes a form",
    "admin:crm_notification_read": "takes a form",
    "admin:crm_webhookendpoint_resume": "takes a form",
    "admin:crm_webhookendpoint_send_again": "takes a form",
    "admin:crm_webhookendpoint_test": "takes a form",
    "admin:jsi18n": "a script",
    "admin:leads_lead_board_cards": "a part of the board, which loads it itself: test_board.py",
    "admin:leads_lead_board_column": "a part of the board, which loads it itself: test_board.py",
    "admin:leads_lead_follow": "takes a form",
    "admin:leads_lead_people": "takes a form",
    "admin:people_merge_undo": "takes a form",
    "admin:people_organization_compare": "of two records: test_named_people.py",
    "admin:people_person_compare": "of two records: test_named_people.py",
    "admin:leads_lead_undo_many": "takes a form",
    "admin:people_organization_undo_many": "takes a form",
    "admin:people_person_undo_many": "takes a form",
    "admin:login": "the address of account_login",
    "admin:logout": "takes a form",
    "admin:pipelines_pipeline_order_stages": "takes a form",
    "admin:pipelines_pipeline_restore_stage": "takes a form",
    "admin:view_on_site": "leads to nothing: records have no public page",
    "end_calendar": "takes a form",
    "end_other_sessions": "takes a form",
    "end_session": "takes a form",
    "mfa_activate_totp": "asks for the password again first: test_sign_in.py",
    "mfa_authenticate": "the second step of sign-in: test_sign_in.py",
    "mfa_deactivate_totp": "shown to who has a second factor: test_sign_in.py",
    "mfa_generate_recovery_codes": "shown to who has a second factor: test_sign_in.py",
    "mfa_reauthenticate": "shown to who has a second factor: test_sign_in.py",
    "mfa_view_recovery_codes": "shown to who has a second factor: test_sign_in.py",
    "new_calendar": "takes a form",
    "openid_connect_callback": "leads from the provider of single sign-on into the admin",
    "openid_connect_login": "leads to the provider of single sign-on",
    "password_reset_confirm": "opened by the link of a mail: tests/admin/account",
    "second_factor_qr": "a picture",
}
#: The same of each kind of records or list.
NO_PAGES_OF_MODELS = (
    *("_save_view", "_delete_view", "_choose_columns", "_note"),
    # A file stands in the dialog of its record: test_record.py.
    *("_file", "_files", "_remove_file"),
)


def patterns(found: Collection[URLPattern | URLResolver], namespace: str = "") -> Iterator[str]:
    """Return the names of all addresses of the admin, with their namespace."""
    for pattern in found:
        if isinstance(pattern, URLResolver):
            inner = f"{pattern.namespace}:" if pattern.namespace else ""
            yield from patterns(pattern.url_patterns, namespace + inner)
        elif pattern.name:
            yield namespace + pattern.name


def names() -> set[str]:
    """Return the names of all addresses below that of the admin."""
    below = [each for each in get_resolver().url_patterns if str(each.pattern) == settings.ADMIN_URL]
    return set(patterns(below))


def of_models() -> dict[str, tuple[type[Model], str]]:
    """Return the pages that Django makes for each model, by name."""
    return {
        f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}": (model, page)
        for model in admin.site._registry
        for page in OF_MODELS
    }


def opens_to(model: type[Model], page: str) -> Collection[str]:
    """Return the roles that may open a page of a model."""
    if model is WorkPart:
        return ("operator",) if page in ("changelist", "change", "history") else ()
    viewer, agent, manager, administrator = (OF_MODELS[page] in cells for cells in MATRIX[model])
    opened = {
        "viewer": viewer,
        "agent": agent,
        "manager": manager,
        "admin": administrator,
        "operator": administrator,
    }
    opened["operator"] |= page in OPERATING.get(model, ())
    return [role for role, may in opened.items() if may]


def visits(world: Mapping[str, str], role: str) -> list[Visit]:
    """Return each page of the admin once, with the rows of a world; some rows are those of a role alone."""
    found = []
    for name, (model, page) in of_models().items():
        kind = model_key(model)
        key = [] if page in ("changelist", "add") else [world.get(f"{kind} of {role}", world[kind])]
        found.append(Visit(name=name, address=reverse(name, args=key), roles=opens_to(model, page)))
    for name, case in OWN.items():
        values = {
            argument: kind.removeprefix("=") if kind.startswith("=") else world[kind]
            for argument, kind in case.arguments.items()
        }
        question = f"?{urlencode(case.query)}" if case.query else ""
        found.append(Visit(name=name, address=reverse(name, kwargs=values) + question, roles=case.roles))
    return found


def model_key(model: type[Model]) -> str:
    return "work_part" if model is WorkPart else kind_of(model)
