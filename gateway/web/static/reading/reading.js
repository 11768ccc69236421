// The pictures of a case: panes of a layout, the prior beside the current study, every series that came within reach.
import { inverse } from "./geometry.js";
import { explain, listen } from "./keys.js";
import { ChangeMap } from "./change.js";
import { APART, Link } from "./link.js";
import "./marks.js";
import { Pane } from "./pane.js";
import { LaidOver } from "./pixels.js";
import { PRESETS } from "./windows.js";

const box = document.querySelector("[data-reading]");
const SERIES = "application/x-series"; // what a dragged series is called: a dropped text or link is none

async function told(url) {
  const answer = await fetch(url, { credentials: "same-origin" });
  if (!answer.ok) throw new Error(`the gateway answers ${answer.status}`);
  return answer.json();
}

function element(kind, { text, ...more } = {}, ...children) {
  const made = document.createElement(kind);
  for (const [name, value] of Object.entries(more)) {
    if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== undefined && value !== null) made.setAttribute(name, value);
  }
  if (text !== undefined) made.textContent = text;
  made.append(...children);
  return made;
}

class Grid {
  constructor(images, reading) {
    this.caseId = box.dataset.case;
    this.images = { [this.caseId]: images };
    this.reading = reading;
    this.layouts = reading.layouts;
    this.link_ = new Link();
    this.panes = [];
    this.tool = "scroll";
    this.presetNames = Object.keys(PRESETS);
    this.preset = 0;
    this.build();
  }

  get focused() { return this.panes[this.at] || this.panes[0]; }

  get linked() { return this.link_.linked; }

  build() {
    this.bar = element("div", { class: "reading-bar" });
    this.layoutButtons = element("div", { class: "presets", role: "group", "aria-label": "Layout" });
    for (const layout of this.layouts) {
      const button = element("button", { type: "button", class: "small", "data-layout": layout.name, text: layout.title, title: `Key ${layout.key}` });
      button.addEventListener("click", () => this.choose(layout.name));
      this.layoutButtons.append(button);
    }
    this.windowButtons = element("div", { class: "presets", role: "group", "aria-label": "Window" });
    for (const [name, [label]] of Object.entries(PRESETS)) {
      const button = element("button", { type: "button", class: "small", "data-window": name, text: label });
      button.addEventListener("click", () => this.usePreset(name));
      this.windowButtons.append(button);
    }
    this.linkButton = element("button", { type: "button", class: "small", "data-link": true, "aria-pressed": "true", text: "Linked" });
    this.linkButton.addEventListener("click", () => this.link(!this.linked));
    this.markButton = box.hasAttribute("data-marking") ? element("button", { type: "button", class: "small", "data-mark": true, text: "Mark as key image" }) : null;
    this.markButton?.addEventListener("click", () => this.markImage());
    this.bar.append(this.layoutButtons, this.windowButtons, this.linkButton, ...(this.markButton ? [this.markButton] : []));
    this.area = element("div", { class: "panes" });
    this.counted = element("p", { class: "counted faint", "data-counted": true });
    this.line = element("ol", { class: "time-line", "aria-label": "Earlier studies" });
    const stage = box.querySelector(".stage");
    this.change_ = new ChangeMap(this);
    stage.replaceWith(this.bar, this.area, this.counted, this.change_.box, this.line);
    box.querySelector("[data-plain]").remove();
    box.classList.add("is-reading");
    for (const thumb of box.querySelectorAll(".thumb")) {
      thumb.addEventListener("click", (event) => { event.preventDefault(); this.showSeries(Number(thumb.dataset.series)); });
      thumb.draggable = true;
      thumb.addEventListener("dragstart", (event) => event.dataTransfer.setData(SERIES, thumb.dataset.series));
    }
    this.count();
    this.timeLine();
    this.change_.tell();
  }

  // Shown and received: what is not shown is named with its reason.
  count() {
    const { series, images, received_series: allSeries, received_images: allImages, not_shown: missing } = this.images[this.caseId].totals;
    this.counted.textContent = `${series} of ${allSeries} series, ${images} of ${allImages} images`;
    this.counted.classList.toggle("bad", series < allSeries || images < allImages);
    for (const each of missing || []) this.counted.append(element("span", { class: "not-shown", text: ` Not shown: ${each.what}, ${each.why}` }));
  }

