// The queue: fresh rows without a reload (304 while nothing changed), and keys to move, open and claim.
import { localTimes, typing } from "./app.js";

const POLL_MS = 8000;
const box = document.getElementById("queue");
const live = document.getElementById("live");
let etag = box.dataset.etag; // of the rows that are shown
let at = null; // the number of the case the cursor is on

const rows = () => [...box.querySelectorAll("tbody tr[data-case]")];

function show() {
  for (const row of rows()) row.classList.toggle("at", row.dataset.case === at);
}

function move(step) {
  const all = rows();
  if (!all.length) return;
  const here = all.findIndex((row) => row.dataset.case === at);
  const next = all[Math.max(0, Math.min(all.length - 1, here < 0 ? (step > 0 ? 0 : all.length - 1) : here + step))];
  at = next.dataset.case;
  show();
  next.querySelector("a.pseudonym").focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

async function refresh() {
  const view = `${encodeURIComponent(box.dataset.show)}&page=${box.dataset.page}`;
  try {
    const answer = await fetch(`/api/queue?show=${view}`, { headers: { "If-None-Match": etag }, cache: "no-store" });
    if (answer.status === 304) return;
    if (answer.status === 401) { location.reload(); return; }
    if (!answer.ok) throw new Error(String(answer.status));
    const found = answer.headers.get("ETag");
    const table = await fetch(`/queue/rows?show=${view}`, { cache: "no-store" });
    if (!table.ok) throw new Error(String(table.status));
    const focused = box.contains(document.activeElement);
    box.innerHTML = await table.text();
    etag = found; // should the rows be newer than this, the next look finds it out
    localTimes(box);
    show();
    if (focused && at) box.querySelector(`tr[data-case="${at}"] a.pseudonym`)?.focus({ preventScroll: true });
    live.textContent = `Updated ${new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}`;
  } catch {
    live.textContent = "The gateway does not answer; the list may be old.";
  }
}

box.addEventListener("click", (event) => {
  const row = event.target.closest("tr[data-case]");
  if (!row || event.target.closest("a, button, input")) return;
  row.querySelector("a.pseudonym").click();
});

document.addEventListener("keydown", (event) => {
  if (typing(event) || document.querySelector("dialog[open]")) return;
  const row = rows().find((each) => each.dataset.case === at);
  if (event.key === "j") move(1);
  else if (event.key === "k") move(-1);
  else if (event.key === "o") row?.querySelector("a.pseudonym").click();
  else if (event.key === "c") row?.querySelector("[data-claim]")?.click();
  else if (event.key === "n") document.querySelector("[data-next]")?.click();
});

refresh();
setInterval(() => { if (!document.hidden) refresh(); }, POLL_MS);
document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
