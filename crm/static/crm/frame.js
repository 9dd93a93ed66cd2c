// The frame of every page: search by keyboard, menus, the dialog, and a question before typed text is lost.
"use strict";

(() => {
  const box = document.getElementById("frame-search");
  const found = document.getElementById("frame-found");
  const dialog = document.getElementById("frame-dialog");
  // In the language of the page.
  const texts = document.currentScript.dataset;

  // Search

  const options = () => [...found.querySelectorAll("a[role=option]")];
  const show = (shown) => {
    found.hidden = !shown;
    box.setAttribute("aria-expanded", String(shown));
    if (!shown) box.removeAttribute("aria-activedescendant");
  };
  const select = (step) => {
    const all = options();
    if (!all.length) return;
    const now = all.findIndex((each) => each.getAttribute("aria-selected") === "true");
    const next = now < 0 && step < 0 ? all.at(-1) : all[(now + step + all.length) % all.length];
    for (const each of all) each.setAttribute("aria-selected", String(each === next));
    box.setAttribute("aria-activedescendant", next.id);
    next.scrollIntoView({ block: "nearest" });
  };
  if (box) {
    box.addEventListener("input", () => {
      if (!box.value.trim()) show(false);
    });
    box.addEventListener("focus", () => {
      if (found.childElementCount && box.value.trim()) show(true);
    });
    document.body.addEventListener("htmx:afterSwap", (event) => {
      if (event.detail.target !== found) return;
      show(Boolean(box.value.trim()) && document.activeElement === box);
      box.removeAttribute("aria-activedescendant");
      // Enter opens the first that was found; what may be added has to be chosen.
      if (!found.querySelector(".offered")) select(1);
    });
    box.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        if (found.hidden) show(true);
        else select(event.key === "ArrowDown" ? 1 : -1);
        event.preventDefault();
      } else if (event.key === "Enter" && !found.hidden) {
        const chosen = options().find((each) => each.getAttribute("aria-selected") === "true");
        if (chosen) {
          event.preventDefault();
          chosen.click();
        }
      } else if (event.key === "Escape" && !found.hidden) {
        show(false);
        event.preventDefault();
      }
    });
    document.addEventListener("click", (event) => {
      if (!event.target.closest(".frame-search")) show(false);
    });
  }
  const isTyping = (target) => target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
  document.addEventListener("keydown", (event) => {
    const slash = event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey;
    const palette = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey);
    if (box && (palette || (slash && !isTyping(event.target))) && !dialog?.open) {
      event.preventDefault();
      box.focus();
      box.select();
    }
  });

  // The list of these keys.

  const shortcuts = document.getElementById("frame-shortcuts");
  const entry = document.querySelector("[data-shortcuts]");
  const showShortcuts = () => {
    if (!shortcuts || dialog.open) return;
    document.getElementById("frame-dialog-body").replaceChildren(shortcuts.content.cloneNode(true));
    dialog.showModal();
  };
  if (entry) {
    entry.hidden = false;
    entry.addEventListener("click", () => {
      closeMenus();
      showShortcuts();
    });
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "?" && !isTyping(event.target)) showShortcuts();
  });

  // Menus: one open at a time, closed by Escape and by a click beside them.

  const closeMenus = (but) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (menu !== but) menu.open = false;
    }
  };
  document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu")));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const open = document.querySelector("details.menu[open]");
    if (!open) return;
    open.open = false;
    open.querySelector("summary").focus();
  });

  // The forms that were typed into, and those of them that hold something else now than the page brought.
  const changed = new Set();
  const differs = (field) => {
    if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
    if (field.tagName !== "SELECT") return "defaultValue" in field && field.value !== field.defaultValue;
    const brought = [...field.options].filter((each) => each.defaultSelected);
    if (!brought.length && !field.multiple) return field.selectedIndex > 0;
    return [...field.options].some((each) => each.selected !== brought.includes(each));
  };
  window.crmDiffers = differs;
  const unsaved = () => [...changed].filter((form) => form.isConnected && [...form.elements].some(differs));

  // The dialog: what htmx puts into it opens it; a link or button with data-closes closes it.

  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id !== "frame-dialog-body") return;
    // Or Enter would send its form before htmx knows it, and leave the page.
    window.htmx.process(event.detail.target);
    if (!dialog.open) dialog.showModal();
  });
  // Until it paints again, the browser names what had the focus in a dialog that is closed.
  window.crmHasLostFocus = () => {
    const active = document.activeElement;
    return active === document.body || (dialog.contains(active) && !dialog.open);
  };
  const isTypedIn = () => unsaved().some((form) => dialog.contains(form));
  dialog?.addEventListener("click", (event) => {
    if (event.target === dialog || event.target.closest("[data-closes]")) {
      event.preventDefault();
      if (!isTypedIn() || window.confirm(texts.asksUnsaved)) dialog.close();
    }
  });
  // The Escape key.
  dialog?.addEventListener("cancel", (event) => {
    if (isTypedIn() && !window.confirm(texts.asksUnsaved)) event.preventDefault();
  });
  dialog?.addEventListener("close", () => {
    for (const form of changed) if (dialog.contains(form)) changed.delete(form);
  });

  // Typed text: leaving a changed form asks first. Forms that post by themselves leave the others alone.

  const guarded = (target) =>
    target.closest?.(":is(#content, #frame-dialog) form[method=post]:not(#changelist-form, [data-unguarded])");
  document.addEventListener("input", (event) => {
    const form = guarded(event.target);
    if (form) changed.add(form);
  });
  // The lists and choosers of Django tell of a change by this alone.
  document.addEventListener("change", (event) => {
    const form = guarded(event.target);
    if (form && event.isTrusted) changed.add(form);
  });
  // Another script saved or took back all that was typed into a form.
  document.addEventListener("crm:unchanged", (event) => changed.delete(event.target));
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[hx-post]")) {
      changed.delete(event.target);
      const others = unsaved();
      const lost = texts.asksUnsaved;
      // A button that leads away from the page would drop what was typed elsewhere on it.
      if (others.length && event.target.method === "post" && !window.confirm(lost)) event.preventDefault();
      else changed.clear();
    }
  });
  document.body.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful && event.detail.elt.matches?.("form")) changed.delete(event.detail.elt);
  });
  // A form that was sent beside the page and refused stays as it is, and says so: in the dialog if it is there.
  for (const name of ["htmx:responseError", "htmx:sendError"]) {
    document.body.addEventListener(name, (event) => {
      const form = event.detail.elt.closest?.("form[method=post]:not([data-failed], #calendar-form)");
      if (!form || event.detail.requestConfig.verb !== "post") return;
      const said = document.createElement("p");
      said.className = "late not-saved";
      said.setAttribute("role", "alert");
      said.textContent = event.detail.xhr.status === 404 ? texts.gone : texts.unanswered;
      form.querySelector(".not-saved")?.remove();
      form.append(said);
    });
  }
  window.addEventListener("beforeunload", (event) => {
    if (unsaved().length) event.preventDefault();
  });
})();
