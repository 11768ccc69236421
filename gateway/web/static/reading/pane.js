// One picture with its labels: a stack of one study, scrolled, windowed, zoomed, measured in millimetres.
//
// What the labels say is what the pixels show: both change in `paint`, and nowhere else.
import { nearest, pixelOf, pointOf } from "./geometry.js";
import { label } from "./labels.js";
import { asStored, drawTurned, layoutOf, lens, mark, pixelAt, screenOf, walkOf } from "./layout.js";
import { Failed, StackPixels, thinned } from "./pixels.js";
import { listen } from "./pointer.js";
import { PRESETS, paint, preset, told } from "./windows.js";

const SLOW_MS = 200; // an image that takes longer says that it is on its way
const ZOOMS = [0.25, 20];
const LENS = { times: 3, radius: 90 };

function made(kind, name, parent) {
  const element = document.createElement(kind);
  element.className = name;
  parent.append(element);
  return element;
}

export class Pane {
  constructor(element, { title = "", of = "current" } = {}) {
    this.element = element;
    this.of = of;
    this.title = title;
    this.handlers = {};
    this.items = [];
    this.overlay = null;
    this.view = { zoom: 1, across: 0, down: 0, isWhole: true };
    this.window = null;
    this.shown = null; // {index, pixels}: what is on the screen now
    this.wanted = 0;
    this.turn = 0; // of `show`: what comes late is of an earlier one
    this.crosshair = true;
    this.tool = "scroll";
    element.classList.add("pane");
    element.tabIndex = 0;
    element.setAttribute("role", "group"); // a label without a role is not read out
    element.pane = this;
    this.canvas = made("canvas", "pane-picture", element);
    this.labels = Object.fromEntries(["tl", "tr", "bl", "br", "north", "south", "west", "east"].map((name) => [name, made("div", `over ${name}`, element)]));
    this.bar = made("div", "scale-bar", element);
    this.note = made("p", "pane-note", element);
    this.note.setAttribute("role", "status");
    listen(this);
    new ResizeObserver(() => this.draw_()).observe(element);
  }

  on(name, handler) { (this.handlers[name] ||= []).push(handler); }

  tell(name, detail) { for (const handler of this.handlers[name] || []) handler(detail, this); }

  // Show a stack; null empties the pane, with `missing` as its words.
  async show(source, missing = "") {
    const turn = this.turn += 1;
    if (source?.case !== this.source?.case) this.cross = null; // a place in one study is none in another
    this.source = source;
    this.frames = source ? source.stack.frames : null; // an empty pane is not scrolled, and stops no linked one
    this.isAdjusted = false; // what was set for one series is not kept for the next
    this.pixels = source && (source.pixels || new StackPixels(source.case, source.version, source.stack));
    this.shown = null;
    this.hasBegun = false;
    this.window = null;
    this.about = null;
    this.element.dataset.stack = source ? source.stack.key : "";
    delete this.element.dataset.shown;
    for (const label of Object.values(this.labels)) label.textContent = "";
    this.bar.hidden = true;
    this.context().clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.say(source ? "Loading …" : missing || "Nothing chosen");
    if (!source) return;
    this.wanted = Math.min(source.begins ?? Math.floor(this.frames.length / 2), this.frames.length - 1);
    this.reset(false);
    try {
      if (!await this.begin(turn)) return;
      const sample = await this.pixels.sample();
      if (turn !== this.turn) return;
      if (sample) {
        this.about = told(sample);
        if (!this.isAdjusted) this.setWindow(preset("auto", this.about), true);
        this.tell("known", this.about);
      }
      await this.pixels.all();
      if (turn !== this.turn) return;
      this.element.dataset.loaded = "";
      this.draw_();
      this.tell("loaded", this.place);
    } catch (error) {
      if (turn === this.turn) this.fail(error);
    }
  }

  // The first image; false where it does not come, or something else was chosen. Who scrolled on meanwhile keeps that.
  async begin(turn) {
    const index = this.wanted;
    let first;
    try {
      first = await this.pixels.ask(index);
    } catch (error) {
      if (turn !== this.turn) return false;
      if (this.wanted !== index) return true; // said when that image is scrolled to
      this.blank(index);
      throw error;
    }
    if (turn !== this.turn) return false;
    if (this.wanted !== index) return true;
    this.paint(index, first);
    this.say("");
    this.tell("shown", this.place);
    return true;
  }

  fail(error) {
    const why = error instanceof Failed ? error.message : `This picture failed (${error.name}).`;
    this.say(why, true);
    this.tell("failed", { why });
    if (!(error instanceof Failed)) throw error;
  }

  say(text, bad = false) {
    this.note.textContent = text;
    this.note.hidden = !text;
    this.note.classList.toggle("bad", bad);
  }

  // What is shown now; null while nothing is.
  get place() {
    if (!this.shown) return null;
    const { index } = this.shown;
    const frame = this.frames[index];
    return { stack: this.source.stack.key, index, count: this.frames.length, uid: frame.uid, frame: frame.frame };
  }

