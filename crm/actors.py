"""The actor: who does something, with which rights, through which door. Every service and read takes one."""

from dataclasses import dataclass, replace
from enum import Enum, StrEnum

from crm.errors import Forbidden


class Role(StrEnum):
    """The role of a member in one company, from the least to the most powerful."""

    VIEWER = "VIEWER"
    AGENT = "AGENT"
    MANAGER = "MANAGER"
    ADMIN = "ADMIN"

    @property
    def rank(self) -> int:
        return _RANKS[self]


_RANKS = {role: rank for rank, role in enumerate(Role)}


class Scope(StrEnum):
    """The most that a token may do; a scope never adds to a role."""

    READ = "read"
    WRITE = "write"
    #: For what cannot be undone: no token has it by itself.
    ERASE = "erase"


class Door(StrEnum):
    """The interface that a change came through; stored with every event."""

    ADMIN = "admin"
    GRAPHQL = "graphql"
    IMPORT = "import"
    COMMAND = "command"
    WEBHOOK = "webhook"


class Action(Enum):
    """A permission: the least role and the scope that it needs."""

    # The third item only tells actions apart: members of an Enum with equal values would be one member.
    READ = (Role.VIEWER, Scope.READ)
    READ_ROUTING = (Role.MANAGER, Scope.READ, "routing")
    CHANGE_PEOPLE = (Role.AGENT, Scope.WRITE, "people")
    CHANGE_LEADS = (Role.AGENT, Scope.WRITE, "leads")
    CHANGE_TAGS = (Role.AGENT, Scope.WRITE, "tags")
    CHANGE_FILES = (Role.AGENT, Scope.WRITE, "files")
    CHANGE_CHANNELS = (Role.AGENT, Scope.WRITE, "channels")
    CHANGE_ACTIVITIES = (Role.AGENT, Scope.WRITE, "activities")
    #: For what concerns nobody else: one's own time zone, and what one is notified of.
    CHANGE_OWN = (Role.VIEWER, Scope.WRITE, "own")
    #: For one's own absences; those of others need CHANGE_LOOKUPS.
    CHANGE_ABSENCES = (Role.AGENT, Scope.WRITE, "absences")
    #: For one's own calendar feed; a viewer has tasks in sight too.
    CHANGE_CALENDAR = (Role.VIEWER, Scope.WRITE, "calendar")
    #: For messages and notes of others.
    MODERATE = (Role.MANAGER, Scope.WRITE, "moderation")
    CHANGE_PIPELINES = (Role.MANAGER, Scope.WRITE, "pipelines")
    CHANGE_LOOKUPS = (Role.MANAGER, Scope.WRITE, "lookups")
    IMPORT = (Role.MANAGER, Scope.WRITE, "import")
    #: For files with all that one sees.
    EXPORT = (Role.MANAGER, Scope.READ, "export")
    ERASE = (Role.ADMIN, Scope.ERASE, "erase")
    MANAGE_COMPANY = (Role.ADMIN, Scope.WRITE, "company")

    @property
    def least_role(self) -> Role:
        role: Role = self.value[0]
        return role

    @property
    def scope(self) -> Scope:
        scope: Scope = self.value[1]
        return scope


ALL_SCOPES = frozenset(Scope)


@dataclass(frozen=True, kw_only=True)
class Actor:
    """A member of one company, acting through one door.

    ``user_id`` is None only for the product itself, which sets up companies and receives public leads.
    """

    user_id: int | None
    company_id: int
    role: Role
    door: Door
    scopes: frozenset[Scope] = ALL_SCOPES
    company_sees_all_leads: bool = True
    #: Whether the credential is valid for every company of its user: a session is, a token is not.
    opens_all: bool = False
    #: Whether the company allows registered documents only.
    registered_documents_only: bool = False
    #: The country code of phone numbers without a prefix; None if it was not read with the rights. Use
    #: ``region_of``.
    region: str | None = None
    #: The token, receiver, import or bulk change that was used, for the history.
    via: str | None = None

    @property
    def sees_all_leads(self) -> bool:
        """Whether all leads of the company are visible, by its setting or by the role."""
        return self.company_sees_all_leads or self.role.rank >= Role.MANAGER.rank

    def may(self, action: Action) -> bool:
        """Return whether role and scopes allow the action on rows that the actor sees."""
        return self.role.rank >= action.least_role.rank and action.scope in self.scopes

    def require(self, action: Action) -> None:
        """Check that role and scopes allow the action.

        :raises Forbidden: if they do not.
        """
        if not self.may(action):
            raise Forbidden

    def through(self, door: Door, *, via: str | None = None) -> "Actor":
        """Return the same actor with another door."""
        return replace(self, door=door, via=via)


def system_actor(company_id: int, *, door: Door = Door.COMMAND, via: str | None = None) -> Actor:
    """Return the actor for what the product itself does in a company."""
    return Actor(user_id=None, company_id=company_id, role=Role.ADMIN, door=door, via=via)
