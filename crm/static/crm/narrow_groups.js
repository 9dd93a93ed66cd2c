// On a narrow screen the groups of fields of a record are folded: its head has the facts, and edits them in place.
"use strict";

(() => {
  const { untitled, unsaved } = document.currentScript.dataset;
  const narrow = window.matchMedia("(max-width: 767px)");
  // Those of fields, and those of rows such as addresses.
  const GROUPS = `#content-main form > div > fieldset.module:not(.version),
    #content-main .inline-group fieldset:has(> .inline-heading)`;
  // Fields, and groups of rows, that hold what the server refused to save.
  const refused = new Set(unsaved.split(" ").filter(Boolean));

  function toggle(group, isOpen) {
    group.classList.toggle("folded", !isOpen);
    group.querySelector(":scope > h2 > button").setAttribute("aria-expanded", String(isOpen));
  }

  // A field of several inputs numbers their names.
  const isUnsaved = (field) => refused.has(field.name?.replace(/_\d+$/, "")) || window.crmDiffers(field);
  // What is wrong is never hidden, nor what is typed and not saved.
  function staysOpen(group) {
    if (group.querySelector(".errorlist") || refused.has(group.closest(".inline-group")?.id)) return true;
    return [...group.querySelectorAll("input, select, textarea")].some(isUnsaved);
  }

  function fold(group) {
    let heading = group.querySelector(":scope > h2");
    if (!heading) {
      heading = document.createElement("h2");
      heading.className = "made";
      heading.textContent = untitled;
      group.prepend(heading);
    }
    heading.dataset.text = heading.textContent.trim();
    const rows = group.querySelectorAll(".has_original").length;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = rows ? `${heading.dataset.text} (${rows})` : heading.dataset.text;
    button.addEventListener("click", () => toggle(group, group.classList.contains("folded")));
    heading.replaceChildren(button);
    toggle(group, staysOpen(group));
  }

  function unfold(group) {
    const heading = group.querySelector(":scope > h2:has(> button)");
    if (!heading) return;
    if (heading.className === "made") heading.remove();
    else heading.textContent = heading.dataset.text;
    group.classList.remove("folded");
  }

  const update = () => {
    for (const group of document.querySelectorAll(GROUPS)) (narrow.matches ? fold : unfold)(group);
  };
  narrow.addEventListener("change", update);
  update();
  // The browser refuses a form for a field that it cannot show.
  document.addEventListener(
    "invalid",
    (event) => {
      const group = event.target.closest(".folded");
      if (group) toggle(group, true);
    },
    true,
  );
})();
