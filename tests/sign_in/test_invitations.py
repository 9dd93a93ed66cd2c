"""An invitation by mail: its link works once, opens one account, and its state is shown."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone

from crm.errors import NotFound
from crm.models import AuditEntry, Invitation, Membership, User
from crm.models.tokens import hash_token
from crm.services.invitations import accept, invite_member, withdraw_invitation
from tests.admin.conftest import errors_of, messages_of
from tests.clients import data
from tests.commands.running import run
from tests.factories.crm import tenant as make_tenant
from tests.patience import PATIENCE_SECONDS
from tests.sign_in.mailbox import Mailbox, mail_server
from tests.statements import statements
from tests.stored import read_all

pytestmark = pytest.mark.django_db

PASSWORD = "Chosen-password-17"
CHOSEN = {"new_password1": PASSWORD, "new_password2": PASSWORD}
MEMBERS = "/admin/crm/membership/"
INVITE = "mutation ($email: String!) { inviteMember(input: {email: $email}) { user { id } is_active } }"


@pytest.fixture
def admin(tenant) -> Client:
    """The browser of the company's administrator."""
    user = tenant.users["admin"]
    user.is_staff = True
    user.save()
    browser = Client()
    browser.force_login(user)
    return browser


@pytest.fixture
def committed(django_capture_on_commit_callbacks):
    """Return a function that runs another one, and then what waits for the commit."""

    def run_committed(act: Any) -> Any:
        with django_capture_on_commit_callbacks(execute=True):
            return act()

    return run_committed


@pytest.fixture
def server(settings):
    with mail_server(settings) as mailbox:
        yield mailbox


def link_of(mailbox: Mailbox) -> str:
    """Return the path of the last link that was mailed."""
    return mailbox.links[-1].partition("testserver")[2]


def shown_state(admin: Client, email: str) -> str:
    listed = admin.get(MEMBERS, {"q": email})
    [member] = listed.context["cl"].result_list
    return str(listed.context["cl"].model_admin.invited(member))


def act_on(admin: Client, action: str, email: str) -> list[str]:
    member = Membership.objects.get(user__email=email)
    selected = {"action": action, "_selected_action": member.pk}
    return messages_of(admin.post(MEMBERS, selected, follow=True))


def test_invited_person_chooses_a_password_and_is_signed_in(admin, committed, server, tenant):
    added = committed(
        lambda: admin.post(f"{MEMBERS}add/", {"username": "jane@example.com", "role": "MANAGER"})
    )
    [sent] = server.mails
    jane = User.objects.get(username="jane@example.com")
    browser = Client()

    opened = browser.get(link_of(server))
    form = browser.get(opened["Location"])
    # A scanner of mails, or the preview of another program, takes nothing away.
    Client().get(link_of(server))
    weak = browser.post("/invitation", {"new_password1": "1", "new_password2": "1"})
    chosen = browser.post("/invitation", CHOSEN)
    index = browser.get(chosen["Location"])

    assert added.status_code == 302
    assert (sent["To"], sent["From"]) == ("jane@example.com", "crm@example.com")
    assert sent["Subject"] == "Invitation to Tenant"
    assert "admin@tenant invites you to work in Tenant" in sent.get_content()
    assert (opened.status_code, opened["Location"]) == (302, "/invitation")
    assert "token" not in form.content.decode().replace("csrfmiddlewaretoken", "")
    assert "no-store" in form["Cache-Control"]
    assert (weak.status_code, "too short" in weak.content.decode()) == (200, True)
    assert chosen["Location"] == "/admin/"
    assert index.status_code == 200
    assert (index.wsgi_request.user, index.context["current_company"]) == (jane, tenant.company)
    assert Client().login(username="jane@example.com", password=PASSWORD)
    # Once.
    assert browser.get("/invitation").status_code == 410
    assert Client().get(link_of(server)).status_code == 410
    assert shown_state(admin, "jane@example.com") == "Accepted"
    told = list(AuditEntry.objects.filter(user=jane).order_by("pk").values_list("event", "by", "company"))
    assert told[:4] == [
        ("INVITATION_SENT", tenant.users["admin"].pk, tenant.company.pk),
        ("PASSWORD", None, None),
        ("INVITATION_ACCEPTED", None, tenant.company.pk),
        ("SIGN_IN", None, None),
    ]


def test_an_invitation_is_in_the_language_of_the_company(admin, committed, server, tenant):
    tenant.company.language = "es"
    tenant.company.save()

    committed(lambda: admin.post(f"{MEMBERS}add/", {"username": "jane@example.com", "role": "AGENT"}))

    [sent] = server.mails
    assert sent["Subject"] == "Invitación a Tenant"
    assert "Abra este enlace para aceptar." in sent.get_content()


def test_the_token_is_stored_nowhere(admin, committed, server):
    committed(lambda: admin.post(f"{MEMBERS}add/", {"username": "jane@example.com", "role": "AGENT"}))
    raw = link_of(server).partition("token=")[2]
    Client().get(link_of(server))

    with connection.cursor() as cursor:
        cursor.execute("SELECT session_data FROM django_session")
        sessions = str(cursor.fetchall())

    assert len(raw) >= 43
    assert raw not in str(read_all()) + sessions
    assert Invitation.objects.get().hash == hash_token(raw)


