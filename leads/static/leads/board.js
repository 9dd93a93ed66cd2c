// The board: cards are dragged or moved by a dialog, moves of others appear, refused moves go back.
"use strict";

(() => {
  const board = document.getElementById("board");
  if (!board) return;
  const zones = document.getElementById("drop-zones");
  const dialog = document.getElementById("frame-dialog");
  const live = document.getElementById("live");
  const { place, placeMoved } = window.crmBoard;
  const query = board.dataset.query;
  const token = document.querySelector("#board-form [name=csrfmiddlewaretoken]")?.value;

  const card = (key) => document.getElementById(`lead-${key}`);
  const list = (stage) => board.querySelector(`.column[data-stage="${stage}"] .cards`);
  const moveAddress = (element) => element.querySelector("a.move").href;

  // Nothing on the board moves while a card is dragged: what comes meanwhile waits until it is dropped

  const held = [];
  const isDragging = () => board.classList.contains("dragging");
  function whenStill(act) {
    if (isDragging()) held.push(act);
    else act();
  }

  function say(text, kind, undo) {
    const act = undo && (() => post(undo.address, undo.fields, null));
    window.crmMessage(text, kind, act && { label: board.dataset.undo, act });
  }

  // The present state, as the server tells it

  function show(answer, marked) {
    for (const column of answer.columns) {
      const section = board.querySelector(`.column[data-stage="${column.stage}"]`);
      if (!section) continue;
      section.querySelector(".count").textContent = column.count;
      section.querySelector(".sums").textContent = column.sums;
    }
    for (const [key, present] of Object.entries(answer.cards)) {
      const shown = card(key);
      const target = present && list(present.stage);
      if (!target) {
        shown?.remove();
        continue;
      }
      const template = document.createElement("template");
      template.innerHTML = present.html.trim();
      const fresh = template.content.firstElementChild;
      const focused = shown?.contains(document.activeElement) && document.activeElement.className;
      shown?.remove();
      place(fresh, target);
      if (marked) fresh.classList.add("changed");
      if (focused) (fresh.querySelector(`a.${focused}`) ?? fresh.querySelector("a")).focus();
    }
  }

  // Moves: shown at once, and taken back with a message if the server refuses

  async function post(address, fields, restore) {
    const body = new URLSearchParams({ ...fields, csrfmiddlewaretoken: token });
    let answer;
    let response;
    try {
      response = await fetch(`${address}?${query}`, {
        method: "POST",
        body,
        headers: { Accept: "application/json" },
      });
      answer = await response.json();
    } catch {
      whenStill(() => {
        restore?.();
        say(board.dataset.unanswered, "error");
      });
      return false;
    }
    whenStill(() => {
      if (!response.ok) restore?.();
      show(answer, !response.ok);
      say(answer.message, response.ok ? "success" : "error", answer.undo);
    });
    return response.ok;
  }

  function openDialog(element, outcome) {
    const back = encodeURIComponent(location.pathname + location.search);
    const address = `${moveAddress(element)}?next=${back}${outcome ? `&outcome=${outcome}` : ""}`;
    htmx.ajax("GET", address, { target: "#frame-dialog-body", swap: "innerHTML" });
  }

  board.addEventListener("click", (event) => {
    const link = event.target.closest("a.move");
    if (!link || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    openDialog(link.closest(".card"));
  });

  // Where the focus goes back to where the browser has lost it: the card may be another element by then.
  let opener = null;
  dialog.addEventListener("close", () => {
    const again = opener && (card(opener)?.querySelector("a.move") ?? board.querySelector("a.move"));
    if (window.crmHasLostFocus()) again?.focus();
    opener = null;
  });
  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id !== "frame-dialog-body") return;
    opener = dialog.querySelector(".move-form")?.dataset.lead ?? null;
    const first = dialog.querySelector("[autofocus]") ?? dialog.querySelector("button:not([disabled])");
    first?.focus();
  });
  dialog.addEventListener("submit", async (event) => {
    const form = event.target.closest(".move-form");
    if (!form) return;
    event.preventDefault();
    const fields = Object.fromEntries(new FormData(form, event.submitter));
    const error = dialog.querySelector(".move-error");
    if (fields.outcome === "lost" && !fields.lost_reason && !fields.reason_lost.trim()) {
      error.textContent = board.dataset.asksReason;
      form.querySelector("select, input[type=text]").focus();
      return;
    }
    await post(form.action, fields, null);
    dialog.close();
  });

  // Dragging, by mouse and by touch

  function restoreTo(item, from, before) {
    const { at } = item.dataset;
    return () => {
      item.dataset.at = at;
      // Unless it was rendered anew meanwhile.
      if (!item.isConnected && card(item.dataset.lead)) return;
      from.insertBefore(item, before?.parentElement === from ? before : null);
    };
  }

  // After what came meanwhile, which may have rendered the card anew.
  function drop({ item: dragged, from, to }, next) {
    if (from === to) return;
    const item = card(dragged.dataset.lead) ?? dragged;
    const restore = restoreTo(item, from, next);
    const outcome = to.dataset.outcome;
    const version = item.dataset.version;
    if (outcome === "lost" || outcome === "other") {
      // Asks first: the card waits where it was.
      restore();
      openDialog(item, outcome);
    } else if (outcome) {
      item.remove();
      post(moveAddress(item), { version, outcome }, restore);
    } else {
      placeMoved(item, to);
      // That may be far below the place where it was dropped.
      item.scrollIntoView({ block: "nearest", inline: "nearest" });
      post(moveAddress(item), { version, stage: to.closest(".column").dataset.stage }, restore);
    }
  }

  if (board.hasAttribute("data-may-move") && window.Sortable) {
    let next = null;
    const options = {
      group: "cards",
      sort: false,
      draggable: ".card",
      filter: "a.move",
      preventOnFilter: false,
      animation: 120,
      delay: 180,
      delayOnTouchOnly: true,
      touchStartThreshold: 5,
      ghostClass: "ghost",
      onStart: (event) => {
        next = event.item.nextElementSibling;
        zones.hidden = false;
        board.classList.add("dragging");
        board.dispatchEvent(new Event("crm:drag"));
      },
      onEnd: (event) => {
        zones.hidden = true;
        board.classList.remove("dragging");
        for (const act of held.splice(0)) act();
        drop(event, next);
      },
    };
    for (const cards of board.querySelectorAll(".cards")) new Sortable(cards, options);
    for (const zone of zones.querySelectorAll(".zone")) new Sortable(zone, { group: "cards", draggable: ".card" });
  }

  // Live: what changed is read again, a few at a time; one change alone is read at once

  const SOON = 15;
  const LATER = 2000;
  // With more changes than anybody follows, twice as long: the work of the server is shared by fewer reads.
  const MANY = 10;
  const SPREAD = 1000;
  // With the event that told of each: what the server rendered for another board since then will do.
  const waiting = new Map();
  let timer = null;
  let lastRead = 0;
  let pause = LATER;
  let waitsForDetails = false;
  let readsAll = false;

  async function read() {
    if (isDragging()) {
      waitsForDetails = false;
      held.push(read);
      return;
    }
    timer = null;
    lastRead = Date.now();
    const asked = [...waiting].slice(0, 100);
    pause = asked.length > MANY ? 2 * LATER : LATER;
    for (const [key] of asked) waiting.delete(key);
    if (readsAll) {
      readsAll = false;
      waiting.clear();
      htmx.ajax("GET", location.href, { target: "#board", select: "#board > *", swap: "innerHTML" });
      return;
    }
    try {
      const ids = asked.map(([key, cursor]) => `${key}@${cursor}`).join(",");
      const response = await fetch(`${board.dataset.cards}?${query}&ids=${ids}`);
      if (response.ok) {
        const answer = await response.json();
        whenStill(() => show(answer, true));
        // The server renders what many boards ask for together; an event since then names a later state.
        const cursors = new Map(asked);
        for (const key of answer.later ?? []) {
          if (!waiting.has(String(key))) waiting.set(String(key), cursors.get(String(key)));
        }
      }
    } catch {
      // The connection is lost, which the stream notices too; it tells of the same changes when it is back.
    }
    if (waiting.size) plan(false);
  }
  // All that was read anew before the drag, and answers during it, is asked for again after it.
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target !== board || !isDragging()) return;
    event.detail.shouldSwap = false;
    readsAll = true;
    held.push(read);
  });
  function plan(isSeen) {
    if (timer !== null && (isSeen || !waitsForDetails)) return;
    clearTimeout(timer);
    const isRested = Date.now() - lastRead > pause;
    waitsForDetails = isRested && isSeen;
    // What is seen already is completed a little later, at another moment on each of many boards.
    timer = setTimeout(read, isRested ? (isSeen ? SPREAD * Math.random() : SOON) : pause);
  }
  function changed(data, extensions) {
    const lead = data?.leadUpdate;
    let isSeen = false;
    if (extensions.kind === "bulk") readsAll = true;
    else if (extensions.removed) {
      if (!card(extensions.removed)) return;
      waiting.set(extensions.removed, extensions.cursor);
    } else if (lead) {
      const shown = card(lead.id);
      // Not of this board, or our own move, which is shown already.
      if (!shown && !list(lead.stage?.id)) return;
      if (shown && Number(shown.dataset.version) >= lead.version) return;
      const target = shown && list(lead.stage?.id);
      if (target && target !== shown.parentElement && !board.classList.contains("dragging")) {
        // The event says where the card is; what else changed on it, and the numbers, are read.
        placeMoved(shown, target);
        shown.classList.add("changed");
        isSeen = true;
      }
      waiting.set(lead.id, extensions.cursor);
    } else return;
    plan(isSeen);
  }

  if (window.crmLive) {
    window.crmLive.follow({
      query: "subscription BoardUpdates($after: ID) { leadUpdate(after: $after) { id version stage { id } } }",
      variables: (after) => ({ after }),
      company: board.dataset.company,
      cursor: board.dataset.cursor,
      next: changed,
      state: (state) => {
        live.hidden = false;
        live.dataset.state = state;
        // The words for each state, in the language of the page.
        live.textContent = live.dataset[state];
      },
    });
  }
})();
