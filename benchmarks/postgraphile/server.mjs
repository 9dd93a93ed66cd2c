// PostGraphile over the CRM's own tables, set up for speed: POST /graphql on PORT, and /healthz once the
// schema stands. DATABASE_URL is the database; each document gets COMPANY as its variable $company.
import { createServer } from "node:http";

// Before any of its packages is read: they check themselves unless this says that they need not.
process.env.NODE_ENV = "production";
process.env.GRAPHILE_ENV = "production";

const { default: pg } = await import("pg");
const { postgraphile } = await import("postgraphile");
const { makePgService } = await import("postgraphile/adaptors/pg");
const { grafserv } = await import("postgraphile/grafserv/node");
const { PostGraphileAmberPreset } = await import("postgraphile/presets/amber");

const POOL = 8;
const pool = new pg.Pool({
  connectionString: process.env.DATABASE_URL,
  min: POOL,
  max: POOL,
  idleTimeoutMillis: 0,
  // Its statements join each to-one relation on one level: planned in the order written, or it takes 30 ms.
  // What the CRM tells PostgreSQL serves these as well.
  options:
    "-c join_collapse_limit=1 -c cpu_tuple_cost=0.05 -c random_page_cost=1.1 -c jit=off -c timezone=UTC",
});

const company = process.env.COMPANY ?? "1";
const CompanyPlugin = {
  name: "CompanyPlugin",
  version: "1.0.0",
  grafserv: {
    middleware: {
      processGraphQLRequestBody(next, { body }) {
        body.variableValues = { company };
        return next();
      },
    },
  },
};

const instance = postgraphile({
  extends: [PostGraphileAmberPreset],
  plugins: [CompanyPlugin],
  // Only what reads: the schema is built sooner, and conditions and orders go beyond indexed columns.
  disablePlugins: [
    "NodePlugin",
    "PgIndexBehaviorsPlugin",
    "PgMutationCreatePlugin",
    "PgMutationUpdateDeletePlugin",
  ],
  // Without settings for each request there is no transaction around it. Statements are prepared by default.
  pgServices: [makePgService({ pool, schemas: ["public"], pubsub: false })],
  // Lists of a row are plain lists, without what a page takes; only the root has pages.
  schema: { defaultBehavior: "connection manyRelation:resource:list -manyRelation:resource:connection" },
  grafast: {
    explain: false,
    // With ROLE, each request is held to the policies of that role for its company, in a transaction of its own.
    ...(process.env.ROLE
      ? { context: () => ({ pgSettings: { role: process.env.ROLE, "crm.company": company } }) }
      : {}),
  },
  grafserv: { graphiql: false, watch: false, websockets: false, outputDataAsString: true },
});
// Without websockets its plain handler does.
const graphql = instance.createServ(grafserv).createHandler();
await instance.getSchema();

createServer((request, response) => {
  if (request.url === "/healthz") {
    response.writeHead(200).end();
  } else {
    graphql(request, response);
  }
}).listen(Number(process.env.PORT), "127.0.0.1");
