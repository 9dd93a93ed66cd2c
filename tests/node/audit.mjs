// Runs the audits of GraphQL over HTTP of the reference implementation and prints one line of JSON for each.
// Usage: node audit.mjs URL [TOKEN]
import { serverAudits } from 'graphql-http';

const [url, token] = process.argv.slice(2);

function fetchFn(address, init = {}) {
  const headers = { ...init.headers, ...(token && { authorization: `Bearer ${token}` }) };
  return fetch(address, { ...init, headers });
}

for (const audit of serverAudits({ url, fetchFn })) {
  const { id, name, status, reason = '' } = await audit.fn();
  console.log(JSON.stringify({ id, name, status, reason }));
}
