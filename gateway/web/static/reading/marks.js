// Marks in the pictures: point, long axis, region; drawn on every series that shares the place, kept by the report form.
//
// What is kept is the form's: it tells with "markschanged" what it has, and takes what is drawn with "mark".
import { distance, inWords, inverse, moved, pixelOf } from "./geometry.js";
import { Region } from "./region.js";

const TOOLS = {
  point: ["Point", "A click marks a lesion"],
  ruler: ["Long axis", "Drag from end to end"],
  region: ["Region", "A click outlines what is as bright and hangs together"],
  brush: ["Brush", "Drag to add to the region; with Alt to take away"],
};

const WIDEST_BALL = 60; // mm

function button(text, title, act) {
  const made = document.createElement("button");
  Object.assign(made, { type: "button", className: "small", textContent: text, title });
  made.addEventListener("click", act);
  return made;
}

function slider(text, from, to, value, act) {
  const label = document.createElement("label");
  const input = document.createElement("input");
  Object.assign(input, { type: "range", min: from, max: to, value });
  input.addEventListener("input", () => act(Number(input.value)));
  label.append(`${text} `, input);
  return label;
}

export class Marks {
  constructor(grid, isMarking) {
    this.grid = grid;
    this.kept = []; // {mark, label} of the form
    this.level = 0.5;
    this.ball = 25; // mm
    this.brush = 2; // mm
    this.line = null; // the axis that is being drawn
    this.open = null; // {pane, region}: a region that is not kept yet
    grid.marks = this;
    for (const pane of grid.panes) this.watch(pane);
    if (isMarking) this.build();
  }

  build() {
    const group = document.createElement("div");
    group.className = "presets drawing";
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", "Mark and measure");
    this.buttons = Object.entries(TOOLS).map(([tool, [text, title]]) => {
      const made = button(text, title, () => this.use(this.tool === tool ? "scroll" : tool));
      made.dataset.tool = tool;
      made.setAttribute("aria-pressed", "false");
      return made;
    });
    this.extras = document.createElement("span");
    this.extras.className = "presets region-tools";
    this.extras.hidden = true;
    this.keepButton = button("Keep region", "Key Enter", () => this.keep());
    this.keepButton.dataset.keep = "";
    this.extras.append(
      slider("level", 5, 95, 50, (value) => { this.level = value / 100; this.again(); }),
      slider("within mm", 5, 60, 25, (value) => { this.ball = value; this.again(); }),
      slider("brush mm", 1, 15, 2, (value) => { this.brush = value; }),
      this.keepButton,
      button("Drop", "Forget this region", () => this.drop()),
    );
    group.append(...this.buttons, this.extras);
    this.grid.bar.append(group);
  }

  get tool() { return this.grid.tool; }

  use(tool) {
    this.grid.useTool(tool);
    for (const each of this.buttons || []) each.setAttribute("aria-pressed", String(each.dataset.tool === tool));
    if (this.extras) this.extras.hidden = !["region", "brush"].includes(tool);
  }

  next() {
    const order = ["scroll", ...Object.keys(TOOLS)];
    if (this.buttons) this.use(order[(order.indexOf(this.tool) + 1) % order.length]);
  }

  watch(pane) {
    pane.on("click", (at) => this.clicked(pane, at));
    pane.on("press", (at) => { if (at.tool === "brush") this.paint(pane, at); });
    pane.on("dragged", (at) => this.dragged(pane, at));
    pane.on("release", (at) => { if (at.tool === "ruler") this.finish(pane); });
    pane.on("shown", () => this.draw(pane));
    pane.on("enter", () => this.keep());
    pane.element.addEventListener("pointerdown", (event) => { this.takes = event.altKey; }, true);
  }

