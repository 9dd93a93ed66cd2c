"use strict";

const HINT = `# Send an API token in the Headers tab below, for queries and subscriptions alike:
#
#   {"Authorization": "Bearer crm_..."}
#
# Without one, the session of this browser counts, if you are signed in to the admin site.

query {
  __typename
}
`;

// GraphiQL keeps the headers of each query in its history, whatever shouldPersistHeaders says.
const HISTORY = ["graphiql:queries", "graphiql:favorites"];

function withoutHeaders(name, value) {
  return name === "headers" ? undefined : value;
}

const storage = {
  get length() {
    return localStorage.length;
  },
  getItem: (key) => localStorage.getItem(key),
  setItem(key, value) {
    const kept = HISTORY.includes(key) ? JSON.stringify(JSON.parse(value, withoutHeaders)) : value;
    localStorage.setItem(key, kept);
  },
  removeItem: (key) => localStorage.removeItem(key),
  clear: () => localStorage.clear(),
};

const root = document.getElementById("graphiql");
const url = new URL(root.dataset.url, window.location.href);
const subscriptionUrl = new URL(url);
subscriptionUrl.protocol = url.protocol === "https:" ? "wss:" : "ws:";

const fetcher = GraphiQL.createFetcher({
  url: url.href,
  subscriptionUrl: subscriptionUrl.href,
  headers: { "X-CSRFToken": root.dataset.csrfToken },
});

ReactDOM.createRoot(root).render(
  React.createElement(GraphiQL, {
    fetcher,
    storage,
    defaultQuery: HINT,
    defaultEditorToolsVisibility: "headers",
    // A token must not outlive the page.
    shouldPersistHeaders: false,
  }),
);
