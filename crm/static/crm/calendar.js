// The calendar: entries are dragged to another day, or moved by a dialog. What the server answers is shown; an
// entry that it refuses to move goes back.
"use strict";

(() => {
  const form = document.getElementById("calendar-form");
  const dialog = document.getElementById("frame-dialog");
  if (!form) return;

  function say(text) {
    const words = document.createElement("li");
    words.className = "error";
    words.textContent = text;
    const shown = document.createElement("ul");
    shown.className = "messagelist";
    shown.append(words);
    document.getElementById("frame-messages").replaceChildren(shown);
  }

  // One move after the other: each answer is the whole calendar.
  let last = Promise.resolve();
  let restore = null;
  function send(item, day, goBack) {
    const values = { version: item.dataset.version, day };
    last = last.then(async () => {
      restore = goBack;
      try {
        await htmx.ajax("POST", item.dataset.move, { source: form, values });
      } catch {
        // Told by the events below.
      }
      restore = null;
    });
  }

  function watch() {
    const calendar = document.getElementById("calendar");
    if (!window.Sortable || !calendar?.hasAttribute("data-may-change")) return;
    for (const list of calendar.querySelectorAll(".entries")) {
      if (window.Sortable.get(list)) continue;
      let next = null;
      new window.Sortable(list, {
        group: "calendar",
        sort: false,
        draggable: "[data-move]",
        filter: ".tick, .move",
        preventOnFilter: false,
        animation: 120,
        delay: 180,
        delayOnTouchOnly: true,
        touchStartThreshold: 5,
        ghostClass: "ghost",
        onStart: (event) => {
          next = event.item.nextElementSibling;
        },
        onEnd: ({ item, from, to }) => {
          if (from === to) return;
          const before = next;
          send(item, to.dataset.day, () => from.insertBefore(item, before?.parentElement === from ? before : null));
        },
      });
    }
  }
  watch();
  document.body.addEventListener("htmx:afterSettle", watch);

  // The dialog that asks for a day; the focus goes back to its entry, which is another element by then.
  let opener = null;
  document.addEventListener("click", (event) => {
    const link = event.target.closest("#calendar a.move");
    if (!link || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    opener = link.id;
    htmx.ajax("GET", link.href, { target: "#frame-dialog-body", swap: "innerHTML" });
  });
  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id === "frame-dialog-body") dialog.querySelector("[autofocus]")?.focus();
  });
  const focusOpener = () => {
    if (opener && window.crmHasLostFocus()) document.getElementById(opener)?.focus();
  };
  dialog.addEventListener("close", focusOpener);
  document.body.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.elt.matches?.("#frame-dialog .move-form")) dialog.close();
  });
  document.body.addEventListener("htmx:afterSettle", () => {
    if (!dialog.open) focusOpener();
  });

  // Answers that are no calendar

  document.body.addEventListener("htmx:beforeSwap", (event) => {
    const { target, xhr } = event.detail;
    if (target.id !== "calendar" || xhr.status !== 200 || xhr.responseText.includes('id="calendar"')) return;
    // Such as the page that asks to sign in again.
    event.detail.shouldSwap = false;
    location.reload();
  });
  const failed = (text) => () => {
    restore?.();
    restore = null;
    say(text);
  };
  document.body.addEventListener(
    "htmx:responseError",
    failed(form.dataset.refused),
  );
  document.body.addEventListener("htmx:sendError", failed(form.dataset.unanswered));
})();