  timeLine(trouble = "") {
    const held = this.line.contains(document.activeElement) ? document.activeElement.dataset.prior : null;
    this.line.replaceChildren();
    for (const prior of [...this.reading.priors].reverse()) {
      const chosen = prior.case === this.reading.chosen_prior;
      const button = element("button", { type: "button", class: "small", "aria-pressed": String(chosen), "data-prior": prior.case, text: prior.label });
      button.addEventListener("click", () => this.compareWith(prior.case));
      const entry = element("li", {}, button);
      if (prior.study_day) entry.append(element("span", { class: "faint", text: ` ${prior.study_day} (shifted)` }));
      if (prior.report) entry.append(" ", element("a", { href: prior.report, target: "_blank", rel: "noopener", text: "report" }));
      if (prior.why_not) entry.append(element("small", { text: prior.why_not }));
      if (chosen) entry.append(element("small", { text: this.alignmentOf(prior).note }));
      this.line.append(entry);
    }
    this.line.append(element("li", { class: "today", text: this.reading.priors.length ? "this study" : "No earlier study of this patient is here." }));
    if (trouble) this.line.append(element("li", { class: "bad", role: "alert", text: trouble }));
    if (held) this.line.querySelector(`[data-prior="${CSS.escape(held)}"]`)?.focus({ preventScroll: true });
  }

  alignmentOf(prior) {
    const { state, residual_mm: residual, transform, why } = prior.alignment;
    if (state === "aligned" && transform) return { toCurrent: transform, note: `laid over this study: rigid, cut anew, residual ${residual.toFixed(1)} mm` };
    const because = why ? ` (${why})` : "";
    return { toCurrent: null, note: `not aligned: scroll by hand${because}` };
  }

  async choose(name) {
    const layout = this.layouts.find((each) => each.name === name);
    if (!layout) return;
    this.name = name;
    for (const button of this.layoutButtons.children) button.setAttribute("aria-pressed", String(button.dataset.layout === name));
    const inside = this.area.contains(document.activeElement);
    for (const pane of this.panes) { pane.cine(0); this.link_.remove(pane); }
    this.area.replaceChildren();
    this.area.dataset.count = layout.panes.length;
    this.panes = layout.panes.map((wanted, number) => this.pane(wanted, number));
    this.focus(0, false);
    if (inside) this.focused.element.focus({ preventScroll: true }); // the pane that had it is gone
    const [first, ...others] = layout.panes.map((wanted, number) => this.fill(this.panes[number], wanted));
    for (const each of [first, ...others]) each.catch(() => {}); // told in its pane
    this.panes.forEach((pane) => pane.on("first", () => { if (pane !== this.panes[0] && this.panes[0].shown) this.link_.follow(this.panes[0]); }));
    await Promise.allSettled([first, ...others]);
  }

  pane(wanted, number) {
    const holder = element("div", {});
    this.area.append(holder);
    const prior = this.prior;
    const pane = new Pane(holder, { of: wanted.of, title: wanted.of === "prior" && prior ? prior.label : this.reading.pseudonym });
    pane.tool = this.tool;
    pane.hasLens = this.hasLens;
    holder.addEventListener("focus", () => this.focus(number, false));
    holder.addEventListener("dragover", (event) => event.preventDefault());
    holder.addEventListener("drop", (event) => {
      event.preventDefault();
      const dropped = event.dataTransfer.getData(SERIES);
      if (dropped === "") return; // something that is no series of this page
      this.focus(number);
      this.showSeries(Number(dropped));
    });
    pane.on("shown", (place) => document.dispatchEvent(new CustomEvent("paneshown", { detail: { place, case: this.caseOf(pane), pane } })));
    this.link_.add(pane, wanted.of === "prior" && prior ? this.alignmentOf(prior).toCurrent || APART : null);
    document.dispatchEvent(new CustomEvent("panemade", { detail: { pane, grid: this } }));
    return pane;
  }

  get prior() { return this.reading.priors.find((each) => each.case === this.reading.chosen_prior); }

  caseOf(pane) { return pane.of === "prior" ? String(this.reading.chosen_prior) : this.caseId; }

  async imagesOf(caseId) {
    this.images[caseId] ||= await told(`/api/cases/${caseId}/images`);
    return this.images[caseId];
  }

  async fill(pane, { of, stack, missing }) {
    if (!stack) { await pane.show(null, missing); return; }
    const caseId = of === "prior" ? String(this.reading.chosen_prior) : this.caseId;
    await this.showStack(pane, caseId, stack);
  }

