// A report that could not be saved: what was typed stays on the page, and one button claims the case again.
const AGAIN_MS = 10000;
const form = document.getElementById("report");

// Whoever is signed in now, in whichever tab: the token of this page ended with its session.
async function signedIn() {
  const answer = await fetch("/manual", { cache: "no-store" });
  return new DOMParser().parseFromString(await answer.text(), "text/html").body.dataset;
}

// Claims for the same person only; answers why not, or nothing when the case is held again.
async function claimAgain(caseId) {
  const { account, csrf } = await signedIn();
  if (!account) return "You are signed out. Sign in again in another tab, then press the button once more.";
  if (account !== document.body.dataset.account) return "Somebody else is signed in now. Sign in again as the one who wrote this.";
  document.body.dataset.csrf = csrf;
  for (const field of document.querySelectorAll('input[name="csrf"]')) field.value = csrf;
  if (form.hasAttribute("data-corrects")) return ""; // what follows a report needs no claim
  const answer = await fetch(`/api/cases/${caseId}/claim`, { method: "POST", headers: { "X-CSRF-Token": csrf } });
  if (answer.ok) return "";
  const told = await answer.json();
  return `${told.detail} ${told.fix || ""}`;
}

// The button beside the line that says what happened, and the next try when the gateway did not answer.
export function rescue(caseId, line, { save, tell }) {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "small", hidden: true, textContent: form.hasAttribute("data-corrects") ? "Save again" : "Claim again and save" });
  line.after(button);
  let isUnsaved = false;
  let next = null;

  async function press() {
    button.disabled = true;
    try {
      const why = await claimAgain(caseId);
      if (why) tell(`Not saved, your text is still here: ${why}`, true);
      else await save();
    } catch {
      tell("Not saved, your text is still here: the gateway does not answer.", true);
    }
    button.disabled = false;
  }

  button.addEventListener("click", press);
  window.addEventListener("online", () => { if (isUnsaved) save(); });
  window.addEventListener("beforeunload", (event) => { if (isUnsaved) event.preventDefault(); });
  form.addEventListener("submit", () => { isUnsaved = false; });
  return {
    typed() { isUnsaved = true; },
    saved() { isUnsaved = false; button.hidden = true; clearTimeout(next); },
    refused(status) { isUnsaved = true; button.hidden = ![401, 403, 409].includes(status); },
    unanswered() { isUnsaved = true; clearTimeout(next); next = setTimeout(save, AGAIN_MS); },
  };
}
