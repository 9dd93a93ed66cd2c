// The place of a card in its column is that of the column's order, the longest untouched first, as the server has
// it: what is dropped, moved by others or rendered anew stands where it stands after the page is read again.
"use strict";

(() => {
  const board = document.getElementById("board");
  if (!board) return;
  const isAfter = (one, other) => {
    const [at, otherAt] = [one, other].map((card) => Number(card.dataset.at));
    return at === otherAt ? Number(one.dataset.lead) > Number(other.dataset.lead) : at > otherAt;
  };

  function place(card, cards) {
    const others = [...cards.querySelectorAll(":scope > .card")].filter((other) => other !== card);
    const next = others.find((other) => isAfter(other, card)) ?? cards.querySelector(":scope > .more");
    cards.insertBefore(card, next ?? null);
  }

  // To move is an activity, so that the card is the last touched, until the server says when that was.
  function placeMoved(card, cards) {
    card.dataset.at = "Infinity";
    place(card, cards);
  }

  // A card that stands behind the last one of a page comes again with the next page.
  document.body.addEventListener("htmx:afterSwap", () => {
    const seen = new Set();
    for (const card of [...board.querySelectorAll(".card")].reverse()) {
      if (seen.has(card.id)) card.remove();
      seen.add(card.id);
    }
  });

  window.crmBoard = { place, placeMoved };
})();
