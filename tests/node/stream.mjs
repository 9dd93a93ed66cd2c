// Subscribes with graphql-sse, comes back with its cursor when it is cut off, and prints each message as one line
// of JSON. Usage: node stream.mjs URL TOKEN QUERY
import { createClient } from 'graphql-sse';

const [url, token, query] = process.argv.slice(2);
let cursor;
const client = createClient({
  url,
  headers: () => ({ Authorization: `Bearer ${token}`, ...(cursor && { 'Last-Event-ID': cursor }) }),
  retryAttempts: Infinity,
  retry: () => new Promise((resolve) => setTimeout(resolve, 50)),
});
for await (const message of client.iterate({ query })) {
  cursor = message.extensions?.cursor;
  console.log(JSON.stringify(message));
}
console.log('"complete"');
