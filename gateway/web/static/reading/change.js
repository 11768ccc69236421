// The map of what became bright on FLAIR since the prior: over the current FLAIR, off until somebody switches it on.
import { walkOf } from "./layout.js";
import { volume } from "./pixels.js";

const COLOUR = [255, 170, 40];
const FULL = 40; // units of noise from which on it is as opaque as it gets

export class ChangeMap {
  constructor(grid) {
    this.grid = grid;
    this.isOn = false;
    this.opacity = 0.6;
    this.box = document.createElement("div");
    this.box.className = "change-map";
    document.addEventListener("panemade", ({ detail }) => { if (detail.grid === grid) this.over(detail.pane); });
  }

  get map() { return this.grid.reading.change_map || { state: "none" }; }

  // What is known of it: the switch, the slider, the places and what it is not; or why there is none.
  tell() {
    const { state, why, components, caption, dropped, more } = this.map;
    this.isOn = false;
    this.values = null;
    this.box.replaceChildren();
    this.box.hidden = state === "none" && !this.grid.reading.priors.length;
    if (state !== "made") {
      this.box.append(text("p", state === "waiting" ? "The map of change is being made." : `No map of change: ${why || "it was not made"}`, "faint"));
      return;
    }
    this.button = text("button", "Map of change", "small");
    Object.assign(this.button, { type: "button" });
    this.button.setAttribute("aria-pressed", "false");
    this.button.addEventListener("click", () => this.toggle());
    const slider = document.createElement("input");
    Object.assign(slider, { type: "range", min: "0.1", max: "1", step: "0.1", value: String(this.opacity) });
    slider.setAttribute("aria-label", "How opaque the map of change is");
    slider.addEventListener("input", () => { this.opacity = Number(slider.value); this.redraw(); });
    const list = document.createElement("ol");
    list.className = "change-places";
    for (const place of components) {
      const button = text("button", `${place.kind} ${place.volume_ml.toFixed(2)} ml`, "small");
      button.type = "button";
      button.addEventListener("click", () => this.jump(place.point));
      const entry = document.createElement("li");
      entry.append(button);
      list.append(entry);
    }
    const rest = [components.length ? "" : "Nothing was found.", dropped ? `${dropped} smaller than 2 mm left out.` : "", more ? `${more} more are not listed.` : ""];
    this.box.append(this.button, slider, list, text("p", [...rest, caption].filter(Boolean).join(" "), "faint"));
  }

  async toggle() {
    if (this.map.state !== "made") return;
    this.isOn = !this.isOn;
    this.button.setAttribute("aria-pressed", String(this.isOn));
    try {
      if (this.isOn && !this.values) this.values = await volume(this.map.volume);
    } catch (error) {
      this.isOn = false;
      this.button.setAttribute("aria-pressed", "false");
      this.box.append(text("p", `The map of change cannot be shown: ${error.message}`, "bad"));
    }
    this.redraw();
  }

  jump(point) {
    const pane = this.grid.panes.find((each) => this.isOf(each)) || this.grid.focused;
    pane.goTo(point);
    this.grid.link_.follow(pane);
  }

  redraw() { for (const pane of this.grid.panes) pane.draw_(); }

  // Whether a pane shows the slices that the map was made on.
  isOf(pane) { return pane.source?.case === this.grid.caseId && pane.source.stack.key === this.map.stack; }

  over(pane) { pane.setOverlay((context) => this.paint(context, pane)); }

  paint(context, pane) {
    if (!this.isOn || !this.values || !this.isOf(pane)) return;
    const frame = pane.frames[pane.shown.index];
    const { turn, left, top, perAcross, perDown } = pane.layout;
    const walk = walkOf(frame, turn);
    const data = new ImageData(walk.width, walk.height);
    const plane = this.values.values.subarray(pane.shown.index * frame.rows * frame.columns);
    for (let y = 0, to = 0; y < walk.height; y += 1) {
      for (let x = 0, at = walk.from + y * walk.down; x < walk.width; x += 1, at += walk.across, to += 4) {
        if (!plane[at]) continue;
        [data.data[to], data.data[to + 1], data.data[to + 2]] = COLOUR;
        data.data[to + 3] = 255 * this.opacity * Math.min(1, 0.4 + plane[at] / FULL);
      }
    }
    const canvas = new OffscreenCanvas(walk.width, walk.height);
    canvas.getContext("2d").putImageData(data, 0, 0);
    context.drawImage(canvas, left, top, walk.width * perAcross, walk.height * perDown);
  }
}

function text(kind, words, name) {
  const made = document.createElement(kind);
  made.className = name;
  made.textContent = words;
  return made;
}