  // Only a picture of this study can be marked, and only one that has a place in the patient.
  may(pane, at) {
    if (!this.buttons) return false;
    if (pane.of === "prior") { pane.say("A mark is on a picture of this study.", true); return false; }
    if (!at?.point || !at.inside) { pane.say("This picture has no place in the patient: it cannot be measured.", !at?.point); return false; }
    pane.say("");
    return true;
  }

  clicked(pane, at) {
    if (at.tool === "point" && this.may(pane, at)) this.give(pane, at, { kind: "point", points: [at.point] });
    if (at.tool === "region" && this.may(pane, at)) this.grow(pane, at);
  }

  // The place of the crosshair, by key.
  pointHere() {
    const pane = this.grid.focused;
    const { point, place } = pane;
    if (!place || !this.may(pane, { point, inside: true })) return;
    if (pane.cross && !pane.holdsCross) { pane.say("The crosshair is not in this image: click the lesion first.", true); return; }
    this.give(pane, { place, point }, { kind: "point", points: [point] });
  }

  dragged(pane, at) {
    if (at.tool === "brush") this.paint(pane, at);
    if (at.tool !== "ruler" || !at.from?.point || !at.point || !this.may(pane, at)) return;
    this.line = { pane, place: at.from.place, points: [at.from.point, at.point] };
    this.draw(pane);
  }

  finish(pane) {
    const { line } = this;
    this.line = null;
    if (line && line.pane === pane && distance(...line.points) >= 0.5) this.give(pane, line, { kind: "long_axis", points: line.points });
    this.draw(pane);
  }

  slices(pane) { return pane.frames.map((frame, index) => pane.pixels.at(index)); }

  // All slices that the ball reaches are asked for first: a region must not end where one has not come.
  async grow(pane, at) {
    const { stack } = pane.source;
    const near = pane.frames.map((frame, index) => ({ index, away: Math.abs(pixelOf(frame, at.point)?.away ?? Infinity) }));
    pane.say("Loading the slices around it …");
    const slices = this.slices(pane);
    try {
      await Promise.all(near.filter(({ away }) => away <= WIDEST_BALL).map(async ({ index }) => { slices[index] = await pane.pixels.ask(index); }));
    } catch (error) {
      pane.say(`No region: a slice of this series failed. ${error.message}`, true);
      return;
    }
    if (pane.source?.stack !== stack) return;
    pane.say("");
    if (!slices[at.place.index]?.values) { pane.say("A picture with colours has no level to grow by.", true); return; }
    const seed = { index: at.place.index, column: at.column, row: at.row, point: at.point };
    this.open = { pane, region: new Region(stack, slices), seed, place: at.place };
    this.again();
  }

  again() {
    if (!this.open?.seed) return;
    const { pane, region, seed } = this.open;
    region.grow(seed, { white: pane.about?.white ?? 0, level: this.level, radius: this.ball });
    this.told();
  }

  paint(pane, at) {
    if (!this.may(pane, at)) return;
    if (!this.open || this.open.region.stack !== pane.source.stack) this.open = { pane, region: new Region(pane.source.stack, this.slices(pane)), place: at.place };
    this.open.region.brush(at.place.index, at.point, this.brush, !this.takes);
    this.told();
  }

  told() {
    this.extras.hidden = false;
    this.keepButton.textContent = `Keep region ${this.open.region.volume.toFixed(2)} ml`;
    this.draw(this.open.pane);
  }

  keep() {
    if (!this.open) return;
    const { pane, region, place } = this.open;
    const outlines = region.outlines();
    const volume = Number(region.volume.toFixed(3));
    if (!outlines.length || !(volume > 0)) { pane.say("Nothing is in the region.", true); return; }
    const parts = outlines.map(({ uid, frame, points }) => ({ ...this.picture(uid, frame), points: points.map(short) }));
    this.open = null;
    this.extras.hidden = !["region", "brush"].includes(this.tool);
    this.keepButton.textContent = "Keep region";
    this.give(pane, { place, point: region.seed.point }, { kind: "region", points: [region.seed.point], outlines: parts, volume_ml: String(volume), method: region.method });
  }

