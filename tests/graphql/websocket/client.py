"""A client of the socket for tests, and members with tokens."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from asgiref.testing import ApplicationCommunicator

from crm.actors import Role
from crm.graphql.websocket import GraphQLSocket
from crm.models import ApiToken, Company, Membership, User
from crm.models.tokens import new_raw_token
from tests.events.small_schema import schema
from tests.factories.crm import ApiTokenFactory, CompanyFactory, MembershipFactory
from tests.patience import PATIENCE_SECONDS

HOST = "testserver"


@dataclass(frozen=True, kw_only=True)
class Member:
    """A member of a company, with a token."""

    company: Company
    user: User
    membership: Membership
    token: ApiToken
    raw: str

    @property
    def payload(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.raw}"}


def member(role: Role = Role.AGENT, *, company: Company | None = None, **token: Any) -> Member:
    """Make a member of a company, a new one unless given, and a token for it."""
    membership = MembershipFactory(company=company or CompanyFactory(), role=role.value)
    raw = new_raw_token()
    return Member(
        company=membership.company,
        user=membership.user,
        membership=membership,
        token=ApiTokenFactory(company=membership.company, user=membership.user, raw=raw, **token),
        raw=raw,
    )


class Client:
    """A graphql-transport-ws client that sends exactly what a test wants."""

    def __init__(
        self,
        *,
        headers: dict[str, str] | None = None,
        subprotocols: tuple[str, ...] = ("graphql-transport-ws",),
        secure: bool = False,
        application: Any = None,
    ) -> None:
        sent = {"host": HOST, **(headers or {})}
        # Channels' own communicator cannot be imported without daphne.
        self.socket = ApplicationCommunicator(
            application or GraphQLSocket.as_asgi(schema=schema),
            {
                "type": "websocket",
                "scheme": "wss" if secure else "ws",
                "path": "/graphql",
                "query_string": b"",
                "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
                "subprotocols": list(subprotocols),
            },
        )

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(self, *exception: object) -> None:
        if not self.socket.future.done():
            await self.socket.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.socket.wait(PATIENCE_SECONDS)

    async def connect(self) -> tuple[bool, str | None]:
        """Open the socket; return whether it was accepted, and the subprotocol."""
        await self.socket.send_input({"type": "websocket.connect"})
        answer = await self.socket.receive_output(PATIENCE_SECONDS)
        return answer["type"] == "websocket.accept", answer.get("subprotocol")

    async def send_frame(self, **frame: str | bytes) -> None:
        await self.socket.send_input({"type": "websocket.receive", **frame})

    async def send(self, message: Any) -> None:
        await self.send_frame(text=json.dumps(message))

    async def receive(self) -> Any:
        frame = await self.socket.receive_output(PATIENCE_SECONDS)
        assert frame["type"] == "websocket.send", frame
        return json.loads(frame["text"])

    async def close_code(self) -> int:
        """Wait for the close frame and return its code."""
        frame = await self.socket.receive_output(PATIENCE_SECONDS)
        assert frame["type"] == "websocket.close", frame
        return int(frame["code"])

    async def open(self, payload: dict[str, Any] | None) -> "Client":
        """Connect and get acknowledged."""
        assert await self.connect() == (True, "graphql-transport-ws")
        await self.send({"type": "connection_init", "payload": payload})
        acknowledged = await self.receive()
        assert acknowledged["type"] == "connection_ack"
        self.cursor = acknowledged["payload"]["cursor"]
        return self

    async def subscribe(self, id_: str, query: str, **parameters: Any) -> None:
        await self.send({"type": "subscribe", "id": id_, "payload": {"query": query, **parameters}})

    async def listen(self, id_: str, query: str, **parameters: Any) -> None:
        """Subscribe, and wait until the subscription has started."""
        await self.subscribe(id_, query, **parameters)
        await self.send({"type": "ping"})
        assert await self.receive() == {"type": "pong"}


class Stalling:
    """The socket behind a network that takes nothing while ``opened`` is not set."""

    def __init__(self, application: Any = None) -> None:
        self.opened = asyncio.Event()
        self.opened.set()
        self.held_up = asyncio.Event()
        self._application = application or GraphQLSocket.as_asgi(schema=schema)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def hold_up(message: Any) -> None:
            if not self.opened.is_set():
                self.held_up.set()
            await self.opened.wait()
            await send(message)

        await self._application(scope, receive, hold_up)
