// One picture with its labels: a stack of one study, scrolled, windowed, zoomed, measured in millimetres.
//
// What the labels say is what the pixels show: both change in `paint`, and nowhere else.
import { dot, inWords, letters, nearest, pixelOf, pointOf, screenDirections, turned } from "./geometry.js";
import { Failed, StackPixels, thinned } from "./pixels.js";
import { PRESETS, paint, preset, told } from "./windows.js";

const NOTCH = 40; // pixels that a wheel turns: a mouse's notch is more, a touch pad's step less
const CLICK = 4;
const BARS_MM = [1, 2, 5, 10, 20, 50, 100];

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
    this.view = { zoom: 1, across: 0, down: 0 };
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
    this.listen();
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
      const first = await this.pixels.ask(this.wanted);
      if (turn !== this.turn) return;
      if (first.values) {
        this.about = told(thinned(first));
        this.window = preset("auto", this.about);
      }
      this.paint(this.wanted, first);
      this.say("");
      this.tell("shown", this.place);
      this.tell("first", this.place);
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
      try {
        const came = await this.pixels.ask(index);
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

  zoom(factor) { this.view.zoom = Math.max(0.25, Math.min(20, this.view.zoom * factor)); this.draw_(); this.tell("zoomed", this.view); }

  pan(across, down) { this.view.across += across; this.view.down += down; this.draw_(); this.tell("zoomed", this.view); }

  reset(draws = true) { this.view = { zoom: 1, across: 0, down: 0 }; if (draws) { this.draw_(); this.tell("zoomed", this.view); } }

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

  pixelAt(x, y) {
    const { left, top, perAcross, perDown, turn, sizes } = this.layout;
    const u = (x - left) / perAcross - 0.5;
    const v = (y - top) / perDown - 0.5;
    const at = [0, 0];
    at[turn.across[0]] = turn.across[1] > 0 ? u : sizes[turn.across[0]] - 1 - u;
    at[turn.down[0]] = turn.down[1] > 0 ? v : sizes[turn.down[0]] - 1 - v;
    return { column: at[0], row: at[1] };
  }

  screenOf(column, row) {
    const { left, top, perAcross, perDown, turn, sizes } = this.layout;
    const at = [column, row];
    const along = ([axis, sign]) => (sign > 0 ? at[axis] : sizes[axis] - 1 - at[axis]);
    return [left + (along(turn.across) + 0.5) * perAcross, top + (along(turn.down) + 0.5) * perDown];
  }

  context() { return this.canvas.getContext("2d"); }

  paint(index, pixels) {
    this.shown = { index, pixels };
    this.draw_();
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
    this.layout = layoutOf(frame, this.view, width, height);
    if (this.shown.pixels) this.drawPicture(context, frame);
    if (this.shown.pixels && this.overlay) this.overlay(context, this);
    this.drawItems(context, frame);
    this.label(frame);
  }

  drawPicture(context, frame) {
    const { left, top, perAcross, perDown, turn, sizes } = this.layout;
    const [wide, high] = [sizes[turn.across[0]], sizes[turn.down[0]]];
    const { picture } = this.shown.pixels;
    if (!this.shown.canvas) this.shown.canvas = picture ? asStored(picture, frame) : this.grey(frame, wide, high);
    context.imageSmoothingEnabled = perAcross < 6; // magnified, a pixel is seen as the square it is
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

  label(frame) {
    const { stack, note } = this.source;
    const { turn } = this.layout;
    const { index } = this.shown;
    const facts = [
      stack.label,
      frame.b_value === null || / b \d/.test(stack.label) ? "" : `b ${frame.b_value}`,
      stack.part && stack.part !== "M" ? { P: "phase", R: "real", I: "imaginary" }[stack.part] : "",
      stack.thickness ? `${stack.thickness} mm` : "",
    ];
    this.labels.tl.textContent = facts.filter(Boolean).join("  ");
    this.labels.tr.textContent = this.title;
    const middle = this.point;
    this.labels.bl.textContent = [`${index + 1} / ${this.frames.length}`, middle ? inWords(middle) : "place not known"].join("\n");
    const said = [note || "", stack.why && this.frames.length > 1 ? `no volume: ${stack.why}` : "", turn.mirrored ? "mirrored in its file, turned back here" : ""];
    if (this.window && this.shown.pixels?.values) said.push(`C ${rounded(this.window.center)} W ${rounded(this.window.width)}`);
    if (this.shown.pixels?.picture && stack.photometric?.startsWith("MONOCHROME")) said.push("drawn in 8 bits: no window, no values");
    this.labels.br.textContent = said.filter(Boolean).join("\n");
    const sides = frame.orientation ? screenDirections(frame.orientation) : null;
    const name = (direction, sign) => letters(direction.map((part) => part * sign));
    this.labels.east.textContent = sides ? name(sides[0], 1) : "?";
    this.labels.west.textContent = sides ? name(sides[0], -1) : "?";
    this.labels.south.textContent = sides ? name(sides[1], 1) : "?";
    this.labels.north.textContent = sides ? name(sides[1], -1) : "?";
    const bar = frame.spacing && BARS_MM.findLast((mm) => mm * this.layout.perMm < this.element.clientWidth / 4);
    this.bar.hidden = !bar;
    if (bar) { this.bar.style.width = `${bar * this.layout.perMm}px`; this.bar.textContent = `${bar} mm`; }
    this.element.dataset.shown = `${stack.key} ${index}`;
    this.element.setAttribute("aria-label", `${this.title} ${this.labels.tl.textContent}, image ${index + 1} of ${this.frames.length}`);
  }

  listen() {
    let turned_ = 0;
    this.element.addEventListener("wheel", (event) => {
      event.preventDefault();
      if (event.ctrlKey) { this.zoom(event.deltaY < 0 ? 1.1 : 1 / 1.1); return; }
      if (event.deltaMode !== 0 || Math.abs(event.deltaY) >= NOTCH) { turned_ = 0; this.step(Math.sign(event.deltaY)); return; }
      turned_ += event.deltaY;
      if (Math.abs(turned_) >= NOTCH) { this.step(Math.sign(turned_)); turned_ = 0; }
    }, { passive: false });
    let drag = null;
    this.element.addEventListener("pointerdown", (event) => {
      if (!this.shown) return;
      this.element.focus({ preventScroll: true });
      this.element.setPointerCapture(event.pointerId);
      const tool = event.button === 2 ? "window" : event.button === 1 || event.shiftKey ? "pan" : this.tool;
      drag = { tool, x: event.offsetX, y: event.offsetY, atX: event.clientX, atY: event.clientY, window: this.window, wanted: this.wanted, view: { ...this.view }, moved: false };
      this.tell("press", { ...this.probe(event.offsetX, event.offsetY), tool });
      event.preventDefault();
    });
    this.element.addEventListener("pointermove", (event) => {
      this.tell("hover", this.probe(event.offsetX, event.offsetY));
      if (!drag) return;
      const [x, y] = [event.clientX - drag.atX, event.clientY - drag.atY];
      if (Math.hypot(x, y) < CLICK && !drag.moved) return;
      drag.moved = true;
      this.drag(drag, x, y, event);
    });
    const ends = (event) => {
      if (drag && !drag.moved && event.type === "pointerup" && event.button === 0) this.click(event);
      else if (drag) this.tell("release", { ...this.probe(event.offsetX, event.offsetY), tool: drag.tool });
      drag = null;
    };
    for (const over of ["pointerup", "pointercancel"]) this.element.addEventListener(over, ends);
    this.element.addEventListener("contextmenu", (event) => event.preventDefault());
    this.element.addEventListener("dblclick", () => { this.isAdjusted = false; this.reset(); if (this.about) this.setWindow(preset("auto", this.about)); });
  }

  drag(drag, x, y, event) {
    const per = this.layout.perMm;
    if (drag.tool === "window" && drag.window) {
      const by = (this.about ? this.about.largest - this.about.least : drag.window.width * 4) / 1000;
      this.setWindow({ center: drag.window.center + y * by, width: drag.window.width + x * by });
    } else if (drag.tool === "pan") {
      this.view.across = drag.view.across + x / per / drag.view.zoom * this.view.zoom;
      this.view.down = drag.view.down + y / per / drag.view.zoom * this.view.zoom;
      this.draw_();
      this.tell("zoomed", this.view);
    } else if (drag.tool === "scroll") {
      const to = Math.max(0, Math.min(this.frames.length - 1, drag.wanted + Math.round(y / 6)));
      this.step(to - this.wanted);
    } else {
      this.tell("dragged", { ...this.probe(event.offsetX, event.offsetY), from: this.probe(drag.x, drag.y), tool: drag.tool });
    }
  }

  click(event) {
    const at = this.probe(event.offsetX, event.offsetY);
    if (!at?.inside) return;
    this.tell("click", { ...at, tool: this.tool });
    if (this.tool !== "scroll" || !at.point) return;
    this.cross = at.point;
    this.draw_();
    this.tell("moved", { point: at.point });
  }
}

function rounded(value) { return Math.abs(value) >= 10 ? Math.round(value) : Number(value.toPrecision(3)); }

// Where the picture lies on the pane: its left upper corner, pixels of the screen for each of its own, and for each mm.
function layoutOf(frame, view, width, height) {
  const turn = turned(frame.orientation);
  const sizes = [frame.columns, frame.rows];
  const spacing = frame.spacing ? [frame.spacing[1], frame.spacing[0]] : [1, 1];
  const [wide, high] = [turn.across[0], turn.down[0]].map((axis) => sizes[axis] * spacing[axis]);
  const perMm = Math.min(width / wide, height / high) * view.zoom;
  return {
    turn, sizes, perMm,
    perAcross: perMm * spacing[turn.across[0]],
    perDown: perMm * spacing[turn.down[0]],
    left: (width - wide * perMm) / 2 + view.across * perMm,
    top: (height - high * perMm) / 2 + view.down * perMm,
  };
}

// How to walk through the values of a frame in the order of the screen.
export function walkOf(frame, turn) {
  const strides = [1, frame.columns];
  const sizes = [frame.columns, frame.rows];
  const begin = ([axis, sign]) => (sign > 0 ? 0 : (sizes[axis] - 1) * strides[axis]);
  return {
    width: sizes[turn.across[0]],
    height: sizes[turn.down[0]],
    from: begin(turn.across) + begin(turn.down),
    across: strides[turn.across[0]] * turn.across[1],
    down: strides[turn.down[0]] * turn.down[1],
  };
}

function asStored(picture, frame) {
  const canvas = new OffscreenCanvas(frame.columns, frame.rows);
  canvas.getContext("2d").drawImage(picture, 0, 0, frame.columns, frame.rows);
  return canvas;
}

function drawTurned(context, canvas, { left, top, perAcross, perDown, turn, sizes }) {
  const place = (axis) => {
    const [of, per, begin] = turn.across[0] === axis ? [turn.across, perAcross, left] : [turn.down, perDown, top];
    return { per: per * of[1], begin: of[1] > 0 ? begin : begin + sizes[axis] * per, isAcross: turn.across[0] === axis };
  };
  const [columns, rows] = [place(0), place(1)];
  const across = columns.isAcross ? columns : rows;
  const down = columns.isAcross ? rows : columns;
  context.save();
  if (columns.isAcross) context.transform(columns.per, 0, 0, rows.per, across.begin, down.begin);
  else context.transform(0, columns.per, rows.per, 0, across.begin, down.begin);
  context.drawImage(canvas, 0, 0);
  context.restore();
}

function mark(context, item, at, perMm) {
  const [[x, y]] = at;
  context.lineWidth = 1.5;
  context.strokeStyle = item.kind === "cross" ? "rgba(92,200,189,.75)" : item.known ? "#8fb8ff" : "#ffd166";
  context.setLineDash(item.known ? [4, 3] : []);
  context.beginPath();
  if (item.kind === "cross") {
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) { context.moveTo(x + 6 * dx, y + 6 * dy); context.lineTo(x + 22 * dx, y + 22 * dy); }
  } else if (item.kind === "point") {
    context.arc(x, y, 7, 0, 2 * Math.PI);
  } else if (item.kind === "ring") {
    context.arc(x, y, Math.max(7, (item.radius || 5) * perMm), 0, 2 * Math.PI);
  } else {
    at.forEach(([px, py], number) => { if (number) context.lineTo(px, py); else context.moveTo(px, py); });
    if (item.kind === "region") context.closePath();
  }
  context.stroke();
  context.setLineDash([]);
  if (!item.label) return;
  context.font = "12px system-ui, sans-serif";
  context.fillStyle = context.strokeStyle;
  context.fillText(item.label, x + 10, y - 8);
}

export const distance = (a, b) => Math.sqrt(dot([a[0] - b[0], a[1] - b[1], a[2] - b[2]], [a[0] - b[0], a[1] - b[1], a[2] - b[2]]));
