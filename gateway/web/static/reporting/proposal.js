// The impression that the answers propose. It is written into the field by itself only while nobody wrote there, and
// never under the cursor; what somebody wrote is replaced by the button alone.
const form = document.getElementById("report");
const text = form.elements.namedItem("narrative");
const note = document.createElement("p");
const take = document.createElement("button");
let latest = null; // what the gateway proposed last
let isCurrent = false; // an answer that was just given makes the proposal an older one, until the gateway knows it
let isTaken = false; // emptied by hand: then it stays empty until the button is pressed

note.className = "help";
note.setAttribute("role", "status");
Object.assign(take, { type: "button", className: "small", hidden: true, textContent: "Use the proposed text" });
text.after(note, take);

function write() {
  text.value = latest.text;
  text.dispatchEvent(new Event("input", { bubbles: true }));
  show();
}

function show() {
  const isSame = latest !== null && text.value.trim() === latest.text;
  take.hidden = !isCurrent || !latest?.text || isSame;
  const older = (latest?.older || []).filter((sentence) => text.value.includes(sentence));
  note.classList.toggle("wrong", older.length > 0);
  note.textContent = older.length ? `Your answers no longer say: ${older.join(" ")}`
    : isSame && latest.text ? "Proposed from your answers; edit it as you like." : "";
}

function arrived({ proposal, narrative, current }) {
  latest = proposal;
  isCurrent = current;
  for (const field of form.querySelectorAll("textarea[lang]")) field.lang = proposal.language;
  const isAsSaved = text.value.trim() === narrative.trim();
  const isFree = current && proposal.untouched && isAsSaved && document.activeElement !== text && !(isTaken && text.value === "");
  if (isFree && proposal.text && text.value.trim() !== proposal.text) write();
  show();
}

take.addEventListener("click", () => { if (isCurrent && latest?.text) { write(); text.focus(); } });
text.addEventListener("input", (event) => { if (event.isTrusted) isTaken = true; show(); });
form.addEventListener("input", (event) => { if (event.target !== text) { isCurrent = false; show(); } });
document.addEventListener("draftsaved", (event) => arrived(event.detail));
if (form.dataset.proposal) { // as the page was loaded nothing is written, only told
  latest = JSON.parse(form.dataset.proposal);
  isCurrent = true;
  show();
}
