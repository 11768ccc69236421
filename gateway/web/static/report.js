// The report form: saved by itself, groups added and removed in place, key images, and what is still missing.
import { localTimes, token } from "./app.js";

const WAIT_MS = 900;
const form = document.getElementById("report");
const saved = document.getElementById("saved");
const missing = document.getElementById("missing");
const missingCount = document.getElementById("missing-count");
const version = form.elements.namedItem("version");
let timer = null;
let saving = false;
let again = false;
let stale = false;

function content() {
  const found = {};
  for (const [name, value] of new FormData(form)) {
    if (typeof value !== "string" || ["csrf", "version", "password", "code", "do", "add", "remove"].includes(name) || value.trim() === "") continue;
    const control = form.querySelector(`[name="${CSS.escape(name)}"]`);
    if (control.type === "checkbox") (found[name] ||= []).push(value);
    else found[name] = value;
  }
  return found;
}

function tell(text, bad = false) {
  saved.textContent = text;
  saved.classList.toggle("bad", bad);
}

function list(problems) {
  missingCount.textContent = problems.length ? `${problems.length} to complete` : "Complete";
  missing.replaceChildren();
  if (!problems.length) {
    const fine = document.createElement("p");
    fine.className = "dot good";
    fine.textContent = "Everything is answered and agrees.";
    missing.append(fine);
    return;
  }
  const head = document.createElement("p");
  head.textContent = `${problems.length} to complete or correct:`;
  const all = document.createElement("ul");
  all.className = "missing";
  for (const one of problems) {
    const line = document.createElement("li");
    const link = document.createElement("a");
    link.href = one.question ? `#at-reasons.${one.question}` : `#at-${one.field}`;
    link.textContent = one.problem;
    line.append(link, ` ${one.fix}`);
    all.append(line);
  }
  missing.append(head, all);
  for (const item of form.querySelectorAll(".item.bad")) {
    if (!problems.some((one) => item.id === `at-${one.field}`)) {
      item.classList.remove("bad");
      for (const wrong of item.querySelectorAll(".wrong")) wrong.remove();
    }
  }
}

// Every question has its place in the form; it shows while it is asked, with a reason or without one.
function ask(questions) {
  const asked = new Map(questions.map((one) => [one.question, `${one.problem} ${one.fix}`]));
  for (const why of form.querySelectorAll("[data-question]")) {
    why.hidden = !asked.has(why.dataset.question);
    why.querySelector(".asks").textContent = asked.get(why.dataset.question) || "";
  }
}

async function save() {
  if (stale) return;
  if (saving) { again = true; return; }
  saving = true;
  tell("Saving …");
  try {
    const answer = await fetch(`/api/cases/${form.dataset.case}/report`, {
      method: "PUT",
      headers: { "Content-Type": "application/json", "X-CSRF-Token": token() },
      body: JSON.stringify({ version: Number(version.value), content: content() }),
    });
    const told = await answer.json();
    if (answer.ok) {
      version.value = told.version;
      tell(`Draft saved ${new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" })}`);
      list(told.problems);
      ask(told.questions);
    } else {
      stale = told.type === "/problems/stale-draft";
      tell(`Not saved: ${told.detail} ${told.fix || ""}`, true);
    }
  } catch {
    tell("Not saved: the gateway does not answer. It is tried again with the next change.", true);
  }
  saving = false;
  if (again) { again = false; save(); }
}

function changed() {
  clearTimeout(timer);
  timer = setTimeout(save, WAIT_MS);
}

form.addEventListener("input", (event) => { if (!["password", "code"].includes(event.target.name)) changed(); });
// Enter in a line of text ends the line; it posts nothing, which would load the page anew in the middle of a sentence.
form.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.matches("input") || ["password", "code"].includes(event.target.name)) return;
  event.preventDefault();
  changed();
});
form.addEventListener("submit", (event) => {
  clearTimeout(timer);
  if (saving) { // the plain post must carry the version that the running save makes
    event.preventDefault();
    const button = event.submitter;
    const wait = setInterval(() => { if (!saving) { clearInterval(wait); form.requestSubmit(button); } }, 50);
  }
});

function groups(section) {
  return [...form.querySelectorAll(`[data-group^="${section}."]`)];
}

// A lesion is called by its number, which stays when another one is removed; spectra are counted.
const numberOf = (group) => group.querySelector(`[name="${CSS.escape(`${group.dataset.group}.number`)}"]`);
const typed = (group) => (/^[1-9][0-9]{0,2}$/.test(numberOf(group).value.trim()) ? Number(numberOf(group).value) : 0);

function titles() {
  for (const each of groups("lesions")) if (typed(each)) each.querySelector("h3").textContent = `Lesion ${typed(each)}`;
  groups("spectra").forEach((each, place) => { each.querySelector("h3").textContent = `Spectrum ${place + 1}`; });
}

form.addEventListener("input", (event) => { if (event.target.name.endsWith(".number")) titles(); });
form.addEventListener("click", (event) => {
  const add = event.target.closest("[data-add]");
  const remove = event.target.closest("[data-remove]");
  if (add) {
    event.preventDefault();
    const section = add.value;
    const next = Math.max(-1, ...groups(section).map((each) => Number(each.dataset.group.split(".")[1]))) + 1;
    const holder = document.createElement("div");
    const template = add.parentElement.querySelector("template");
    holder.innerHTML = template.innerHTML.replaceAll(form.dataset.placeholder, String(next));
    const made = holder.firstElementChild;
    if (section === "lesions") numberOf(made).value = Math.max(Number(form.dataset.highest), ...groups(section).map(typed)) + 1;
    template.before(made);
    titles();
    made.querySelector("input, select, textarea")?.focus();
    made.scrollIntoView({ block: "start" });
  } else if (remove) {
    event.preventDefault();
    remove.closest("[data-group]").remove();
    titles();
    changed();
  }
});

// Key images go to the lesion that was last touched, or to the last one.
let lesion = null;
form.addEventListener("focusin", (event) => { lesion = event.target.closest('[data-group^="lesions."]') || lesion; });
document.addEventListener("keyimage", (event) => {
  const all = groups("lesions");
  const chosen = lesion && lesion.isConnected ? lesion : all[all.length - 1];
  if (!chosen) { tell("Add a lesion first: a key image belongs to one.", true); return; }
  const marks = chosen.querySelector("[data-marks]");
  const { uid, label } = event.detail;
  if (marks.querySelector(`[data-uid="${CSS.escape(uid)}"]`)) return;
  const pill = document.createElement("label");
  pill.className = "pill";
  const input = document.createElement("input");
  Object.assign(input, { type: "checkbox", name: marks.dataset.marks, value: uid, checked: true });
  const text = document.createElement("span");
  text.dataset.uid = uid;
  text.textContent = label;
  pill.append(input, text);
  marks.prepend(pill);
  tell(`Marked ${label} for ${chosen.querySelector("h3").textContent}.`);
  changed();
});
document.addEventListener("imagesknown", (event) => {
  for (const text of form.querySelectorAll("[data-uid]")) {
    for (const one of event.detail) {
      const place = one.uids.indexOf(text.dataset.uid);
      if (place >= 0) text.textContent = `${one.label} ${place + 1}`;
    }
  }
});

localTimes(saved);
