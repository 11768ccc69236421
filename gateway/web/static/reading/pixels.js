// The values of a stack: each frame as soon as it is asked for, all of them when its volume has come.

const KEPT_FRAMES = 600;
const KEPT_VOLUMES = 1 << 30; // bytes over all stacks of the page; the one looked at longest ago goes first
const SAMPLES = 20000;
const TYPES = { 2: Uint8Array, 4: Int16Array, 16: Float32Array, 512: Uint16Array };

const volumes = new Map(); // address -> {values, ...}, in the order in which they were used

export class Failed extends Error {}

async function fetched(url) {
  const answer = await fetch(url, { credentials: "same-origin" });
  if (answer.ok) return answer;
  let why = `The gateway answers ${answer.status}.`;
  try {
    const told = await answer.json();
    why = [told.detail || told.title, told.fix].filter(Boolean).join(" ") || why;
  } catch { /* no JSON: the number has to do */ }
  const failed = new Failed(why);
  failed.wait = answer.status === 503 || answer.status === 425 ? Number(answer.headers.get("Retry-After") || 2) : null;
  throw failed;
}

// The numbers of a NIfTI-1 file and how they are meant; only what the gateway writes: little endian, one volume.
export function parsed(buffer) {
  const view = new DataView(buffer);
  if (view.byteLength < 352 || view.getInt32(0, true) !== 348) throw new Failed("The volume is not what it should be.");
  const [columns, rows, slices] = [42, 44, 46].map((at) => view.getInt16(at, true));
  const Type = TYPES[view.getInt16(70, true)];
  const from = view.getFloat32(108, true);
  const number = columns * rows * slices;
  if (!Type || !(number > 0) || from + number * Type.BYTES_PER_ELEMENT > view.byteLength) throw new Failed("The volume is cut.");
  const values = from % Type.BYTES_PER_ELEMENT ? new Type(buffer.slice(from), 0, number) : new Type(buffer, from, number);
  const slope = view.getFloat32(112, true);
  return { values, columns, rows, slices, slope: slope || 1, intercept: slope ? view.getFloat32(116, true) : 0 };
}

export async function volume(url) {
  if (!volumes.has(url)) {
    volumes.set(url, fetched(url).then((answer) => answer.arrayBuffer()).then(parsed));
    volumes.get(url).then((made) => { volumes.get(url).bytes = made.values.byteLength; trim(); }).catch(() => volumes.delete(url));
  }
  const made = volumes.get(url);
  volumes.delete(url);
  volumes.set(url, made);
  return made;
}

function trim() {
  let bytes = [...volumes.values()].reduce((sum, each) => sum + (each.bytes || 0), 0);
  for (const [url, each] of volumes) {
    if (bytes <= KEPT_VOLUMES || volumes.size === 1) return;
    volumes.delete(url);
    bytes -= each.bytes || 0;
  }
}

// Some values of a frame, rescaled, to work a window out from: sorting all of them would keep the first image waiting.
export function thinned({ values, slope, intercept }) {
  const step = Math.max(1, Math.floor(values.length / SAMPLES));
  return Array.from({ length: Math.ceil(values.length / step) }, (_, at) => values[at * step] * slope + intercept);
}

export class StackPixels {
  constructor(caseId, version, stack) {
    this.stack = stack;
    this.base = `/cases/${caseId}`;
    this.version = version;
    this.kept = new Map();
    this.coming = new Map();
    this.whole = null;
  }

  // What is in memory of a frame: {values, slope, intercept, negative} or {picture}; null: it has to be asked for.
  at(number) {
    if (this.whole && this.stack.affine) {
      const size = this.whole.rows * this.whole.columns;
      const { slope, intercept } = this.whole;
      return { values: this.whole.values.subarray(number * size, (number + 1) * size), slope, intercept, negative: this.stack.negative };
    }
    return this.kept.get(number) || null;
  }

  // A frame, for sure; raises Failed.
  async ask(number) {
    const here = this.at(number);
    if (here) return here;
    if (!this.coming.has(number)) {
      this.coming.set(number, this.frame(number).finally(() => this.coming.delete(number)));
    }
    return this.coming.get(number);
  }

  ahead(number, step) {
    for (let far = 1; far <= 6 && this.coming.size < 6; far += 1) {
      const next = number + far * (step || 1);
      if (next >= 0 && next < this.stack.frames.length && !this.at(next)) this.ask(next).catch(() => {});
    }
  }

  async frame(number) {
    let made;
    try {
      const answer = await fetched(`${this.base}/frames/${this.stack.key}/${number}.bin?v=${this.version}`);
      const about = (name) => answer.headers.get(name);
      const buffer = await answer.arrayBuffer();
      const values = about("X-Signed") === "1" ? new Int16Array(buffer) : new Uint16Array(buffer);
      const told = this.stack.frames[number];
      if (values.length !== told.rows * told.columns) throw new Failed("The image is not of the size it should be.");
      made = { values, slope: Number(about("X-Slope")), intercept: Number(about("X-Intercept")), negative: about("X-Photometric") === "MONOCHROME1" };
    } catch (error) {
      if (!this.stack.frames[number].picture) throw error;
      made = { picture: await this.picture(number) }; // colour, and what only the gateway can draw
    }
    this.kept.set(number, made);
    if (this.kept.size > KEPT_FRAMES) this.kept.delete(this.kept.keys().next().value);
    return made;
  }

