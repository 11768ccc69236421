// Upload with progress: one file a request, three at a time; each answer tells line by line what was kept.
import { token } from "./app.js";

const AT_ONCE = 3;
const LISTED = 100;
const form = document.getElementById("upload");
const progress = form.querySelector(".progress");
const bar = progress.querySelector("progress");
const text = document.getElementById("progress-text");
const refused = document.getElementById("refused");
const folder = document.getElementById("folder");
form.querySelector("[data-folder]").hidden = !("webkitdirectory" in folder);

function refuse(name, problem, fix) {
  if (refused.children.length >= LISTED) return;
  const line = document.createElement("li");
  const strong = document.createElement("b");
  strong.textContent = name.slice(-80);
  line.append(strong, ` ${problem} ${fix || ""}`);
  refused.append(line);
}

function send(file, name, told) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    let read = 0;
    const lines = () => {
      if (request.status !== 200) return;
      const end = request.responseText.lastIndexOf("\n");
      for (const line of request.responseText.slice(read, Math.max(read, end)).split("\n")) if (line) told.line(JSON.parse(line));
      read = Math.max(read, end + 1);
    };
    request.open("POST", `/api/uploads?name=${encodeURIComponent(name)}`);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.setRequestHeader("X-CSRF-Token", token());
    request.upload.onprogress = (event) => told.sent(event.loaded);
    request.onprogress = lines;
    request.onload = () => {
      if (request.status === 200) lines();
      else {
        let problem = {};
        try { problem = JSON.parse(request.responseText); } catch { /* not ours */ }
        refuse(name, problem.detail || `The gateway answered ${request.status}.`, problem.fix);
      }
      resolve();
    };
    request.onerror = () => { refuse(name, "The connection broke.", "Upload this file again; what was kept stays."); resolve(); };
    request.send(file);
  });
}

// What was typed beside the files goes to the one study they are of; anything else is said, and nothing is lost.
async function tell(studies) {
  const body = {};
  for (const field of form.querySelectorAll("#context [name]")) if (field.value.trim()) body[field.name] = field.value.trim();
  if (!Object.keys(body).length || !studies.size) return true;
  if (studies.size > 1) {
    refuse("For the readers", `The files are of ${studies.size} studies.`, "Write it on the page of each study.");
    return false;
  }
  const [study] = studies;
  try {
    const answer = await fetch(`/api/studies/${study}/context`, {
      method: "PUT",
      headers: { "Content-Type": "application/json", "X-CSRF-Token": token() },
      body: JSON.stringify(body),
    });
    if (answer.ok) return true;
    const problem = await answer.json();
    refuse("For the readers", problem.detail, problem.fix);
  } catch {
    refuse("For the readers", "The connection broke.", "Write it on the page of the study.");
  }
  const link = document.createElement("a");
  link.href = `/studies/${study}/context`;
  link.textContent = "Write it again";
  text.append(link, " ");
  return false;
}

async function upload(files) {
  if (!files.length) return;
  progress.hidden = false;
  refused.replaceChildren();
  const total = files.reduce((sum, { file }) => sum + file.size, 0) || 1;
  const sent = new Map();
  const studies = new Set();
  let kept = 0;
  let failed = 0;
  const show = () => {
    bar.value = [...sent.values()].reduce((sum, bytes) => sum + bytes, 0) / total;
    text.textContent = `${kept} kept${failed ? `, ${failed} refused` : ""} · ${Math.round(bar.value * 100)} %`;
  };
  const waiting = [...files];
  const worker = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const { file, name } = next;
      await send(file, name, {
        sent: (bytes) => { sent.set(next, Math.min(bytes, file.size)); show(); },
        line: (one) => {
          if (one.done) { for (const study of one.studies) studies.add(study); return; }
          if (one.kept) kept += 1; else { failed += 1; refuse(one.name, one.problem, one.fix); }
          show();
        },
      });
      sent.set(next, file.size);
      show();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  bar.value = 1;
  text.textContent = `${kept} kept${failed ? `, ${failed} refused` : ""}. `;
  for (const study of studies) {
    const link = document.createElement("a");
    link.href = `/upload/${study}`;
    link.textContent = `Study ${study}`;
    text.append(link, " ");
  }
  const told = await tell(studies);
  if (studies.size === 1 && !failed && told) location.href = `/upload/${[...studies][0]}`;
}

async function entries(item) {
  if (item.isFile) return new Promise((resolve) => item.file((file) => resolve([{ file, name: item.fullPath.slice(1) }]), () => resolve([])));
  const reader = item.createReader();
  const found = [];
  for (;;) {
    const some = await new Promise((resolve) => reader.readEntries(resolve, () => resolve([])));
    if (!some.length) return found;
    for (const each of some) found.push(...await entries(each));
  }
}

const listed = (input) => [...input.files].map((file) => ({ file, name: file.webkitRelativePath || file.name }));
document.getElementById("files").addEventListener("change", (event) => upload(listed(event.target)));
folder.addEventListener("change", () => upload(listed(folder)));
for (const name of ["dragover", "dragenter"]) form.addEventListener(name, (event) => { event.preventDefault(); form.classList.add("over-it"); });
form.addEventListener("dragleave", () => form.classList.remove("over-it"));
form.addEventListener("drop", async (event) => {
  event.preventDefault();
  form.classList.remove("over-it");
  const items = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry()).filter(Boolean);
  upload((await Promise.all(items.map(entries))).flat());
});
