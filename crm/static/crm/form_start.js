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
    const warning = document.getElementById("possible-duplicate");
    // What was typed into a folded group is not hidden again, nor what is wrong with it.
    const holds = (each) => (/^(checkbox|radio)$/.test(each.type) ? each.checked : each.value);
    for (const group of form.querySelectorAll("fieldset details"))
      if (group.querySelector(".errors") || fields.some((each) => group.contains(each) && holds(each))) group.open = true;
    if (warning) {
      warning.focus();
    } else if (form.querySelector(".errornote")) {
      const wrong = fields.find((each) => each.getAttribute("aria-invalid") === "true" || each.closest(".errors"));
      if (wrong) focus(wrong);
    } else if (isNew) {
      const first = fields.find((each) => each.offsetParent);
      if (first) focus(first);
    }
  });
})();
