// The report form: saved by itself, groups added and removed in place, key images, and what is still missing.
import { localTimes, token } from "./app.js";
import { rescue } from "./reporting/claiming.js";

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
    if (typeof value !== "string" || ["csrf", "version", "password", "code", "do", "add", "remove", "note", "after"].includes(name) || value.trim() === "") continue;
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
  const sent = content();
  try {
    const answer = await fetch(`/api/cases/${form.dataset.case}/report`, {
      method: "PUT",
      headers: { "Content-Type": "application/json", "X-CSRF-Token": token() },
      body: JSON.stringify({ version: Number(version.value), content: sent }),
    });
    const told = await answer.json();
    if (answer.ok) {
      version.value = told.version;
      words.saved();
      if (JSON.stringify(content()) !== JSON.stringify(sent)) words.typed();
      tell(`Draft saved ${new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" })}`);
      list(told.problems);
      ask(told.questions);
      document.dispatchEvent(new CustomEvent("draftsaved", { detail: { proposal: told.proposal, narrative: sent.narrative || "", current: JSON.stringify(sent) === JSON.stringify(content()) } }));
    } else {
      stale = told.type === "/problems/stale-draft";
      tell(`Not saved, your text is still here: ${told.detail} ${told.fix || ""}`, true);
      words.refused(stale ? 0 : answer.status);
    }
  } catch {
    tell("Not saved, your text is still here: the gateway does not answer. It is tried again by itself.", true);
    words.unanswered();
  }
  saving = false;
  if (again) { again = false; save(); }
}

const words = rescue(form.dataset.case, saved, { save, tell });

function changed() {
  words.typed();
  clearTimeout(timer);
  timer = setTimeout(save, WAIT_MS);
}

form.addEventListener("input", (event) => { if (!["password", "code", "note"].includes(event.target.name)) changed(); });
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

// Key images and marks go to the lesion that was last touched, or to the last one.
let lesion = null;
let images = null; // of the viewer, as soon as it knows them
form.addEventListener("focusin", (event) => { lesion = event.target.closest('[data-group^="lesions."]') || lesion; });

function chosenLesion() {
  const all = groups("lesions");
  return lesion && lesion.isConnected ? lesion : all[all.length - 1];
}

// A choice of the form that can be taken back: unchecked, or by its button.
function pill(name, value, text, attributes = {}) {
  const label = document.createElement("label");
  label.className = "pill";
  const input = document.createElement("input");
  Object.assign(input, { type: "checkbox", name, value, checked: true });
  const span = document.createElement("span");
  Object.assign(span.dataset, attributes);
  span.textContent = text;
  label.append(input, span);
  return label;
}

document.addEventListener("keyimage", (event) => {
  const chosen = chosenLesion();
  if (!chosen) { tell("Add a lesion first: a key image belongs to one.", true); return; }
  const marks = chosen.querySelector("[data-marks]");
  const { uid, frame, label } = event.detail;
  const value = frame ? `${uid}#${frame}` : uid;
  if (marks.querySelector(`[data-uid="${CSS.escape(value)}"]`)) return;
  marks.prepend(pill(marks.dataset.marks, value, label, { uid: value }));
  tell(`Marked ${label} for ${chosen.querySelector("h3").textContent}.`);
  changed();
});

// What a key image is called: its series and its place there. A frame that was not told stays so.
function nameOf(value) {
  const [uid, frame] = value.split("#");
  for (const stack of images.stacks) {
    const frames = stack.frames.filter((each) => each.uid === uid);
    if (!frames.length) continue;
    if (!frame && images.stacks.flatMap((each) => each.frames).filter((each) => each.uid === uid).length > 1) return `${stack.label}, frame not told`;
    const index = stack.frames.findIndex((each) => each.uid === uid && (!frame || each.frame === Number(frame)));
    if (index >= 0) return `${stack.label} ${index + 1}`;
  }
  return null;
}

document.addEventListener("imagesknown", (event) => {
  images = event.detail.images;
  for (const text of form.querySelectorAll("[data-uid]")) text.textContent = nameOf(text.dataset.uid) || text.textContent;
});

// Marks: the form keeps them, the viewer draws them.
function markOf(input) {
  try { return JSON.parse(input.value); } catch { return null; }
}

function inWords(mark) {
  const letters = [["L", "R"], ["P", "A"], ["S", "I"]];
  const where = mark.points[0].map((value, axis) => `${letters[axis][value >= 0 ? 0 : 1]} ${Math.abs(value).toFixed(1)}`).join(" ");
  const on = mark.frame ? `, frame ${mark.frame}` : "";
  if (mark.kind === "long_axis") return `Long axis ${lengthOf(mark).toFixed(1)} mm${on}`;
  if (mark.kind === "region") return `Region of ${mark.volume_ml} ml by ${mark.method}${on}`;
  return `Point at ${where} mm${on}`;
}

