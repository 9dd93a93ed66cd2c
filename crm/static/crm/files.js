// Files of a record: dropped on the timeline or chosen, several at once, with their progress.
"use strict";

(() => {
  const area = () => document.getElementById("timeline");
  const form = () => document.querySelector(".file-form");
  const carriesFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");

  const refuse = (text) => {
    const trouble = form().querySelector(".file-trouble");
    trouble.textContent = text;
    trouble.hidden = !text;
  };
  // Refused before it is sent: a server may cut off what is far too large without an answer.
  const isTooLarge = () => {
    const { largest, tooLarge } = form().dataset;
    const big = [...form().querySelector("[type=file]").files].find((file) => file.size > Number(largest));
    refuse(big ? `${big.name}: ${tooLarge}` : "");
    return Boolean(big);
  };
  const ready = () => {
    const hint = form()?.querySelector(".drop-hint");
    if (hint) hint.hidden = false;
  };
  ready();

  document.addEventListener("change", (event) => {
    if (!event.target.matches(".file-form [type=file]") || !event.target.files.length) return;
    if (!isTooLarge()) form().requestSubmit();
  });
  for (const name of ["dragover", "drop"]) {
    document.addEventListener(name, (event) => {
      if (!form() || !carriesFiles(event)) return;
      // A file that is dropped beside the timeline would be opened in the place of the page.
      event.preventDefault();
      const isOver = Boolean(event.target.closest?.("#timeline"));
      area().classList.toggle("drop", isOver && name === "dragover");
      if (name === "drop" && isOver) {
        const input = form().querySelector("[type=file]");
        input.files = event.dataTransfer.files;
        // A script tells nobody of it; the page asks before it is left with files that are not sent.
        input.dispatchEvent(new Event("input", { bubbles: true }));
        if (!isTooLarge()) form().requestSubmit();
      }
    });
  }
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) area()?.classList.remove("drop");
  });
  const progress = (event, change) => {
    const shown = event.detail.elt?.matches?.(".file-form") && event.detail.elt.querySelector("progress");
    if (shown) change(shown);
  };
  document.body.addEventListener("htmx:beforeRequest", (event) =>
    progress(event, (shown) => {
      shown.hidden = false;
      shown.value = 0;
    }),
  );
  document.body.addEventListener("htmx:xhr:progress", (event) =>
    progress(event, (shown) => {
      if (event.detail.lengthComputable) shown.value = (100 * event.detail.loaded) / event.detail.total;
    }),
  );
  document.body.addEventListener("htmx:afterRequest", (event) =>
    progress(event, (shown) => {
      shown.hidden = true;
      if (!event.detail.successful) refuse(document.querySelector(".file-form").dataset.failed);
    }),
  );
  document.body.addEventListener("htmx:afterSettle", ready);
})();
