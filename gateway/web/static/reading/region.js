// A region of a stack: grown from a seed, painted by a brush, outlined on each slice, measured in ml. Nothing is drawn here.
import { dot, cross, minus, pixelOf, pointOf } from "./geometry.js";

const MOST_CORNERS = 100; // of one outline, and of outlines of a region: what a report takes
const MOST_OUTLINES = 100;

// Distance between neighbouring slices of a stack, mm: of one alone its thickness.
function stepOf(frames, thickness) {
  if (frames.length < 2) return thickness || 1;
  const normal = cross(frames[0].orientation.slice(0, 3), frames[0].orientation.slice(3));
  const [first, last] = [frames[0], frames[frames.length - 1]];
  return Math.abs(dot(minus(last.position, first.position), normal)) / (frames.length - 1) || thickness || 1;
}

export class Region {
  // `slices`: for each frame {values, slope, intercept}, or null where it is not here.
  constructor(stack, slices) {
    this.stack = stack;
    this.frames = stack.frames;
    this.slices = slices;
    this.masks = new Map(); // index of a slice -> Uint8Array of its pixels
    this.method = "brush";
    const { spacing } = this.frames[0];
    this.voxel = spacing[0] * spacing[1] * stepOf(this.frames, stack.thickness);
  }

  get seed() { return this.begun; }

  get count() {
    let sum = 0;
    for (const mask of this.masks.values()) for (const each of mask) sum += each;
    return sum;
  }

  get volume() { return this.count * this.voxel / 1000; }

  value(index, at) {
    const slice = this.slices[index];
    return slice?.values ? slice.values[at] * slice.slope + slice.intercept : null;
  }

  mask(index) {
    if (!this.masks.has(index)) this.masks.set(index, new Uint8Array(this.frames[index].rows * this.frames[index].columns));
    return this.masks.get(index);
  }

  // Everything that hangs together with the seed, is on its side of the level, and lies in a ball of `radius` mm.
  // `level`: from 0 (the value of white matter) to 1 (that of the seed).
  grow(seed, { white, level = 0.5, radius = 25 }) {
    this.masks.clear();
    this.begun = seed;
    this.method = "threshold";
    const { columns, rows } = this.frames[seed.index];
    const here = this.around(seed.index, seed.column, seed.row);
    const brighter = here >= white;
    const edge = white + (here - white) * level;
    const belongs = (value) => value !== null && (brighter ? value >= edge : value <= edge);
    const waiting = [[seed.index, seed.row * columns + seed.column]];
    this.mask(seed.index)[waiting[0][1]] = 1;
    while (waiting.length) {
      const [index, at] = waiting.pop();
      const column = at % columns;
      for (const [next, place, inside] of [
        [index, at - 1, column > 0], [index, at + 1, column < columns - 1],
        [index, at - columns, at >= columns], [index, at + columns, at < columns * (rows - 1)],
        [index - 1, at, index > 0], [index + 1, at, index < this.frames.length - 1],
      ]) {
        if (!inside || this.frames[next].columns !== columns || this.frames[next].rows !== rows) continue;
        const mask = this.mask(next);
        if (mask[place] || !belongs(this.value(next, place))) continue;
        const away = minus(pointOf(this.frames[next], place % columns, Math.floor(place / columns)), seed.point);
        if (dot(away, away) > radius * radius) continue;
        mask[place] = 1;
        waiting.push([next, place]);
      }
    }
    for (const [index, mask] of this.masks) if (!mask.includes(1)) this.masks.delete(index);
    return this;
  }

  // The mean of 3 by 3 pixels: one pixel of noise begins no region.
  around(index, column, row) {
    const { columns, rows } = this.frames[index];
    let [sum, number] = [0, 0];
    for (let r = Math.max(0, row - 1); r <= Math.min(rows - 1, row + 1); r += 1) {
      for (let c = Math.max(0, column - 1); c <= Math.min(columns - 1, column + 1); c += 1) {
        const value = this.value(index, r * columns + c);
        if (value !== null) { sum += value; number += 1; }
      }
    }
    return number ? sum / number : 0;
  }

