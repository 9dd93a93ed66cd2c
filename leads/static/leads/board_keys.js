// The board by keyboard: Tab reaches one card, arrows go from card to card, Enter opens it, M moves it.
"use strict";

(() => {
  const board = document.getElementById("board");
  if (!board) return;
  const STOPS = ".card a.title, .cards > .more a";
  let current = null;

  const itemOf = (element) => element?.closest?.(".card, .cards > .more");
  const stopOf = (item) => item.querySelector("a");
  const columns = () =>
    [...board.querySelectorAll(".cards")].map((cards) => [...cards.querySelectorAll(STOPS)]).filter((all) => all.length);

  function choose(item) {
    current = item;
    for (const link of board.querySelectorAll(".cards a")) link.tabIndex = itemOf(link) === item ? 0 : -1;
  }
  // Cards are rendered anew, come and go.
  function refresh() {
    const anew = current?.id && document.getElementById(current.id);
    const first = board.querySelector(STOPS);
    choose(current?.isConnected ? current : anew || (first && itemOf(first)));
  }
  new MutationObserver(refresh).observe(board, { childList: true, subtree: true });
  refresh();

  board.addEventListener("focusin", (event) => {
    const item = itemOf(event.target);
    if (item && item !== current) choose(item);
  });

  function neighbour(key, stop) {
    const all = columns();
    const column = all.findIndex((stops) => stops.includes(stop));
    const stops = all[column] ?? [];
    const row = stops.indexOf(stop);
    const beside = { ArrowLeft: all[column - 1], ArrowRight: all[column + 1] }[key];
    if (beside) return beside[Math.min(row, beside.length - 1)];
    return { ArrowUp: stops[row - 1], ArrowDown: stops[row + 1], Home: stops[0], End: stops.at(-1) }[key];
  }
  board.addEventListener("keydown", (event) => {
    const item = itemOf(event.target);
    if (!item || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    if (event.key.toLowerCase() === "m") {
      item.querySelector("a.move")?.click();
      return;
    }
    if (!/^(Arrow(Up|Down|Left|Right)|Home|End)$/.test(event.key)) return;
    event.preventDefault();
    neighbour(event.key, stopOf(item))?.focus();
  });

  document.getElementById("to-cards").addEventListener("click", (event) => {
    event.preventDefault();
    (current ? stopOf(current) : board).focus();
  });
})();
