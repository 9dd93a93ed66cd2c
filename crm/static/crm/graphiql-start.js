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
    defaultQuery: HINT,
    defaultEditorToolsVisibility: "headers",
    // A token must not outlive the page.
    shouldPersistHeaders: false,
  }),
);