  // A round brush of `radius` mm on one slice; `adds` false takes away.
  brush(index, point, radius, adds) {
    const frame = this.frames[index];
    const at = pixelOf(frame, point);
    if (!at) return;
    this.begun ||= { index, point, column: Math.round(at.column), row: Math.round(at.row) };
    if (this.masks.size === 0) this.method = "brush";
    const mask = this.mask(index);
    const [down, across] = frame.spacing;
    for (let row = Math.max(0, Math.ceil(at.row - radius / down)); row <= Math.min(frame.rows - 1, at.row + radius / down); row += 1) {
      for (let column = Math.max(0, Math.ceil(at.column - radius / across)); column <= Math.min(frame.columns - 1, at.column + radius / across); column += 1) {
        if (Math.hypot((row - at.row) * down, (column - at.column) * across) <= radius) mask[row * frame.columns + column] = adds ? 1 : 0;
      }
    }
    if (!mask.includes(1)) this.masks.delete(index);
  }

  // The closed edges of the region, each on its slice, in mm: the largest ones where there are more than a report takes.
  outlines() {
    const made = [];
    for (const [index, mask] of [...this.masks].sort(([a], [b]) => a - b)) {
      const frame = this.frames[index];
      for (const loop of loopsOf(mask, frame.columns, frame.rows)) {
        const corners = thinned(loop).map(([column, row]) => pointOf(frame, column - 0.5, row - 0.5));
        if (corners.length >= 3) made.push({ index, uid: frame.uid, frame: frame.frame, points: corners, size: loop.length });
      }
    }
    return made.sort((a, b) => b.size - a.size).slice(0, MOST_OUTLINES).sort((a, b) => a.index - b.index);
  }
}

// The outer edges of a mask, along the corners of its pixels (counted from the left upper corner of the first one).
export function loopsOf(mask, columns, rows) {
  const on = (column, row) => column >= 0 && row >= 0 && column < columns && row < rows && mask[row * columns + column] === 1;
  const edges = new Map(); // corner -> corners to go on to, the region on the right
  const add = (from, to) => { const key = from.join(); if (!edges.has(key)) edges.set(key, []); edges.get(key).push(to); };
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      if (!on(column, row)) continue;
      if (!on(column, row - 1)) add([column, row], [column + 1, row]);
      if (!on(column + 1, row)) add([column + 1, row], [column + 1, row + 1]);
      if (!on(column, row + 1)) add([column + 1, row + 1], [column, row + 1]);
      if (!on(column - 1, row)) add([column, row + 1], [column, row]);
    }
  }
  const loops = [];
  while (edges.size) {
    const begin = edges.keys().next().value;
    let here = begin.split(",").map(Number);
    const loop = [];
    while (edges.has(here.join())) {
      const key = here.join();
      const [next, ...others] = edges.get(key);
      if (others.length) edges.set(key, others); else edges.delete(key);
      loop.push(here);
      here = next;
    }
    if (area(loop) > 0) loops.push(loop); // holes run the other way round
  }
  return loops;
}

function area(loop) {
  return loop.reduce((sum, [x, y], at) => { const [u, v] = loop[(at + 1) % loop.length]; return sum + x * v - u * y; }, 0) / 2;
}

// At most so many corners, with as little of the edge lost as can be (Douglas and Peucker).
export function thinned(loop) {
  let limit = 0.1;
  let made = loop;
  const far = Math.floor(loop.length / 2);
  do {
    made = [...simplified(loop.slice(0, far + 1), limit).slice(0, -1), ...simplified([...loop.slice(far), loop[0]], limit).slice(0, -1)];
    limit *= 1.5;
  } while (made.length > MOST_CORNERS);
  return made;
}

function simplified(line, limit) {
  if (line.length < 3) return line;
  const [[ax, ay], [bx, by]] = [line[0], line[line.length - 1]];
  const long = Math.hypot(bx - ax, by - ay);
  let [worst, most] = [0, 0];
  for (let at = 1; at < line.length - 1; at += 1) {
    const [x, y] = line[at];
    const off = long ? Math.abs((bx - ax) * (ay - y) - (ax - x) * (by - ay)) / long : Math.hypot(x - ax, y - ay);
    if (off > most) [worst, most] = [at, off];
  }
  if (most <= limit) return [line[0], line[line.length - 1]];
  return [...simplified(line.slice(0, worst + 1), limit).slice(0, -1), ...simplified(line.slice(worst), limit)];
}