def test_an_existing_account_signs_in_to_accept(admin, committed, server, other_tenant, tenant):
    known = other_tenant.users["agent"]
    known.is_staff = True
    known.set_password(PASSWORD)
    known.save()
    committed(lambda: data(INVITE, actor=tenant.actors.admin, variables={"email": known.email}))
    browser = Client()

    asked = browser.get(browser.get(mailed_path(server))["Location"])
    refused = browser.post("/invitation", CHOSEN)
    signed_in = browser.post(asked["Location"], {"username": known.username, "password": PASSWORD})
    joined_page = browser.get(signed_in["Location"])
    joined = browser.post("/invitation")
    index = browser.get(joined["Location"])

    assert asked["Location"] == refused["Location"] == "/admin/login/?next=%2Finvitation"
    assert signed_in["Location"] == "/invitation"
    assert "Join Tenant" in joined_page.content.decode()
    assert index.context["current_company"] == tenant.company
    known.refresh_from_db()
    assert known.check_password(PASSWORD)
    assert Invitation.objects.get().accepted_at is not None


def mailed_path(mailbox: Mailbox) -> str:
    return "/invitation?" + mailbox.links[-1].partition("?")[2]


def test_somebody_else_cannot_accept_with_the_link(admin, committed, server, other_tenant, tenant):
    known, stranger = other_tenant.users["agent"], other_tenant.users["viewer"]
    known.set_password(PASSWORD)
    known.save()
    committed(lambda: data(INVITE, actor=tenant.actors.admin, variables={"email": known.email}))
    browser = Client()
    browser.force_login(stranger)
    browser.get(mailed_path(server))

    answers = [browser.get("/invitation"), browser.post("/invitation", CHOSEN)]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert known.username not in answers[0].content.decode()
    assert Invitation.objects.get().accepted_at is None
    assert not Membership.objects.filter(user=stranger, company=tenant.company).exists()


@pytest.mark.parametrize(
    "ending", ["expired", "withdrawn", "resent", "deactivated", "user", "company", "address", "signed up"]
)
def test_a_link_that_works_no_more(ending, admin, committed, server, tenant):
    committed(lambda: admin.post(f"{MEMBERS}add/", {"username": "jane@example.com", "role": "AGENT"}))
    link, jane = link_of(server), User.objects.get(username="jane@example.com")
    browser = Client()
    browser.get(link)
    hashed = Invitation.objects.get().hash
    if ending == "expired":
        Invitation.objects.update(expires_at=timezone.now())
    elif ending == "withdrawn":
        act_on(admin, "withdraw_selected", "jane@example.com")
    elif ending == "resent":
        committed(lambda: act_on(admin, "resend_selected", "jane@example.com"))
    elif ending == "deactivated":
        Membership.objects.filter(user=jane).update(is_active=False)
    elif ending == "user":
        User.objects.filter(pk=jane.pk).update(is_active=False)
    elif ending == "company":
        type(tenant.company).objects.filter(pk=tenant.company.pk).update(is_active=False)
    elif ending == "address":
        jane.email = "right@example.com"
        jane.save()
    else:
        jane.set_password("chosen elsewhere")
        jane.save()
        with pytest.raises(NotFound):
            accept(hashed, password=PASSWORD)
        # An account that is somebody's by now asks for its password.
        assert browser.post("/invitation", CHOSEN)["Location"].startswith("/admin/login/")
        return

    answers = [browser.get("/invitation"), browser.post("/invitation", CHOSEN), Client().get(link)]

    assert [answer.status_code for answer in answers] == [410] * 3
    jane.refresh_from_db()
    assert not jane.has_usable_password()
    if ending == "resent":
        assert Client().get(link_of(server)).status_code == 302


def test_a_failed_mail_is_shown_and_sent_again(admin, committed, server):
    server.refused.add("jane@example.com")
    added = committed(lambda: admin.post(f"{MEMBERS}add/", {"username": "jane@example.com", "role": "AGENT"}))
    failed = shown_state(admin, "jane@example.com")
    server.refused.clear()
    sent_again = committed(lambda: act_on(admin, "resend_selected", "jane@example.com"))

    assert added.status_code == 302
    assert failed == (
        "Not sent: The mail server refused the address. Check it, then send the invitation again."
    )
    assert sent_again == ["Sent an invitation to 1 membership."]
    assert shown_state(admin, "jane@example.com") == "Sent"
    assert Client().get(link_of(server)).status_code == 302


def test_a_mail_server_that_is_away_and_none_at_all(admin, committed, settings, server):
    settings.EMAIL_PORT = 1
    committed(lambda: admin.post(f"{MEMBERS}add/", {"username": "jane@example.com", "role": "AGENT"}))
    away = shown_state(admin, "jane@example.com")
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    committed(lambda: act_on(admin, "resend_selected", "jane@example.com"))

    assert away.startswith("Not sent: The mail server could not be reached.")
    assert shown_state(admin, "jane@example.com").startswith("Not sent: Mail is not set up")


