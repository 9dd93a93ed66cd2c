// The page of a record: single fields are saved in place, and the rest of the form stays as it was typed.
"use strict";

(() => {
  const form = document.querySelector("#content-main > form");
  const bar = document.getElementById("field-bar");
  const $ = window.django?.jQuery;

  const prints = document.querySelector("[data-prints]");
  if (prints) {
    prints.hidden = false;
    prints.addEventListener("click", () => window.print());
  }

  // Values of a field, under all of its names: a moment has one for its day and one for its time.

  const inputsOf = (scope, name) =>
    [...scope.elements].filter((each) => each.name === name || new RegExp(`^${name}_\\d$`).test(each.name));
  const nameOf = (input) => {
    const name = input.name.replace(/_[01]$/, "");
    return form.elements.namedItem(`${name}_0`) && form.elements.namedItem(`${name}_1`) ? name : input.name;
  };
  const set = (input, values, labels) => {
    if (input.type === "checkbox") input.checked = values.length > 0;
    else if (input.tagName === "SELECT") {
      for (const value of values) {
        // An autocomplete has only the choices that were looked up.
        if (value && ![...input.options].some((each) => each.value === value)) {
          input.add(new Option(labels[value] ?? value, value));
        }
      }
      for (const option of input.options) option.selected = values.includes(option.value);
      if ($) $(input).trigger("change.select2");
    } else input.value = values[0] ?? "";
  };
  const valuesOf = (input) => {
    if (input.type === "checkbox") return input.checked ? ["on"] : [];
    return input.tagName === "SELECT" ? [...input.selectedOptions].map((each) => each.value) : [input.value];
  };
  const isSame = (one, other) => {
    const plain = (values) => JSON.stringify(values.map((each) => each.replace(/\r\n/g, "\n").trim()).filter(Boolean).sort());
    return plain(one) === plain(other);
  };
  const seen = () => JSON.parse(form.elements.namedItem("seen").value).fields;
  const shownOf = (input, fields) => {
    const name = nameOf(input);
    return fields[name]?.[input.name.slice(name.length)] ?? [];
  };
  const labelsIn = (input) =>
    input.tagName === "SELECT" ? Object.fromEntries([...input.options].map((each) => [each.value, each.text])) : {};

  // After a field was saved: the form is of the new version, if it was of the one before.

  const adopt = (saved, labels) => {
    if (!form) return;
    const version = form.elements.namedItem("version");
    if (version?.value !== saved.dataset.before) return;
    const before = seen();
    const now = JSON.parse(saved.dataset.seen).fields;
    for (const input of form.elements) {
      const name = input.name && nameOf(input);
      if (!now[name] || isSame(shownOf(input, before), shownOf(input, now))) continue;
      // What was typed over stays.
      if (isSame(valuesOf(input), shownOf(input, before))) set(input, shownOf(input, now), labels);
    }
    version.value = saved.dataset.version;
    form.elements.namedItem("seen").value = saved.dataset.seen;
  };

  // Fields of the form

  const bars = new Map();
  const drop = (name) => {
    bars.get(name)?.remove();
    bars.delete(name);
    if (!bars.size) form.dispatchEvent(new CustomEvent("crm:unchanged", { bubbles: true }));
  };
  const placeOf = (input) =>
    input.closest(".fieldBox") ?? input.closest(".form-row > div:not(.fieldBox)") ?? input.closest(".form-row") ?? input.parentElement;
  const save = (name, { version, shown } = {}) => {
    const place = bars.get(name);
    const values = {
      csrfmiddlewaretoken: form.elements.namedItem("csrfmiddlewaretoken").value,
      version: version ?? form.elements.namedItem("version").value,
      seen: shown ?? form.elements.namedItem("seen").value,
      beside: "1",
    };
    const anyway = place.querySelector("[name=save_anyway]");
    if (anyway?.checked) values.save_anyway = "on";
    for (const input of inputsOf(form, name)) {
      const typed = valuesOf(input);
      if (typed.length) values[input.name] = typed.length === 1 ? typed[0] : typed;
    }
    window.htmx.ajax("POST", bar.dataset.address.replace(/FIELD\/$/, `${name}/`), {
      source: place,
      target: place.querySelector(".field-answer"),
      swap: "innerHTML",
      values,
    });
  };
  const undo = (name) => {
    const fields = seen();
    for (const input of inputsOf(form, name)) set(input, shownOf(input, fields), labelsIn(input));
    const [first] = inputsOf(form, name);
    drop(name);
    first?.focus();
  };
  const touched = (input) => {
    if (!input.name || input.type === "hidden" || input.type === "file" || input.name.includes("-")) return;
    const name = nameOf(input);
    const fields = seen();
    if (!fields[name]) return;
    if (inputsOf(form, name).every((each) => isSame(valuesOf(each), shownOf(each, fields)))) return drop(name);
    if (bars.has(name)) return;
    const made = bar.content.firstElementChild.cloneNode(true);
    made.dataset.name = name;
    placeOf(input).append(made);
    bars.set(name, made);
  };
  if (form && bar && form.elements.namedItem("seen")) {
    form.addEventListener("input", (event) => touched(event.target));
    // The lists of Django tell of a choice by jQuery alone.
    if ($) $(form).on("change", "select, input", (event) => touched(event.target));
    form.addEventListener("click", (event) => {
      const name = event.target.closest(".field-bar")?.dataset.name;
      if (!name) return;
      const refused = event.target.closest(".field-refused");
      if (event.target.matches("[data-saves]")) {
        save(name, refused ? { version: refused.dataset.version, shown: refused.dataset.seen } : {});
      } else if (event.target.matches("[data-undoes]")) undo(name);
      else if (event.target.matches("[data-takes]")) {
        const theirs = JSON.parse(refused.dataset.seen).fields;
        const labels = JSON.parse(refused.dataset.labels)[name] ?? {};
        for (const input of inputsOf(form, name)) set(input, shownOf(input, theirs), labels);
        drop(name);
        inputsOf(form, name)[0]?.focus();
      }
    });
    form.addEventListener("keydown", (event) => {
      const input = event.target;
      if (event.isComposing || !input.name || !bars.has(nameOf(input))) return;
      const isText = input.tagName === "INPUT" && input.type !== "checkbox";
      const isLong = input.tagName === "TEXTAREA" && (event.ctrlKey || event.metaKey);
      if (event.key === "Enter" && (isText || isLong)) {
        event.preventDefault();
        save(nameOf(input));
      } else if (event.key === "Escape") {
        event.preventDefault();
        undo(nameOf(input));
      }
    });
  }

  // Facts: the form of one takes its place; Escape puts the fact back.

  const facts = new Map();
  let wanted = "";
  const cancel = (place) => {
    place.innerHTML = facts.get(place.id);
    facts.delete(place.id);
    window.htmx.process(place);
    place.querySelector(".edit-fact")?.focus();
  };
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    const place = event.detail.target;
    // The head stays as it is while a fact of it is edited.
    if (place.id === "record-head" && place.querySelector(".field-form")) event.detail.shouldSwap = false;
    if (!place.id?.startsWith("fact-")) return;
    // A refusal is shown in place, such as of a record that is gone.
    if (!facts.has(place.id)) facts.set(place.id, place.innerHTML);
  });
  document.body.addEventListener("htmx:oobBeforeSwap", (event) => {
    const place = event.detail.target;
    if (place.id === "record-head" && place.querySelector(".field-form")) event.detail.shouldSwap = false;
  });
  document.body.addEventListener("htmx:afterSwap", (event) => {
    const place = event.detail.target;
    // What the dialog asked for is on the timeline.
    if (place.id === "timeline-entries") document.getElementById("frame-dialog").close();
    // Makes the lists of what was looked up, as Django does for rows that are added.
    if (place.id === "people-of-lead") {
      document.getElementById(place.id)?.dispatchEvent(new CustomEvent("formset:added", { bubbles: true }));
    }
    const saved = place.querySelector?.(".field-saved");
    if (place.id?.startsWith("fact-")) {
      if (saved) {
        adopt(saved, facts.get(`labels-${place.id}`) ?? {});
        wanted = place.id;
        facts.clear();
      } else if ($) {
        // Or Enter would send the form before htmx knows it, and leave the page.
        window.htmx.process(place);
        $(place).find(".admin-autocomplete").djangoAdminSelect2();
        const input = place.querySelector("[role=alert] ~ * button, input:not([type=hidden]), select, textarea");
        if (input?.matches(".admin-autocomplete")) $(input).select2("open");
        else input?.focus();
        input?.select?.();
      }
    } else if (saved && place.closest(".field-bar")) {
      const { name } = place.closest(".field-bar").dataset;
      const [first] = inputsOf(form, name);
      adopt(saved, {});
      drop(name);
      if (!document.activeElement || document.activeElement === document.body) first?.focus();
    } else if (place.id === "record-head" && wanted) {
      document.querySelector(`#${wanted} .edit-fact`)?.focus();
      wanted = "";
    }
  });
  document.addEventListener("submit", (event) => {
    if (!event.target.matches(".field-form")) return;
    // The form of the page takes over the labels of what was chosen here.
    const labels = {};
    for (const input of event.target.elements) Object.assign(labels, labelsIn(input));
    facts.set(`labels-${event.target.parentElement.id}`, labels);
  });
  document.addEventListener("keydown", (event) => {
    const place = event.target.closest?.(".field-form")?.parentElement;
    if (event.key === "Escape" && place && facts.has(place.id)) {
      event.preventDefault();
      cancel(place);
    }
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-cancels]");
    const place = link?.closest(".field-form")?.parentElement;
    if (!place || !facts.has(place.id)) return;
    event.preventDefault();
    // What others stored is not what stood here before.
    if (place.querySelector(".meanwhile")) {
      wanted = place.id;
      facts.clear();
      window.htmx.trigger(document.body, "crm:changed");
    } else cancel(place);
  });
})();
