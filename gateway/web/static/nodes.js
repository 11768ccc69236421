// Echo without leaving the page.
import { token } from "./app.js";

for (const form of document.querySelectorAll("[data-echo]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const [button, output] = [form.querySelector("button"), form.querySelector("output")];
    button.disabled = true;
    output.textContent = "asking …";
    const mark = document.createElement("span");
    const fix = document.createElement("small");
    try {
      const answer = await fetch(`/api/nodes/${encodeURIComponent(form.dataset.echo)}/echo`, { method: "POST", headers: { "X-CSRF-Token": token() } });
      const told = await answer.json();
      const fine = answer.ok && told.milliseconds !== null;
      mark.className = `dot ${fine ? "good" : "bad"}`;
      mark.textContent = fine ? `${Math.round(told.milliseconds)} ms` : told.problem || told.detail;
      fix.textContent = fine ? "" : told.fix || "";
    } catch {
      mark.className = "dot bad";
      mark.textContent = "The gateway does not answer.";
    }
    output.replaceChildren(mark, fix);
    button.disabled = false;
  });
}
