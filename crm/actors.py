"""Who acts: a frozen value that every service and every read is given."""

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
        return list(Role).index(self)


class Scope(StrEnum):
    """What a token may do at most; a scope never adds to a role."""

    READ = "read"
    WRITE = "write"


class Door(StrEnum):
    """The way a change came in; kept with every event."""

    ADMIN = "admin"
    GRAPHQL = "graphql"
    IMPORT = "import"
    COMMAND = "command"
    WEBHOOK = "webhook"


class Action(Enum):
    """What an actor may be asked to be allowed: the least role and the scope that it needs."""

    READ = (Role.VIEWER, Scope.READ)
    READ_ROUTING = (Role.MANAGER, Scope.READ, "routing")
    CHANGE_PEOPLE = (Role.AGENT, Scope.WRITE, "people")
    CHANGE_LEADS = (Role.AGENT, Scope.WRITE, "leads")
    CHANGE_TAGS = (Role.AGENT, Scope.WRITE, "tags")
    CHANGE_FILES = (Role.AGENT, Scope.WRITE, "files")
    CHANGE_CHANNELS = (Role.AGENT, Scope.WRITE, "channels")
    CHANGE_ACTIVITIES = (Role.AGENT, Scope.WRITE, "activities")
    #: To say when oneself is away; for others it takes what CHANGE_LOOKUPS takes.
    CHANGE_ABSENCES = (Role.AGENT, Scope.WRITE, "absences")
    #: To change what others said.
    MODERATE = (Role.MANAGER, Scope.WRITE, "moderation")
    CHANGE_PIPELINES = (Role.MANAGER, Scope.WRITE, "pipelines")
    CHANGE_LOOKUPS = (Role.MANAGER, Scope.WRITE, "lookups")
    IMPORT = (Role.MANAGER, Scope.WRITE, "import")
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

    ``user_id`` is None only for the system itself, which sets up companies and takes in public leads.
    """

    user_id: int | None
    company_id: int
    role: Role
    door: Door
    scopes: frozenset[Scope] = ALL_SCOPES
    company_sees_all_leads: bool = True
    #: Whether the credential opens every company of its user: a session does, a token does not.
    opens_all: bool = False
    #: Whether the company lets registered documents run and no others.
    registered_documents_only: bool = False
    #: What the actor came by at that door, for the history: the name of a token, a receiver, an import.
    via: str | None = None

    @property
    def sees_all_leads(self) -> bool:
        """Whether row visibility of leads ends at the company: by its setting, or by the role."""
        return self.company_sees_all_leads or self.role.rank >= Role.MANAGER.rank

    def may(self, action: Action) -> bool:
        """Tell whether role and scopes allow the action on what the actor can see."""
        return self.role.rank >= action.least_role.rank and action.scope in self.scopes

    def require(self, action: Action) -> None:
        """Assert that the action is allowed.

        :raises Forbidden: if the role or the scopes of the actor do not allow it.
        """
        if not self.may(action):
            raise Forbidden

    def through(self, door: Door, *, via: str | None = None) -> "Actor":
        """Give the same actor, coming in by another door."""
        return replace(self, door=door, via=via)


def system_actor(company_id: int, *, door: Door = Door.COMMAND, via: str | None = None) -> Actor:
    """Give the actor that stands for the product itself inside one company."""
    return Actor(user_id=None, company_id=company_id, role=Role.ADMIN, door=door, via=via)
