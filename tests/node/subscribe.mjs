// Subscribes to leadUpdate with the reference client and prints each message as one line of JSON.
// Usage: node subscribe.mjs URL TOKEN QUERY
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';

const [url, token, query] = process.argv.slice(2);
const client = createClient({
  url,
  webSocketImpl: WebSocket,
  connectionParams: { Authorization: `Bearer ${token}` },
  retryAttempts: 0,
});
for await (const message of client.iterate({ query })) {
  console.log(JSON.stringify(message));
}