  // Whether the image that is shown is the crosshair's: of one beyond the stack, or of an image still on its way, it is not.
  get holdsCross() {
    const at = this.cross && this.shown && pixelOf(this.frames[this.shown.index], this.cross);
    const away = at ? Math.abs(at.away) : Infinity;
    return away <= this.reach && away <= nearest(this.frames, this.cross).away + 0.01;
  }

  // How far from its nearest slice in mm a point still belongs to the stack.
  get reach() { return Math.max(2 * (this.source.stack.thickness || 3), 5); }

  // The crosshair in mm, where it is that of the image shown; else the middle of that.
  get point() {
    if (!this.shown) return null;
    if (this.holdsCross) return this.cross;
    const frame = this.frames[this.shown.index];
    return pointOf(frame, (frame.columns - 1) / 2, (frame.rows - 1) / 2);
  }

  // To the nearest slice of a point; false when the stack does not reach it.
  goTo(point, crosses = true) {
    if (!this.frames || !point) return false;
    const found = nearest(this.frames, point);
    this.cross = crosses ? point : null;
    if (!found || found.away > this.reach) { this.draw_(); return false; }
    this.to(found.index);
    return true;
  }

  step(by) {
    if (!this.frames) return;
    const next = Math.max(0, Math.min(this.frames.length - 1, this.wanted + by));
    if (next === this.wanted) return;
    if (this.cross) { // the crosshair goes along the normal with the slices
      const at = pixelOf(this.frames[this.wanted], this.cross);
      this.cross = at && pointOf(this.frames[next], at.column, at.row);
    }
    this.to(next, Math.sign(by), true);
  }

  async to(index, direction = 0, tells = false) {
    const turn = this.turn;
    this.wanted = index;
    const here = this.pixels.at(index);
    if (here) {
      this.paint(index, here);
      this.say(""); // a failure of another image is not said over this one
    } else {
      const slow = setTimeout(() => { if (turn === this.turn && this.wanted === index) this.say(`Loading image ${index + 1} …`); }, SLOW_MS);
      try {
        const came = await this.pixels.ask(index).finally(() => clearTimeout(slow));
        if (turn !== this.turn || this.wanted !== index) return;
        this.paint(index, came);
        this.say("");
      } catch (error) {
        if (turn !== this.turn || this.wanted !== index) return;
        this.blank(index);
        this.fail(error);
        return;
      }
    }
    this.pixels.ahead(index, direction);
    this.tell("shown", this.place);
    if (tells) this.tell("moved", { point: this.point });
  }

  // An image that cannot be shown leaves no other one standing in its place.
  blank(index) {
    this.shown = { index, pixels: null };
    this.draw_();
  }

  setWindow(window, quiet = false) {
    this.window = { center: window.center, width: Math.max(window.width, 1e-6) };
    if (!quiet) { this.isAdjusted = true; this.tell("window", this.window); }
    if (this.shown) { this.shown.canvas = null; this.draw_(); }
  }

  getWindow() { return this.window; }

  usePreset(name) { if (this.about && PRESETS[name]) this.setWindow(preset(name, this.about)); }

  zoom(factor) { this.view.zoom = withinZooms(this.view.zoom * factor); this.viewed(); }

  pan(across, down) { this.view.across += across; this.view.down += down; this.viewed(); }

  reset(tells = true) { this.view = { zoom: 1, across: 0, down: 0, isWhole: true }; this.draw_(); if (tells) this.tell("fitted", {}); }

  // What is looked at was changed here: who is linked looks at the same, as large.
  viewed() {
    this.view.isWhole = false;
    this.draw_();
    if (!this.shown || !this.element.clientWidth) return;
    this.layout = this.layoutNow();
    this.tell("zoomed", { perMm: this.layout.perMm, point: this.middle });
  }

  layoutNow(view = this.view) { return layoutOf(this.frames[this.shown.index], view, this.element.clientWidth, this.element.clientHeight); }

  // Pixels of the screen for a mm where the whole picture fits; null while nothing is shown.
  get fit() { return this.shown && this.element.clientWidth ? this.layoutNow().fit : null; }

  // The point of the patient in the middle of the pane.
  get middle() {
    const { column, row } = pixelAt(this.layout, this.element.clientWidth / 2, this.element.clientHeight / 2);
    return pointOf(this.frames[this.shown.index], column, row);
  }

  // Look at a point from as near as another pane does; without a place, only as near.
  lookAt(perMm, point) {
    if (!this.fit) return;
    this.view = { ...this.view, zoom: withinZooms(perMm / this.fit), isWhole: false };
    const at = point && pixelOf(this.frames[this.shown.index], point);
    if (at) {
      const centred = this.layoutNow({ ...this.view, across: 0, down: 0 });
      const [x, y] = screenOf(centred, at.column, at.row);
      this.view.across = (this.element.clientWidth / 2 - x) / centred.perMm;
      this.view.down = (this.element.clientHeight / 2 - y) / centred.perMm;
    }
    this.draw_();
  }

  // The magnifier, at the pointer, or in the middle while there is none.
  magnify(on) { this.hasLens = on; this.draw_(); }

