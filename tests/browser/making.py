"""Make a company with two members and some leads; print the id of each lead by title, and a token."""

import django

django.setup()

from crm.actors import Door, Role  # noqa: E402
from crm.authentication import actor_for  # noqa: E402
from crm.services.companies import find_or_create_user, save_user  # noqa: E402
from crm.services.members import add_member  # noqa: E402
from crm.services.tokens import create_token  # noqa: E402
from leads.services.company_setup import set_up_company  # noqa: E402
from leads.services.lead_input import LeadValues  # noqa: E402
from leads.services.leads import create_lead  # noqa: E402

LEADS = ("Dragged", "Keyed", "Stale", "Noted", "Missed", "Edited", "Compared", "Touched")


def make() -> None:
    ann, _ = find_or_create_user("ann")
    bob, _ = find_or_create_user("bob")
    company = set_up_company("Acme", admin=ann)
    add_member(company, bob, Role.AGENT)
    for user in (ann, bob):
        user.set_password("secret-of-members")
        user.is_staff = True
        save_user(user)
    actor = actor_for(ann, company, door=Door.COMMAND)
    for title in LEADS:
        values: LeadValues = {"title": title, "amount": 100, "currency": "EUR", "leads_owner_id": ann.pk}
        print("LEAD", title, create_lead(values, actor=actor).pk)
    print("TOKEN", create_token(ann, company, name="test")[1])


if __name__ == "__main__":
    make()
