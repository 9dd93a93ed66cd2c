// A list that is ordered by dragging or by the arrows of its rows: the order is stored at once, typed text stays.
"use strict";

(() => {
  const list = document.querySelector("[data-order]");
  if (!list) return;
  const form = list.closest("form");
  const messages = document.getElementById("frame-messages");
  const rows = () => [...list.children];

  function say(text, kind) {
    const item = document.createElement("li");
    item.className = kind;
    item.textContent = text;
    const shown = document.createElement("ul");
    shown.className = "messagelist";
    shown.append(item);
    messages.replaceChildren(shown);
  }

  function showArrows() {
    const all = rows();
    all.forEach((row, place) => {
      row.querySelector("[data-step='-1']").disabled = place === 0;
      row.querySelector("[data-step='1']").disabled = place === all.length - 1;
    });
  }

  // Orders are sent one after the other, or an older one could be stored last.
  let sending = Promise.resolve();
  let waiting = 0;
  let stored = rows();

  async function send() {
    const wanted = rows();
    const body = new URLSearchParams();
    body.set("csrfmiddlewaretoken", form.querySelector("[name=csrfmiddlewaretoken]").value);
    for (const row of wanted) body.append("order", row.dataset.key);
    let said = list.dataset.failed;
    let answer = null;
    try {
      const response = await fetch(list.dataset.order, { method: "POST", body });
      const sent = await response.json();
      said = sent.message;
      if (response.ok) answer = sent;
    } catch {
      // Said below, as the page words it.
    }
    if (answer) {
      stored = wanted;
      for (const row of rows()) {
        const version = row.querySelector("input[name$='-version']");
        if (version) version.value = answer.versions[row.dataset.key] ?? version.value;
      }
    } else {
      list.append(...stored);
      showArrows();
    }
    say(said, answer ? "success" : "error");
  }
  function changed() {
    showArrows();
    waiting += 1;
    sending = sending.then(send).finally(() => {
      waiting -= 1;
    });
  }

  // The form sends back the versions that an order answers: it waits for those on their way.
  form.addEventListener("submit", (event) => {
    if (!waiting) return;
    event.preventDefault();
    event.stopPropagation();
    const { submitter } = event;
    sending.then(() => form.requestSubmit(submitter));
  });

  list.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-step]");
    if (!button) return;
    event.preventDefault();
    const row = button.closest("[data-key]");
    const forward = button.dataset.step === "1";
    const other = forward ? row.nextElementSibling : row.previousElementSibling;
    if (!other) return;
    if (forward) other.after(row);
    else other.before(row);
    changed();
    // At an end of the list its own arrow is off: the other one goes on.
    (button.disabled ? row.querySelector("button[data-step]:not([disabled])") : button)?.focus();
  });
  if (window.Sortable) {
    new Sortable(list, { handle: ".handle", animation: 120, ghostClass: "ghost", onEnd: changed });
  }
})();
