// On a narrow screen the rows of a list are cards: each value stands below the title, behind the name of its column.
"use strict";

(() => {
  const table = document.getElementById("result_list");
  if (!table) return;
  const names = [...table.querySelectorAll("thead th")].map((each) => each.querySelector(".text")?.textContent.trim());
  for (const row of table.querySelectorAll("tbody tr")) {
    for (const [number, cell] of [...row.cells].entries()) {
      if (cell.tagName !== "TD" || !names[number]) continue;
      cell.dataset.label = names[number];
      // What is not there needs no line; a sign or a picture is no text.
      cell.classList.toggle("blank", !cell.querySelector("img, input, svg") && /^[-–\s]*$/.test(cell.textContent));
    }
  }
  // Styles that make no table of it would take its meaning away.
  const roles = {
    "thead, tbody": "rowgroup",
    tr: "row",
    "thead th": "columnheader",
    "tbody th": "rowheader",
    td: "cell",
  };
  table.setAttribute("role", "table");
  for (const [selector, role] of Object.entries(roles))
    for (const each of table.querySelectorAll(selector)) each.setAttribute("role", role);
  table.classList.add("as-cards");
})();