  drop() {
    const pane = this.open?.pane;
    this.open = null;
    this.keepButton.textContent = "Keep region";
    if (pane) this.draw(pane);
  }

  // An object that has but one frame is named without it.
  picture(uid, frame) { return this.grid.framesOf(uid) > 1 ? { uid, frame } : { uid }; }

  give(pane, { place, point }, mark) {
    const { series_uid: series, frame_of_reference: system } = pane.source.stack;
    const detail = {
      ...mark,
      ...this.picture(place.uid, place.frame),
      series,
      ...(system ? { frame_of_reference: system } : {}),
      points: mark.points.map(short),
    };
    document.dispatchEvent(new CustomEvent("mark", { detail: { mark: detail, where: inWords(point || mark.points[0]) } }));
  }

  changed(kept) {
    this.kept = kept;
    for (const pane of this.grid.panes) this.draw(pane);
  }

  draw(pane) {
    if (!pane.source) return;
    pane.draw([...this.own(pane), ...this.known(pane), ...this.drawing(pane)]);
  }

  // The marks of the report on a picture of this study, or on the aligned prior. One that is cut anew on the slices of
  // this study lies in its millimetres; any other lies in its own.
  own(pane) {
    const ofPrior = pane.of === "prior" && !pane.source.laidOver;
    const back = ofPrior ? this.alignment() : null;
    if (ofPrior && !back) return [];
    const through = back ? inverse(back) : null;
    return this.kept.filter(({ mark }) => through || shares(pane, mark)).flatMap(({ mark, label }) => itemsOf(mark, label, through, false));
  }

  // The marks of the prior's report: on its own pictures as they are, on this study's only through the alignment.
  known(pane) {
    const all = this.grid.reading.lesions_before || [];
    const ofPrior = pane.of === "prior" && !pane.source.laidOver;
    const through = ofPrior ? null : this.alignment();
    if (!ofPrior && !through) return [];
    return all.filter(({ mark }) => through || shares(pane, mark)).flatMap(({ mark, label }) => itemsOf(mark, label, through, true));
  }

  alignment() {
    const prior = this.grid.prior;
    return prior?.alignment.state === "aligned" ? prior.alignment.transform : null;
  }

  drawing(pane) {
    const items = [];
    if (this.line?.pane === pane) items.push({ kind: "line", points: this.line.points, label: `${distance(...this.line.points).toFixed(1)} mm` });
    if (this.open?.pane === pane && this.open.region.stack === pane.source.stack) {
      items.push(...this.open.region.outlines().map(({ points }) => ({ kind: "region", points, label: "" })));
    }
    return items;
  }
}

const short = (point) => point.map((value) => Number(value.toFixed(2)));

// Whether a mark's place is one of a picture: the same frame of reference, or the same series where none is named.
function shares(pane, mark) {
  const { stack } = pane.source;
  if (mark.frame_of_reference && stack.frame_of_reference) return mark.frame_of_reference === stack.frame_of_reference;
  return mark.series === stack.series_uid;
}

function itemsOf(mark, label, through, known) {
  const place = (point) => (through ? moved(through, point) : point);
  if (mark.kind === "region") {
    return mark.outlines.map((outline, number) => ({ kind: "region", points: outline.points.map(place), label: number === Math.floor(mark.outlines.length / 2) ? label : "", known }));
  }
  return [{ kind: mark.kind === "point" ? "point" : "line", points: mark.points.map(place), label, known }];
}

document.addEventListener("imagesknown", ({ detail: { grid } }) => {
  const marks = new Marks(grid, document.querySelector("[data-reading]").hasAttribute("data-marking"));
  document.addEventListener("panemade", (event) => marks.watch(event.detail.pane));
  document.addEventListener("markschanged", (event) => marks.changed(event.detail));
  document.dispatchEvent(new CustomEvent("marksasked"));
});
