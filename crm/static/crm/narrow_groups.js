// On a narrow screen the groups of fields of a record are folded: the head has the facts, and edits them in place.
"use strict";

(() => {
  const untitled = document.currentScript.dataset.untitled;
  const narrow = window.matchMedia("(max-width: 767px)");
  // The fields of the record, and the lists of what belongs to it, such as addresses.
  const FIELDS = "#content-main form > div > fieldset.module:not(.version)";
  const GROUPS = `${FIELDS}, #content-main .inline-group fieldset.module:has(> h2)`;

  function toggle(group, isOpen) {
    group.classList.toggle("folded", !isOpen);
    group.querySelector(":scope > h2 > button").setAttribute("aria-expanded", String(isOpen));
  }

  function fold(group) {
    let heading = group.querySelector(":scope > h2");
    if (!heading) {
      heading = document.createElement("h2");
      heading.className = "made";
      heading.textContent = untitled;
      group.prepend(heading);
    }
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = heading.textContent;
    button.addEventListener("click", () => toggle(group, group.classList.contains("folded")));
    heading.replaceChildren(button);
    // What is wrong is never hidden.
    toggle(group, Boolean(group.querySelector(".errorlist")));
  }

  function unfold(group) {
    const heading = group.querySelector(":scope > h2:has(> button)");
    if (!heading) return;
    if (heading.className === "made") heading.remove();
    else heading.textContent = heading.textContent;
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