def test_withdrawing_and_sending_again_have_their_limits(admin, committed, server, tenant):
    agent = tenant.users["agent"]
    agent.set_password(PASSWORD)
    agent.save()
    committed(lambda: admin.post(f"{MEMBERS}add/", {"username": "jane@example.com", "role": "AGENT"}))

    admin.get(MEMBERS)
    refused = [
        *act_on(admin, "resend_selected", agent.email),
        *act_on(admin, "withdraw_selected", agent.email),
    ]
    withdrawn = act_on(admin, "withdraw_selected", "jane@example.com")
    twice = act_on(admin, "withdraw_selected", "jane@example.com")
    again = act_on(admin, "resend_selected", "jane@example.com")
    invited = committed(
        lambda: data(INVITE, actor=tenant.actors.admin, variables={"email": "JANE@EXAMPLE.COM"})
    )

    assert "This member has joined already." in refused[0]
    assert "There is no open invitation to withdraw" in refused[1]
    assert withdrawn == ["Withdrew the invitation of 1 membership."]
    assert "There is no open invitation to withdraw" in twice[0]
    assert "The membership has ended" in again[0]
    assert invited["inviteMember"]["is_active"] is True
    assert shown_state(admin, "jane@example.com") == "Sent"
    assert len(server.mails) == 2


def test_no_mail_goes_out_if_the_change_is_not_stored(admin, committed, server, tenant):
    given = {"username": tenant.users["agent"].email, "role": "AGENT"}

    answer = committed(lambda: admin.post(f"{MEMBERS}add/", given))
    illegal = committed(lambda: admin.post(f"{MEMBERS}add/", {"username": "jane@", "role": "AGENT"}))

    assert errors_of(answer) == {"__all__": ["This user is already a member."]}
    assert list(errors_of(illegal)) == ["username"]
    assert server.mails == []
    assert not Invitation.objects.exists()


def test_the_command_mails_a_link_or_prints_it(committed, server, settings, tenant):
    company = str(tenant.company.pk)
    mailed = committed(
        lambda: run("add_member", "jane@example.com", "--company", company, "--role", "VIEWER")
    )
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    settings.PUBLIC_URL = "https://crm.example.com"
    printed = run("add_member", "john@example.com", "--company", company)
    again = run("add_member", "john@example.com", "--company", company)

    member, john = (User.objects.get(username=f"{name}@example.com") for name in ("jane", "john"))
    assert mailed.lines[-1] == str(member.pk)
    assert [mail["To"] for mail in server.mails] == ["jane@example.com"]
    assert (printed.lines[0], printed.lines[-1]) == (
        "john@example.com is a member of Tenant: AGENT.",
        str(john.pk),
    )
    assert "https://crm.example.com/invitation?token=" in printed.lines[1]
    # Whoever has not signed up gets a new link.
    first, last = (ended.lines[1].rpartition("crm.example.com")[2] for ended in (printed, again))
    browser = Client()
    assert browser.get(first).status_code == 410
    browser.get(last)
    assert browser.post("/invitation", CHOSEN)["Location"] == "/admin/"
    assert Membership.objects.get(user=member).role == "VIEWER"


def test_foreign_members_are_not_found(tenant, other_tenant):
    invited = invite_member({"email": "jane@example.com"}, actor=other_tenant.actors.admin)

    with pytest.raises(NotFound):
        withdraw_invitation(invited.user_id, actor=tenant.actors.admin)
    assert Invitation.objects.visible_to(tenant.actors.admin).count() == 0
    assert Invitation.objects.visible_to(other_tenant.actors.admin).get().membership == invited


def test_members_with_invitations_cost_as_many_statements_as_one(admin, tenant):
    counts = []
    for number in (1, 20):
        for turn in range(number):
            invite_member({"email": f"jane{number}.{turn}@example.com"}, actor=tenant.actors.admin)
        counts.append(len(statements(lambda: admin.get(MEMBERS))))

    assert counts[0] == counts[1]
    assert mail.outbox == []


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_link_is_used_once_by_five_at_the_same_time():
    made = make_tenant()
    invited = invite_member({"email": "jane@example.com"}, actor=made.actors.admin)
    hashed = Invitation.objects.get(membership=invited).hash
    together = Barrier(5)

    def attempt(number: int) -> str:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '60s'")
        together.wait(timeout=PATIENCE_SECONDS)
        try:
            accept(hashed, password=f"Password-of-{number}")
        except NotFound:
            return ""
        finally:
            connection.close()
        return f"Password-of-{number}"

    with ThreadPoolExecutor(10) as pool:
        [won] = [found for found in pool.map(attempt, range(5)) if found]

    assert User.objects.get(pk=invited.user_id).check_password(won)
    assert AuditEntry.objects.filter(event="INVITATION_ACCEPTED").count() == 1
