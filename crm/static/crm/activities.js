// Forms of activities: the short one sends by Ctrl+Enter; the long one shows the fields of the chosen kind.
"use strict";

(() => {
  document.addEventListener("keydown", (event) => {
    const sends = event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.repeat && !event.isComposing;
    const form = sends && event.target.closest?.(":is(.note-form, .log-form) textarea")?.form;
    if (!form) return;
    event.preventDefault();
    form.requestSubmit();
  });

  // A button that leads to another page with what was typed: htmx would put the answer into this one.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-takes-along]");
    if (!button) return;
    event.preventDefault();
    button.form.dispatchEvent(new CustomEvent("crm:unchanged", { bubbles: true }));
    button.form.action = button.formAction;
    button.form.submit();
  });

  // What was done is told at the top of the page, which may be out of sight.
  document.body.addEventListener("htmx:afterSettle", (event) => {
    if (!/^(note|timeline)/.test(event.detail.target.id)) return;
    document.querySelector("#frame-messages li")?.scrollIntoView({ block: "nearest" });
  });

  // The long form

  const told = document.querySelector("#activity_form [data-kinds]");
  const form = told?.closest("form");
  const kind = form?.elements.namedItem("kind");
  if (!kind) return;
  const kindsWith = JSON.parse(told.dataset.kinds);
  const rule = form.elements.namedItem("recurrence");
  const placeOf = (name) =>
    form.querySelector(`.fieldBox.field-${name}`)?.parentElement ?? form.querySelector(`.form-row.field-${name}`);
  const show = (place, shown) => {
    // What is wrong is never hidden.
    place.hidden = !shown && !place.querySelector(".errorlist");
    for (const input of place.querySelectorAll("input, select, textarea")) input.disabled = place.hidden;
  };
  const showAll = () => {
    for (const [name, kinds] of Object.entries(kindsWith)) {
      const place = placeOf(name);
      const isAsked = name !== "own_rule" || rule?.value === "OTHER";
      if (place) show(place, kinds.includes(kind.value) && isAsked);
    }
    for (const row of form.querySelectorAll(".form-row:has(.fieldBox)")) {
      row.hidden = [...row.querySelectorAll(".fieldBox")].every((each) => each.parentElement.hidden);
    }
    for (const part of form.querySelectorAll("fieldset.module")) {
      part.hidden = [...part.querySelectorAll(".form-row")].every((row) => row.hidden);
    }
  };
  kind.addEventListener("change", () => {
    showAll();
    const title = document.querySelector("#content h1");
    if ("named" in told.dataset) title.textContent = title.textContent.replace(/^[^:]*/, kind.selectedOptions[0].text);
  });
  rule?.addEventListener("change", showAll);
  showAll();
  // It came from another form, and is not stored: leaving asks first.
  if ("typed" in told.dataset) form.elements.namedItem("text").dispatchEvent(new Event("input", { bubbles: true }));
})();
