// A button beside each text that is made to be copied.
"use strict";

(() => {
  for (const text of document.querySelectorAll("code[data-copy]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button quiet";
    button.textContent = text.dataset.copy;
    button.setAttribute("aria-live", "polite");
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(text.textContent);
      } catch {
        // Without HTTPS a page has no clipboard: the text is selected, to be copied by the keyboard.
        window.getSelection().selectAllChildren(text);
        return;
      }
      button.textContent = text.dataset.copied;
    });
    text.after(" ", button);
  }
})();