const lengthOf = ({ points: [a, b] }) => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
const marksOf = (group) => [...group.querySelectorAll("[data-drawn] input:checked")].map(markOf).filter(Boolean);

function tellMarks() {
  const kept = groups("lesions").flatMap((group) => marksOf(group).map((mark) => ({ mark, label: group.querySelector("h3").textContent })));
  document.dispatchEvent(new CustomEvent("markschanged", { detail: kept }));
}

// A measure follows its marks as long as nobody typed another one.
function fill(group, item, value) {
  const input = group.querySelector(`[name="${CSS.escape(`${group.dataset.group}.${item}`)}"]`);
  if (!input || (input.value.trim() && input.value !== input.dataset.filled)) return;
  input.value = input.dataset.filled = value;
}

function fillFrom(group) {
  const marks = marksOf(group);
  const axes = marks.filter(({ kind }) => kind === "long_axis").map(lengthOf);
  const volumes = marks.filter(({ kind }) => kind === "region").map(({ volume_ml: ml }) => Number(ml));
  fill(group, "long_axis_mm", axes.length ? Math.max(...axes).toFixed(1) : "");
  fill(group, "volume_cm3", volumes.length ? String(Number(volumes.reduce((sum, each) => sum + each, 0).toFixed(3))) : "");
}

function removable(label) {
  const remove = document.createElement("button");
  Object.assign(remove, { type: "button", className: "quiet small", textContent: "×" });
  remove.setAttribute("aria-label", `Remove ${label.textContent.trim()}`);
  remove.dataset.unmark = "";
  label.after(remove);
}

document.addEventListener("mark", (event) => {
  let chosen = chosenLesion();
  if (!chosen) {
    form.querySelector('[data-add][value="lesions"]').click();
    chosen = chosenLesion();
  }
  const { mark } = event.detail;
  const holder = chosen.querySelector("[data-drawn]");
  const label = pill(holder.dataset.drawn, JSON.stringify(mark), inWords(mark));
  holder.prepend(label);
  removable(label);
  fillFrom(chosen);
  tell(`${inWords(mark)} for ${chosen.querySelector("h3").textContent}.`);
  tellMarks();
  changed();
});

form.addEventListener("click", (event) => {
  const remove = event.target.closest("[data-unmark]");
  if (remove) remove.previousElementSibling.querySelector("input").click();
  else if (event.target.closest("[data-remove], [data-add]")) tellMarks();
});
form.addEventListener("change", (event) => {
  const holder = event.target.closest("[data-drawn]");
  if (!holder || event.target.checked) return;
  const group = event.target.closest("[data-group]");
  const label = event.target.closest(".pill");
  if (label.nextElementSibling?.matches("[data-unmark]")) label.nextElementSibling.remove();
  label.remove();
  fillFrom(group);
  tellMarks();
  changed();
});
for (const label of form.querySelectorAll("[data-drawn] .pill")) removable(label);
for (const group of groups("lesions")) { // a measure that is the drawn one follows it on
  const axis = group.querySelector(`[name="${CSS.escape(`${group.dataset.group}.long_axis_mm`)}"]`);
  const axes = marksOf(group).filter(({ kind }) => kind === "long_axis").map(lengthOf);
  if (axes.length && axis && axis.value === Math.max(...axes).toFixed(1)) axis.dataset.filled = axis.value;
}
document.addEventListener("marksasked", tellMarks);

// What the study was compared with: an earlier study that the reader chose fills what nobody answered. An answer that
// stands, and a study that stands beside by itself, is never written over and never taken as read: it is offered.
const day = form.elements.namedItem("comparison.prior_study_date");
const done = (value) => form.querySelector(`[name="comparison.done"][value="${value}"]`);
const answered = () => form.querySelector('[name="comparison.done"]:checked')?.value || "";

function compared(studyDay) {
  day.value = day.dataset.filled = studyDay;
  done("yes").checked = true;
  changed();
}

document.addEventListener("comparewith", (event) => {
  const { prior, byReader } = event.detail;
  form.querySelector("[data-compared]")?.remove();
  if (!prior?.study_day || (day.value === prior.study_day && answered() === "yes")) return;
  const isFree = ["", day.dataset.filled || ""].includes(day.value) && ["", day.value ? "yes" : ""].includes(answered());
  if (byReader && isFree) {
    compared(prior.study_day);
    tell(`Compared with the study of ${prior.study_day} (shifted), ${prior.label}.`);
    return;
  }
  const offer = document.createElement("p");
  offer.className = "help";
  offer.dataset.compared = "";
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "small", textContent: `Compared with the one of ${prior.study_day} (shifted)` });
  button.addEventListener("click", () => { compared(prior.study_day); offer.remove(); day.focus(); });
  offer.append(`Beside it stands the study ${prior.label}. `, button);
  day.closest(".item").append(offer);
});

localTimes(saved);
