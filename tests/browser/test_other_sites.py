"""Pages of other sites in a real browser: which may call the API, and what they may read."""

import http.server
import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.config.processes import DEVELOPMENT, environment
from tests.e2e.servers import Api, free_port, make_company, reading
from tests.forks import warm
from tests.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.browser

#: Runs in the page; what a browser refuses is null.
CALLS = """async ([api, token, receiver]) => {
  const json = {'Content-Type': 'application/json'};
  const signed = {...json, Authorization: `Bearer ${token}`};
  const attempt = async (act) => { try { return await act(); } catch (error) { return null; } };
  const post = (path, headers, body, further = {}) =>
    fetch(api + path, {method: 'POST', headers, body: JSON.stringify(body), ...further});
  const create = {query: 'mutation { createLead(input: {title: "From afar"}) { title } }'};
  const keyed = {...signed, 'Idempotency-Key': 'one'};
  const names = ['RateLimit', 'RateLimit-Policy', 'X-Request-ID', 'Idempotent-Replayed'];
  const stream = async () => {
    const answer = await post('/graphql/stream', {...signed, Accept: 'text/event-stream'},
      {query: 'subscription { leadUpdate { title } }'});
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    await post('/graphql', signed, create);
    for (let text = ''; ;) {
      text += (await reader.read()).value;
      const found = /data: (.*leadUpdate.*)/.exec(text);
      if (found) { await reader.cancel(); return JSON.parse(found[1]).data; }
    }
  };
  const socket = () => new Promise((resolve) => {
    const opened = new WebSocket(api.replace('http', 'ws') + '/graphql', 'graphql-transport-ws');
    opened.onopen = () => opened.send(JSON.stringify(
      {type: 'connection_init', payload: {Authorization: `Bearer ${token}`}}));
    opened.onmessage = (message) => { resolve(JSON.parse(message.data).type); opened.close(); };
    opened.onclose = () => resolve(null);
  });
  return {
    answer: await attempt(async () => (await post('/graphql', keyed, create)).json()),
    headers: await attempt(async () => {
      const answer = await post('/graphql', keyed, create);
      return names.filter((name) => answer.headers.has(name));
    }),
    refusal: await attempt(async () =>
      (await post('/graphql', {...json, Authorization: 'Bearer x'}, create)).status),
    withCookies: await attempt(async () =>
      (await post('/graphql', signed, create, {credentials: 'include'})).status),
    stream: await attempt(stream),
    socket: await socket(),
    receiver: await attempt(async () => (await post(receiver, json, {firstname: 'Jane'})).status),
    admin: await attempt(async () => (await fetch(api + '/admin/login/')).status),
  };
}"""


class _Blank(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        """Keep the output of the tests clean."""


@contextmanager
def site() -> Iterator[str]:
    """Serve a blank page; yield its origin."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Blank)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_listed_sites_call_the_api_with_a_token_and_others_do_not(
    chromium: Browser, migrated_file: Path, tmp_path: Path
) -> None:
    shutil.copy(migrated_file, tmp_path / "db.sqlite3")
    with ExitStack() as stack:
        listed, formed, foreign = (stack.enter_context(site()) for _ in range(3))
        env = environment(
            DEVELOPMENT,
            API_RATE_LIMIT="600",
            CORS_ALLOWED_ORIGINS=listed,
            DATABASE_URL=f"sqlite:///{tmp_path}/db.sqlite3",
        )
        forking = stack.enter_context(warm(env))
        api = Api(free_port(), make_company(forking)[1])
        serving = forking.start("manage.py", "serve", "--port", str(api.port))
        lines = stack.enter_context(reading(serving))
        api.wait_until_up(lines)
        make = f'createLeadReceiver(input: {{ name: "Form", allowed_origins: ["{formed}"] }}) {{ uuid }}'
        receiver = api.data(f"mutation {{ {make} }}")["createLeadReceiver"]["uuid"]
        calls = [f"http://127.0.0.1:{api.port}", api.token, f"/receivers/{receiver}"]

        found: list[dict[str, Any]] = []
        for origin in (listed, formed, foreign):
            page = chromium.new_page()
            page.set_default_timeout(PATIENCE_SECONDS * 1_000)
            page.goto(origin)
            found.append(page.evaluate(CALLS, calls))
            page.close()

    nothing = dict.fromkeys(found[0])
    lead = {"title": "From afar"}
    assert found[0] == nothing | {
        "answer": {"data": {"createLead": lead}},
        "headers": ["RateLimit", "RateLimit-Policy", "X-Request-ID", "Idempotent-Replayed"],
        "refusal": 401,
        "stream": {"leadUpdate": lead},
        "socket": "connection_ack",
        "receiver": 200,
    }, json.dumps(found[0])
    assert found[1] == nothing | {"receiver": 200}
    assert found[2] == nothing
