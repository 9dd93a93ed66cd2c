// The place of a card in its column is that of the column's order, the longest untouched first, as the server has
// it: what is dropped, moved by others or rendered anew stands where it stands after the page is read again. "More"
// stands for the cards between the last one that was read and what is moved behind it.
"use strict";

(() => {
  const board = document.getElementById("board");
  if (!board) return;
  const isAfter = (one, other) => {
    const [at, otherAt] = [one, other].map((card) => Number(card.dataset.at));
    return at === otherAt ? Number(one.dataset.lead) > Number(other.dataset.lead) : at > otherAt;
  };

  function place(card, cards) {
    const others = [...cards.querySelectorAll(":scope > :is(.card, .more)")].filter((other) => other !== card);
    // "More" has the place of the last card before it, and stands behind that.
    const isNext = (other) => (other.matches(".more") ? !isAfter(card, other) : isAfter(other, card));
    cards.insertBefore(card, others.find(isNext) ?? null);
  }

  // To move is an activity, so that the card is the last touched, until the server says when that was.
  function placeMoved(card, cards) {
    card.dataset.at = "Infinity";
    place(card, cards);
  }

  // A card that was moved behind "More", or since it was read, comes again with the next page: the later state stays.
  document.body.addEventListener("htmx:afterSwap", () => {
    const seen = new Map();
    for (const card of board.querySelectorAll(".card")) {
      const other = seen.get(card.id);
      const isLater = !other || Number(card.dataset.at) > Number(other.dataset.at);
      if (other) (isLater ? other : card).remove();
      if (isLater) seen.set(card.id, card);
    }
  });

  window.crmBoard = { place, placeMoved };
})();
