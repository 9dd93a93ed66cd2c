// Where a form starts: at its first wrong field, else at the first field of a new record.
"use strict";

(() => {
  const isNew = Boolean(document.currentScript.dataset.adding);
  const isField = (each) =>
    /^(INPUT|SELECT|TEXTAREA)$/.test(each.tagName) && !each.disabled && each.type !== "hidden" && each.name;
  const focus = (field) => {
    // A list with a search shows another element in place of its own.
    const shown = field.classList.contains("select2-hidden-accessible")
      ? field.nextElementSibling?.querySelector(".select2-selection")
      : field;
    shown?.focus();
  };
  // Behind the scripts that make such lists.
  document.addEventListener("DOMContentLoaded", () => {
    const form = document.querySelector("#content-main form[id$=_form]");
    if (!form) return;
    const fields = [...form.elements].filter(isField);
    if (form.querySelector(".errornote")) {
      // What was typed into a folded group is not hidden again.
      for (const group of form.querySelectorAll("fieldset details")) group.open = true;
      const wrong = fields.find((each) => each.getAttribute("aria-invalid") === "true" || each.closest(".errors"));
      if (wrong) focus(wrong);
    } else if (isNew) {
      const first = fields.find((each) => each.offsetParent);
      if (first) focus(first);
    }
  });
})();
