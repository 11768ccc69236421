// Every page: times in the reader's zone, keyboard help, and the keys that need no other script.
"use strict";

export const token = () => document.body.dataset.csrf || "";

export function localTimes(root = document) {
  const format = new Intl.DateTimeFormat(undefined, { day: "2-digit", month: "short", hour: "2-digit", minute: "2-digit" });
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.valueOf())) continue;
    time.title = time.dateTime;
    time.textContent = format.format(at);
  }
}

// True while a key belongs to a field the reader writes in.
export function typing(event) {
  const target = event.target;
  return event.ctrlKey || event.metaKey || event.altKey || target.isContentEditable ||
    (target.matches && target.matches("textarea, select, input:not([type=range]):not([type=checkbox]):not([type=radio])"));
}

localTimes();

const help = document.getElementById("keys");
const opener = document.querySelector("[data-help]");
if (help && opener) {
  opener.hidden = false;
  opener.addEventListener("click", () => help.showModal());
}

document.addEventListener("keydown", (event) => {
  if (typing(event) || document.querySelector("dialog[open]")) return;
  if (event.key === "?" && help) {
    event.preventDefault();
    help.showModal();
  } else if (event.key === "c" && !document.querySelector("table.queue")) {
    document.querySelector("[data-claim]")?.click();
  } else if (event.key === "s") {
    document.querySelector("[data-sign]")?.click();
    document.getElementById("password")?.focus();
    if (document.getElementById("password")) event.preventDefault();
  }
});
