// Where a frame lies in the patient and how it is turned for the screen. Points are mm in DICOM's patient system:
// x to the left, y to the back, z to the head (PS3.3 C.7.6.2.1.1). A screen has x to the right and y down.

export const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
export const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
export const add = (a, b, times = 1) => [a[0] + b[0] * times, a[1] + b[1] * times, a[2] + b[2] * times];
export const minus = (a, b) => add(a, b, -1);
export const scaled = (a, by) => [a[0] * by, a[1] * by, a[2] * by];
export const length = (a) => Math.sqrt(dot(a, a));
export const distance = (a, b) => length(minus(a, b));

const SIDES = [["L", "R"], ["P", "A"], ["S", "I"]];
const FAINT = 0.2; // a direction with less than this part along an axis is not named after it (about 12 degrees)

// The letters of the side that a direction points to, the nearest axis first: "L", or "LA" of an oblique one.
export function letters(direction) {
  const parts = direction.map((part, axis) => ({ part: Math.abs(part), letter: SIDES[axis][part > 0 ? 0 : 1] }));
  return parts.filter((each) => each.part > FAINT).sort((a, b) => b.part - a.part).map((each) => each.letter).join("");
}

// A point as people say it: "L 12 A 30 S 45".
export function inWords(point) {
  return point.map((value, axis) => `${SIDES[axis][value >= 0 ? 0 : 1]} ${Math.abs(value).toFixed(0)}`).join("  ");
}

// Screen directions that each plane wants (radiological convention): what lies to the right, and what lies below.
const WANTED = { axial: [[1, 0, 0], [0, 1, 0]], coronal: [[1, 0, 0], [0, 0, -1]], sagittal: [[0, 1, 0], [0, 0, -1]] };

export function planeOf(orientation) {
  const normal = cross(orientation.slice(0, 3), orientation.slice(3)).map(Math.abs);
  return ["sagittal", "coronal", "axial"][normal.indexOf(Math.max(...normal))];
}

// How a frame is turned and flipped for the screen, in whole pixels: nothing is resampled. `across` and `down` are each
// [axis, sign]: axis 0 runs along a row, 1 down a column. `mirrored`: a flip was needed, not a turn alone.
export function turned(orientation) {
  if (!orientation) return { across: [0, 1], down: [1, 1], mirrored: false, known: false };
  const axes = [orientation.slice(0, 3), orientation.slice(3)];
  const [right, below] = WANTED[planeOf(orientation)];
  const straight = Math.abs(dot(axes[0], right)) + Math.abs(dot(axes[1], below));
  const transposed = Math.abs(dot(axes[1], right)) + Math.abs(dot(axes[0], below));
  const first = straight >= transposed ? 0 : 1;
  const across = [first, dot(axes[first], right) >= 0 ? 1 : -1];
  const down = [1 - first, dot(axes[1 - first], below) >= 0 ? 1 : -1];
  const handed = across[1] * down[1] * (first === 0 ? 1 : -1);
  return { across, down, mirrored: handed < 0, known: true };
}

// The directions in the patient that run to the right and down on the screen, of a frame as it is shown.
export function screenDirections(orientation) {
  const axes = [orientation.slice(0, 3), orientation.slice(3)];
  const { across, down } = turned(orientation);
  return [scaled(axes[across[0]], across[1]), scaled(axes[down[0]], down[1])];
}

// A frame's plane with its pixels: columns and rows may be parts of a pixel, counted from 0 at the middle of the first.
export function pointOf(frame, column, row) {
  if (!frame.position || !frame.orientation || !frame.spacing) return null;
  const along = add(frame.position, frame.orientation.slice(0, 3), column * frame.spacing[1]);
  return add(along, frame.orientation.slice(3), row * frame.spacing[0]);
}

// Column, row, and the distance in mm from the frame's plane, of a point; null where the frame has no place.
export function pixelOf(frame, point) {
  if (!frame.position || !frame.orientation || !frame.spacing) return null;
  const from = minus(point, frame.position);
  const rows = frame.orientation.slice(0, 3);
  const columns = frame.orientation.slice(3);
  return { column: dot(from, rows) / frame.spacing[1], row: dot(from, columns) / frame.spacing[0], away: dot(from, cross(rows, columns)) };
}

// Which frame of a stack is nearest to a point: its number, and how far away in mm; null where none has a place.
export function nearest(frames, point) {
  let found = null;
  frames.forEach((frame, index) => {
    const at = pixelOf(frame, point);
    if (at && (!found || Math.abs(at.away) < found.away)) found = { index, away: Math.abs(at.away) };
  });
  return found;
}

// A point moved by 3 rows of 4 numbers.
export function moved(matrix, point) {
  return matrix.map((row) => row[0] * point[0] + row[1] * point[1] + row[2] * point[2] + row[3]);
}

// The inverse of a rigid motion.
export function inverse(matrix) {
  const turn = [0, 1, 2].map((column) => [matrix[0][column], matrix[1][column], matrix[2][column]]);
  const shift = [matrix[0][3], matrix[1][3], matrix[2][3]];
  return turn.map((row) => [...row, -dot(row, shift)]);
}