  async showStack(pane, caseId, key) {
    const study = await this.imagesOf(caseId);
    const stack = study.stacks.find((each) => each.key === key);
    if (!stack) { await pane.show(null, "This series is not there any more: load the page again."); return; }
    stack.negative = stack.photometric === "MONOCHROME1";
    const laid = pane.of === "prior" ? this.laidOver(study, stack) : null;
    if (laid) {
      this.link_.panes.set(pane, null); // it stands on the grid of the current study
      await pane.show({ ...laid, laidOver: true, note: this.alignmentOf(this.prior).note, begins: this.panes.find((other) => other.source?.stack === laid.grid && other.shown)?.shown.index });
      return;
    }
    const note = pane.of === "prior" ? this.apart(study, stack) : this.isTogether(stack) ? "" : "a frame of reference of its own: linked by position only";
    const place = pane.of === "prior" ? this.follows(study, stack) && this.alignmentOf(this.prior).toCurrent : this.isTogether(stack);
    this.link_.panes.set(pane, place === true ? null : place || APART);
    const same = this.panes.find((other) => other !== pane && other.source?.stack === stack && other.shown);
    await pane.show({ case: caseId, version: study.version, stack, note, begins: same?.shown.index });
  }

  // What is said of a prior that is shown on its own slices.
  apart(study, stack) {
    const { toCurrent, note } = this.alignmentOf(this.prior);
    if (!toCurrent) return note;
    if (!this.follows(study, stack)) return "not aligned: its series has a frame of reference of its own";
    return "on its own slices, linked to the nearest of this study";
  }

  // Whether a series lies in the frame of reference that was aligned: what was measured says nothing of another one.
  follows(study, stack) {
    const { kind, systems } = this.prior.alignment;
    const named = systems?.[study === this.images[this.caseId] ? "current" : "prior"]; // of several of a kind, that which was laid over
    const system = named || study.stacks.find((each) => each.kind === kind && each.affine)?.frame_of_reference;
    return Boolean(stack.frame_of_reference) && stack.frame_of_reference === system;
  }

  // Whether a series of this study lies in the frame of reference that most of its images have.
  isTogether(stack) {
    const counts = new Map();
    for (const each of this.images[this.caseId].stacks) counts.set(each.frame_of_reference, (counts.get(each.frame_of_reference) || 0) + each.count);
    return counts.size < 2 || counts.get(stack.frame_of_reference) === Math.max(...counts.values());
  }

  // A prior's volume on the grid of the current series of its kind; null where it is not aligned, or there is none.
  laidOver(study, stack) {
    const { toCurrent } = this.alignmentOf(this.prior);
    const here = this.images[this.caseId];
    if (!toCurrent || !stack.volume || !stack.affine) return null;
    const alike = here.stacks.filter((each) => each.kind === stack.kind && each.affine && (stack.b_value === null || each.b_value === stack.b_value));
    const grid = this.panes.map((pane) => pane.source?.stack).find((each) => alike.includes(each)) || alike[0];
    if (!grid || stack.kind === "other" || !this.follows(study, stack) || !this.follows(here, grid)) return null;
    const label = { ...grid, key: stack.key, label: stack.label, thickness: stack.thickness, why: "" };
    return { case: this.caseOf({ of: "prior" }), version: study.version, grid, stack: label, pixels: new LaidOver(grid, stack, inverse(toCurrent)) };
  }

  focus(number, moves = true) {
    this.at = number;
    this.panes.forEach((pane, each) => pane.element.toggleAttribute("data-focused", each === number));
    if (moves && this.panes.length > 1 && box.contains(document.activeElement)) this.focused.element.focus({ preventScroll: true });
    this.mark();
  }

  focusNext() { this.focus((this.at + 1) % this.panes.length); this.focused.element.focus({ preventScroll: true }); }

  mark() {
    const key = this.focused?.source?.stack.series;
    for (const thumb of box.querySelectorAll(".thumb")) thumb.toggleAttribute("aria-current", this.focused?.of !== "prior" && Number(thumb.dataset.series) === key);
  }

  // A series of the current study into the focused pane; its stacks come one after the other with `]`.
  async showSeries(series) {
    const pane = this.focused;
    const first = this.images[this.caseId].stacks.find((stack) => stack.series === series);
    if (!pane || !first) return;
    pane.of = "current";
    pane.title = this.reading.pseudonym;
    this.link_.panes.set(pane, null);
    await Promise.all([this.showStack(pane, this.caseId, this.best(series) || first.key), this.mark()]);
    this.mark();
  }

