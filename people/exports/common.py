"""Parts that the exports of people and organizations share."""

from crm.models.external_ids import EXTERNAL_ID_COLUMNS

#: Columns of both, with where they are read.
COMMON = {
    **{name: name for name in EXTERNAL_ID_COLUMNS},
    "owner": "user__username",
    "created_at": "created_at",
}