  async picture(number) {
    const [series, slice] = this.stack.frames[number].picture;
    const address = `${this.base}/images/${series}/${slice}.png?v=${this.version}`;
    const made = new Image();
    made.src = address;
    try {
      await made.decode();
    } catch {
      await fetched(address); // says why, unless it is there after all
      throw new Failed("This image cannot be shown here.");
    }
    return made;
  }

  // The whole volume, as soon as the gateway has made it; false where the stack makes none.
  async all() {
    if (!this.stack.volume) return false;
    for (let tries = 0; ; tries += 1) {
      try {
        const made = await volume(this.stack.volume);
        const [columns, rows, slices] = this.stack.shape;
        if (made.columns !== columns || made.rows !== rows || made.slices !== slices) throw new Failed("The volume is of another size than its images.");
        this.whole = made;
        this.kept.clear();
        return true;
      } catch (error) {
        if (!error.wait || tries >= 60) throw error;
        await new Promise((done) => { setTimeout(done, 1000 * error.wait); });
      }
    }
  }

  // Values of the middle of the stack, to work a window out from: some of a few slices.
  async sample() {
    const last = this.stack.frames.length - 1;
    const places = [...new Set([0.35, 0.5, 0.65].map((part) => Math.round(part * last)))];
    const some = [];
    for (const place of places) {
      const frame = await this.ask(place).catch(() => null); // said when that image is scrolled to
      if (!frame) continue;
      if (!frame.values) return null;
      some.push(...thinned(frame));
    }
    return some.length ? some : null;
  }
}

// The values of a prior's volume at the places of the current study's pixels: cut anew (linear), so the picture says so.
export class LaidOver {
  constructor(stack, prior, toPrior) {
    this.stack = stack;
    this.prior = prior;
    this.toPrior = toPrior; // 3 rows of 4: a point of the current study to that of the prior
    this.kept = new Map();
  }

  at(number) {
    if (!this.whole) return null;
    if (!this.kept.has(number)) {
      this.kept.set(number, { values: this.cut(number), slope: 1, intercept: 0, negative: this.prior.negative });
      if (this.kept.size > 60) this.kept.delete(this.kept.keys().next().value);
    }
    return this.kept.get(number);
  }

  async ask(number) {
    if (!this.whole) this.whole = await volume(this.prior.volume);
    return this.at(number);
  }

  ahead() {}

  async all() { return true; }

  async sample() {
    const some = [];
    for (const part of [0.35, 0.5, 0.65]) {
      some.push(...thinned(await this.ask(Math.round(part * (this.stack.frames.length - 1)))));
    }
    return some;
  }

  // One slice; 0 where the prior does not reach.
  cut(number) {
    const frame = this.stack.frames[number];
    const { values, columns, rows, slices, slope, intercept } = this.whole;
    const toVoxel = after(inverted(this.prior.affine), this.toPrior);
    const along = (direction, by) => toVoxel.map((row) => by * (row[0] * direction[0] + row[1] * direction[1] + row[2] * direction[2]));
    const begin = toVoxel.map((row) => row[0] * frame.position[0] + row[1] * frame.position[1] + row[2] * frame.position[2] + row[3]);
    const right = along(frame.orientation.slice(0, 3), frame.spacing[1]);
    const down = along(frame.orientation.slice(3), frame.spacing[0]);
    const made = new Float32Array(frame.rows * frame.columns);
    const plane = columns * rows;
    let to = 0;
    for (let row = 0; row < frame.rows; row += 1) {
      let [x, y, z] = [begin[0] + row * down[0], begin[1] + row * down[1], begin[2] + row * down[2]];
      for (let column = 0; column < frame.columns; column += 1) {
        if (x >= 0 && y >= 0 && z >= 0 && x <= columns - 1 && y <= rows - 1 && z <= slices - 1) {
          const i = Math.min(Math.floor(x), columns - 2 < 0 ? 0 : columns - 2);
          const j = Math.min(Math.floor(y), rows - 2 < 0 ? 0 : rows - 2);
          const k = Math.min(Math.floor(z), slices - 2 < 0 ? 0 : slices - 2);
          const [u, v, w] = [x - i, y - j, z - k];
          const at = k * plane + j * columns + i;
          const up = slices > 1 ? plane : 0;
          const low = (values[at] * (1 - u) + values[at + 1] * u) * (1 - v) + (values[at + columns] * (1 - u) + values[at + columns + 1] * u) * v;
          const high = (values[at + up] * (1 - u) + values[at + up + 1] * u) * (1 - v) + (values[at + up + columns] * (1 - u) + values[at + up + columns + 1] * u) * v;
          made[to] = (low * (1 - w) + high * w) * slope + intercept;
        }
        to += 1;
        x += right[0]; y += right[1]; z += right[2];
      }
    }
    return made;
  }
}

// 3 rows of 4, one after the other: first the second.
function after(one, other) {
  return one.map((row) => [0, 1, 2, 3].map((column) => row[0] * other[0][column] + row[1] * other[1][column] + row[2] * other[2][column] + (column === 3 ? row[3] : 0)));
}

// The inverse of 3 rows of 4 that turn, stretch and move.
function inverted(matrix) {
  const [[a, b, c, x], [d, e, f, y], [g, h, i, z]] = matrix;
  const size = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
  const rows = [[e * i - f * h, c * h - b * i, b * f - c * e], [f * g - d * i, a * i - c * g, c * d - a * f], [d * h - e * g, b * g - a * h, a * e - b * d]].map((row) => row.map((each) => each / size));
  return rows.map((row) => [...row, -(row[0] * x + row[1] * y + row[2] * z)]);
}