  // Of several stacks of a series, the one with the highest b-value: the others are a key away.
  best(series) {
    const stacks = this.images[this.caseId].stacks.filter((stack) => stack.series === series);
    return [...stacks].sort((a, b) => (b.b_value || 0) - (a.b_value || 0))[0]?.key;
  }

  async change(step) {
    const pane = this.focused;
    const study = await this.imagesOf(this.caseOf(pane));
    const here = study.stacks.findIndex((stack) => stack.key === pane.source?.stack.key);
    const next = study.stacks[(here + step + study.stacks.length) % study.stacks.length];
    await Promise.all([this.showStack(pane, this.caseOf(pane), next.key), this.mark()]);
    this.mark();
  }

  // Of two choices the last one counts, whichever answer comes first; without an answer the pictures stay as they are.
  async compareWith(prior) {
    this.asked = prior;
    let reading;
    try {
      reading = await told(`/api/cases/${this.caseId}/reading?prior=${prior}`);
    } catch (error) {
      if (this.asked === prior) this.timeLine(`The earlier study could not be put beside this one (${error.message}): the one before still stands there.`);
      return;
    }
    if (this.asked !== prior) return;
    this.reading = reading;
    this.layouts = reading.layouts;
    this.change_.tell();
    const isThere = reading.chosen_prior === prior;
    this.timeLine(isThere ? "" : "That earlier study is not there any more: load the page again.");
    if (isThere) this.tellPrior(true);
    await this.choose(this.name);
  }

  // The report asks what the study was compared with.
  tellPrior(byReader) {
    document.dispatchEvent(new CustomEvent("comparewith", { detail: { case: this.reading.chosen_prior, prior: this.prior, byReader } }));
  }

  usePreset(name) {
    this.preset = this.presetNames.indexOf(name);
    for (const button of this.windowButtons.children) button.setAttribute("aria-pressed", String(button.dataset.window === name));
    this.focused.usePreset(name);
  }

  nextPreset() { this.usePreset(this.presetNames[(this.preset + 1) % this.presetNames.length]); }

  link(on) {
    this.link_.linked = on;
    this.linkButton.setAttribute("aria-pressed", String(on));
    this.linkButton.textContent = on ? "Linked" : "Not linked";
    if (on) this.link_.follow(this.focused);
  }

  reset() { for (const pane of this.linked ? this.panes : [this.focused]) { pane.isAdjusted = false; pane.reset(false); pane.usePreset("auto"); pane.isAdjusted = false; } this.link_.fit(); }

  magnify() { this.hasLens = !this.hasLens; for (const pane of this.panes) pane.magnify(this.hasLens); }

  cross() { for (const pane of this.panes) { pane.crosshair = !pane.crosshair; pane.draw_(); } }

  enlarge() {
    const alone = this.area.toggleAttribute("data-alone");
    this.panes.forEach((pane, number) => { pane.element.hidden = alone && number !== this.at; });
  }

  play() { this.focused.cine(this.focused.film ? 0 : 12); }

  useTool(tool) { this.tool = tool; for (const pane of this.panes) pane.tool = tool; }

  async planes() {
    const { showPlanes } = await import("./planes.js");
    await showPlanes(this.focused);
  }

  // How many frames an object of this study has.
  framesOf(uid) {
    return this.images[this.caseId].stacks.reduce((sum, { frames }) => sum + frames.filter((frame) => frame.uid === uid).length, 0);
  }

  markImage() {
    const { place } = this.focused;
    if (!this.markButton || !place) return;
    if (this.focused.of === "prior") { this.focused.say("A key image is one of this study.", true); return; }
    const { label } = this.focused.source.stack;
    document.dispatchEvent(new CustomEvent("keyimage", { detail: { uid: place.uid, frame: this.framesOf(place.uid) > 1 ? place.frame : null, label: `${label} ${place.index + 1}` } }));
  }
}

async function start() {
  try {
    const caseId = box.dataset.case;
    const [images, reading] = await Promise.all([told(`/api/cases/${caseId}/images`), told(`/api/cases/${caseId}/reading`)]);
    const grid = new Grid(images, reading);
    explain(reading.layouts);
    listen(grid);
    document.dispatchEvent(new CustomEvent("imagesknown", { detail: { images, grid } }));
    if (grid.prior) grid.tellPrior(false);
    await grid.choose(reading.layout);
  } catch (error) {
    const why = element("p", { class: "pane-note bad", role: "alert", text: `The viewer did not start (${error.message}). These are the plain pictures; load the page again, or read at the workstation.` });
    box.append(why);
    throw error;
  }
}

if (box && box.querySelector(".slice")) start();
