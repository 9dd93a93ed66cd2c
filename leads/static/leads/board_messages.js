// The message of a move at the head of the page, with a button such as Undo.
"use strict";

window.crmMessage = (text, kind, offered) => {
  const item = document.createElement("li");
  item.className = kind;
  const words = document.createElement("span");
  words.textContent = text;
  item.append(words);
  if (offered) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button quiet";
    button.textContent = offered.label;
    button.addEventListener("click", offered.act);
    item.append(" ", button);
  }
  const shown = document.createElement("ul");
  shown.className = "messagelist";
  shown.append(item);
  document.getElementById("frame-messages").replaceChildren(shown);
  // Also where the page was scrolled away from its head.
  item.scrollIntoView({ block: "nearest" });
};
