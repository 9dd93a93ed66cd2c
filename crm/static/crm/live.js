// Live pages: follows changes over graphql-transport-ws, and goes on at its cursor after a lost connection.
"use strict";

window.crmLive = (() => {
  const FIRST_WAIT = 500;
  const LONGEST_WAIT = 30000;

  // Codes after which another try is refused in the same way: no session, no right, one socket too many.
  const FINAL = new Set([4400, 4401, 4403, 4406]);

  /**
   * Follow a subscription.
   *
   * options: query, variables (function of the cursor), company, cursor,
   * next(data, extensions), state("live" | "lost" | "expired" | "ended").
   */
  function follow(options) {
    let cursor = options.cursor;
    let wait = FIRST_WAIT;
    let timer = null;
    let socket = null;
    let ended = false;

    const stop = (state) => {
      ended = true;
      clearTimeout(timer);
      socket?.close();
      if (state) options.state(state);
    };

    const connect = () => {
      const scheme = location.protocol === "https:" ? "wss:" : "ws:";
      const here = new WebSocket(`${scheme}//${location.host}/graphql`, "graphql-transport-ws");
      socket = here;
      const send = (message) => here.send(JSON.stringify(message));
      here.onopen = () => send({ type: "connection_init", payload: { "X-Company": String(options.company) } });
      here.onmessage = (event) => {
        const message = JSON.parse(event.data);
        if (message.type === "connection_ack") {
          wait = FIRST_WAIT;
          send({
            id: "1",
            type: "subscribe",
            payload: { query: options.query, variables: options.variables(cursor) },
          });
          options.state("live");
        } else if (message.type === "ping") {
          send({ type: "pong" });
          if (message.payload?.cursor) cursor = message.payload.cursor;
        } else if (message.type === "next") {
          const { data, extensions, errors } = message.payload;
          if (extensions?.cursor) cursor = extensions.cursor;
          if (!errors) options.next(data, extensions || {});
        } else if (message.type === "error") {
          const codes = message.payload.map((each) => each.extensions?.code);
          stop(codes.includes("CURSOR_EXPIRED") ? "expired" : "ended");
        } else if (message.type === "complete") {
          here.close();
        }
      };
      here.onclose = (event) => {
        if (here !== socket || ended) return;
        if (FINAL.has(event.code)) {
          stop("ended");
          return;
        }
        options.state("lost");
        // Not all at once: many pages lose their connection together when a server restarts.
        timer = setTimeout(connect, wait * (0.5 + Math.random()));
        wait = Math.min(wait * 2, LONGEST_WAIT);
      };
    };

    // A page that nobody looks at gives its connection back after a while, and catches up when it is shown.
    let hidden = null;
    document.addEventListener("visibilitychange", () => {
      clearTimeout(hidden);
      if (ended) return;
      if (document.hidden) {
        hidden = setTimeout(() => {
          const old = socket;
          socket = null;
          clearTimeout(timer);
          old?.close();
        }, 300000);
      } else if (!socket || socket.readyState > WebSocket.OPEN) {
        clearTimeout(timer);
        connect();
      }
    });
    window.addEventListener("pagehide", () => stop());
    window.addEventListener("pageshow", (event) => {
      // From the cache of the browser, with what was shown then.
      if (event.persisted) location.reload();
    });
    connect();
    return { stop };
  }

  return { follow };
})();