  lensAt(x, y) { this.lensPoint = [x, y]; if (this.hasLens) this.draw_(); }

  // The same place as the magnifier of a linked pane; null: this pane does not reach there.
  lensOver(point) {
    if (!this.hasLens || !this.shown || !this.layout) return;
    const at = point && pixelOf(this.frames[this.shown.index], point);
    if (at) this.lensAt(...this.screenOf(at.column, at.row));
  }

  cine(rate) {
    clearInterval(this.film);
    this.film = rate ? setInterval(() => { if (this.frames) this.to((this.wanted + 1) % this.frames.length, 1, true); }, 1000 / rate) : null;
  }

  setOverlay(overlay) { this.overlay = overlay; this.draw_(); }

  draw(items) { this.items = items; this.draw_(); }

  // The value in rescaled units at a point of the pane, and where that is.
  probe(x, y) {
    if (!this.shown || !this.layout) return null;
    const { column, row } = this.pixelAt(x, y);
    const frame = this.frames[this.shown.index];
    const [c, r] = [Math.round(column), Math.round(row)];
    const inside = c >= 0 && r >= 0 && c < frame.columns && r < frame.rows;
    const pixels = this.shown.pixels;
    const value = inside && pixels?.values ? pixels.values[r * frame.columns + c] * pixels.slope + pixels.intercept : null;
    return { point: pointOf(frame, column, row), column: c, row: r, value, inside, place: this.place };
  }

  pixelAt(x, y) { return pixelAt(this.layout, x, y); }

  screenOf(column, row) { return screenOf(this.layout, column, row); }

  context() { return this.canvas.getContext("2d"); }

  paint(index, pixels) {
    if (pixels.values && !this.window) { // the first one with values, whichever image of the stack that is
      this.about = told(thinned(pixels));
      this.window = preset("auto", this.about);
    }
    this.shown = { index, pixels };
    this.draw_();
    if (this.hasBegun) return;
    this.hasBegun = true;
    this.tell("first", this.place);
  }

  draw_() {
    if (this.drawing) return;
    this.drawing = true; // once for each picture of the screen, however many wheels turned
    requestAnimationFrame(() => { this.drawing = false; this.redraw(); });
  }

  redraw() {
    const { clientWidth: width, clientHeight: height } = this.element;
    const ratio = window.devicePixelRatio || 1;
    if (this.canvas.width !== Math.round(width * ratio) || this.canvas.height !== Math.round(height * ratio)) {
      this.canvas.width = Math.round(width * ratio);
      this.canvas.height = Math.round(height * ratio);
    }
    const context = this.context();
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.fillStyle = "#000";
    context.fillRect(0, 0, width, height);
    if (!this.shown || !width) return;
    const frame = this.frames[this.shown.index];
    this.layout = this.layoutNow();
    this.drawAll(context, frame);
    if (this.hasLens) lens(context, () => this.drawAll(context, frame, LENS.times), this.lensPoint || [width / 2, height / 2], LENS.times, LENS.radius);
    label(this, frame);
  }

  drawAll(context, frame, times = 1) {
    if (this.shown.pixels) this.drawPicture(context, frame, times);
    if (this.shown.pixels && this.overlay) this.overlay(context, this);
    this.drawItems(context, frame);
  }

  drawPicture(context, frame, times) {
    const { left, top, perAcross, perDown, turn, sizes } = this.layout;
    const [wide, high] = [sizes[turn.across[0]], sizes[turn.down[0]]];
    const { picture } = this.shown.pixels;
    if (!this.shown.canvas) this.shown.canvas = picture ? asStored(picture, frame) : this.grey(frame, wide, high);
    context.imageSmoothingEnabled = perAcross * times < 6; // magnified, a pixel is seen as the square it is
    context.imageSmoothingQuality = "high";
    if (picture) drawTurned(context, this.shown.canvas, this.layout);
    else context.drawImage(this.shown.canvas, left, top, wide * perAcross, high * perDown);
  }

  grey(frame, wide, high) {
    const canvas = new OffscreenCanvas(wide, high);
    const data = new ImageData(wide, high);
    paint(new Uint32Array(data.data.buffer), this.shown.pixels.values, this.shown.pixels, this.window, walkOf(frame, this.layout.turn));
    canvas.getContext("2d").putImageData(data, 0, 0);
    return canvas;
  }

  drawItems(context, frame) {
    const near = Math.max((this.source.stack.thickness || 3) / 2, 1) + 0.01;
    const items = this.cross && this.crosshair ? [...this.items, { kind: "cross", points: [this.cross] }] : this.items;
    for (const item of items) {
      const places = item.points.map((point) => pixelOf(frame, point));
      if (places.some((place) => !place || Math.abs(place.away) > near)) continue;
      const at = places.map((place) => this.screenOf(place.column, place.row));
      mark(context, item, at, this.layout.perMm);
    }
  }
}

function withinZooms(zoom) { return Math.max(ZOOMS[0], Math.min(ZOOMS[1], zoom)); }
