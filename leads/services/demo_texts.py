"""Texts of the demo data, in the language that they are loaded in."""

from django.utils.translation import gettext_lazy as _

#: What is sold, and for how much.
DEALS = (
    (_("Annual subscription"), "18000"),
    (_("Pilot project"), "4500"),
    (_("Upgrade to the team plan"), "7200"),
    (_("Training for new staff"), "2600"),
    (_("Data migration"), "12500"),
    (_("Support contract"), "9800"),
    (_("Second office"), "31000"),
)
PEOPLE_TAGS = (_("Decision maker"), _("Newsletter"), _("Partner"))
LEAD_TAGS = (_("Hot"), _("Follow up"), _("Renewal"))
#: Outcome and reason of some leads, by their position.
CLOSED = {
    4: ("won", None),
    9: ("lost", _("Chose a cheaper offer.")),
    15: ("won", None),
    22: ("lost", _("No budget this year.")),
    28: ("closed", None),
    35: ("won", None),
}
#: Roles of people in leads; and who has one: position of the lead, of the person and of the role.
ROLES = (_("Decision maker"), _("Influencer"), _("User"))
NAMED = ((0, 12, 0), (0, 24, 2), (2, 14, 1), (8, 20, 0))
#: What is to be done about leads: position of the lead, kind, subject, days from today and hour; None is a
#: task without a time.
PLANNED = (
    (0, "CALL", _("Ask about the number of seats"), (-1, 11)),
    (8, "TASK", _("Send the offer for the second office"), (0, 9)),
    (2, "CALL", _("Talk about the start date"), (0, 16)),
    (6, "TASK", _("Prepare the demonstration"), (1, 10)),
    (10, "MEETING", _("Show the product to the whole team"), (1, 14)),
    (12, "TASK", _("Check the references"), (2, 12)),
    (16, "CALL", _("Hear what the board decided"), (3, 15)),
    (18, "TASK", _("Send the contract"), None),
    (1, "CALL", _("Ask who signs"), (0, 15)),
    (3, "TASK", _("Send training dates"), (1, 11)),
)
#: What was said: position of the lead, kind, text.
SAID = (
    (0, "CALL", _("Wants 20 seats, and an offer before the end of the month.")),
    (2, "EMAIL", _("Sent the price list.")),
    (8, "NOTE", _("The second office opens in spring; they compare two offers.")),
    (6, "MEETING", _("Met the head of sales. Next step: a demonstration for the team.")),
    (1, "CALL", _("Very interested, needs the approval of the finance team.")),
)
