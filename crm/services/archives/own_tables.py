"""Tables of crm that archives leave out, and columns that hold keys."""

from crm import models
from crm.models.files import FileUsage
from crm.services.archives.shifts import shift_history, shift_view
from crm.services.archives.tables import leave_out, shift_keys

OF_ONE_PLACE = "a secret of one installation: make a new one"
PASSES = "what processes need for a while: it holds nothing that members entered"
DERIVED = "made anew of the rows that it counts"
RIGHTS = "rights at one installation; those in a company are of its members"
LOG = "the log that subscribers and webhooks read: nobody is told of the past"


def register() -> None:
    leave_out(
        {
            models.ApiToken: OF_ONE_PLACE,
            models.CalendarFeed: OF_ONE_PLACE,
            models.Invitation: "a secret in a mail: invite again",
            models.BrowserSession: OF_ONE_PLACE,
            models.WebhookEndpoint: "its secret, and two installations would call: make a new one",
            models.WebhookDelivery: LOG,
            models.Event: LOG,
            models.EventCounter: LOG,
            models.AuditEntry: "who signed in from where at one installation",
            models.SignInFailures: PASSES,
            models.IdempotencyKey: PASSES,
            models.WorkPart: PASSES,
            models.NotificationSource: PASSES,
            models.NotificationMail: "mails that are sent or wait to be",
            models.ExportJob: "files for download, which expire",
            models.ImportJob: "files and ledgers, which expire; what was imported is in the archive",
            models.ImportRow: "the ledger of an import that is left out",
            models.ImportRowError: "the ledger of an import that is left out",
            models.User.groups.through: RIGHTS,
            models.User.user_permissions.through: RIGHTS,
            models.Tally: DERIVED,
            FileUsage: DERIVED,
        }
    )
    shift_keys(models.HistoryEntry, shift_history)
    shift_keys(models.ListView, shift_view)
