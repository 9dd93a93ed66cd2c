// The board scrolls while a card is dragged near its edge, to columns that a narrow screen does not show. SortableJS
// scrolls the columns alone, which are what scrolls nearest to a card.
"use strict";

(() => {
  const board = document.getElementById("board");
  if (!board) return;
  const EDGE = 56;
  const STEP = 12;
  let pointerX = null;
  for (const kind of ["pointermove", "touchmove", "dragover"]) {
    const follow = (event) => {
      pointerX = (event.touches?.[0] ?? event).clientX;
    };
    document.addEventListener(kind, follow, { passive: true, capture: true });
  }
  function scrollAtEdge() {
    if (!board.classList.contains("dragging")) return;
    const { left, right } = board.getBoundingClientRect();
    if (pointerX > right - EDGE) board.scrollLeft += STEP;
    else if (pointerX < left + EDGE) board.scrollLeft -= STEP;
    requestAnimationFrame(scrollAtEdge);
  }
  board.addEventListener("crm:drag", () => requestAnimationFrame(scrollAtEdge));
})();
