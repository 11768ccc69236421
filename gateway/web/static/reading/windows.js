// What is black and what is white, in the units of the values: one window for a whole stack, the same for both studies.

// Presets: label, and black and white in parts of the white matter's value, so that they mean the same in each study.
export const PRESETS = {
  auto: ["Standard", 0.1, 2.0],
  soft: ["Tissue", 0.4, 1.6],
  bright: ["Bright lesion", 0.6, 3.0],
  dark: ["Dark detail", 0.0, 1.2],
  full: ["Everything", null, null],
};

const BINS = 512;

// What a sample of values tells: least, largest, and the value that stands for white matter.
//
// White matter is the most frequent value of the brain in FLAIR, T1 and DWI: the highest peak of the smoothed histogram
// above the background. A lesion is a few per cent of the brain and moves it by less than a bin; percentiles, which it
// would move, are not used. Without a peak (a map, a phantom) it is the median of what is above the background.
export function told(values) {
  let least = Infinity;
  let largest = -Infinity;
  for (const value of values) {
    if (value < least) least = value;
    if (value > largest) largest = value;
  }
  if (!(largest > least)) return { least, largest: least + 1, white: least + 1 };
  const sorted = Float32Array.from(values).sort();
  const top = sorted[Math.floor(0.999 * (sorted.length - 1))];
  const floor = least + 0.12 * (top - least); // air and its noise
  const counts = new Float64Array(BINS);
  const step = (top - floor) / BINS || 1;
  let above = 0;
  for (const value of sorted) {
    if (value <= floor || value > top) continue;
    counts[Math.min(BINS - 1, Math.floor((value - floor) / step))] += 1;
    above += 1;
  }
  if (above < 64) return { least, largest, white: sorted[Math.floor(0.9 * (sorted.length - 1))] || largest };
  const smooth = smoothed(smoothed(counts, 9), 9);
  let peak = 0;
  smooth.forEach((count, bin) => { if (count > smooth[peak]) peak = bin; });
  return { least, largest, white: floor + (peak + 0.5) * step };
}

function smoothed(counts, half) {
  const made = new Float64Array(counts.length);
  for (let bin = 0; bin < counts.length; bin += 1) {
    let sum = 0;
    let number = 0;
    for (let at = Math.max(0, bin - half); at <= Math.min(counts.length - 1, bin + half); at += 1) { sum += counts[at]; number += 1; }
    made[bin] = sum / number;
  }
  return made;
}

// The window of a preset for a stack: centre and width in its own units.
export function preset(name, about) {
  const [, black, white] = PRESETS[name];
  const low = black === null ? about.least : about.white * black;
  const high = white === null ? about.largest : about.white * white;
  return { center: (low + high) / 2, width: Math.max(high - low, 1e-6) };
}

// A window of one study for another one: scaled by their white matter.
export function carried(window, from, to) {
  const by = from.white && to.white ? to.white / from.white : 1;
  return { center: window.center * by, width: window.width * by };
}

// Values into 8-bit grey of an ImageData, whatever their order in memory: `from` and the two strides say how to walk.
export function paint(pixels, values, { slope, intercept, negative }, { center, width }, walk) {
  const low = center - width / 2;
  const factor = 255 / width;
  let to = 0;
  for (let y = 0; y < walk.height; y += 1) {
    let at = walk.from + y * walk.down;
    for (let x = 0; x < walk.width; x += 1) {
      let grey = (values[at] * slope + intercept - low) * factor;
      if (negative) grey = 255 - grey;
      pixels[to] = grey <= 0 ? 0xff000000 : grey >= 255 ? 0xffffffff : 0xff000000 | (Math.round(grey) * 0x010101);
      to += 1;
      at += walk.across;
    }
  }
}
