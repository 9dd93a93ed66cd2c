// Names the boxes of autocomplete fields, which Select2 leaves without a name, by the labels of their fields.
"use strict";

(() => {
  const $ = django.jQuery;
  const nameOf = (select) =>
    select.getAttribute("aria-label") || select.labels[0]?.textContent.trim().replace(/:$/, "");
  const name = (root) => {
    for (const select of root.querySelectorAll("select.select2-hidden-accessible")) {
      const box = select.nextElementSibling;
      const parts = ".select2-selection, .select2-selection__rendered[role], .select2-search__field";
      for (const part of box.querySelectorAll(parts)) part.setAttribute("aria-label", nameOf(select));
    }
  };
  // Behind Django's own function, which makes the boxes.
  $(() => name(document));
  document.addEventListener("formset:added", ({ target }) => name(target));
  $(document).on("select2:open", ({ target }) => {
    for (const field of document.querySelectorAll(".select2-container--open .select2-search__field"))
      field.setAttribute("aria-label", nameOf(target));
  });
})();
