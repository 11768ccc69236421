// What a pane says of the image that it shows: series, place, sides, scale, and what is not as usual.
import { inWords, letters, screenDirections } from "./geometry.js";

const BARS_MM = [1, 2, 5, 10, 20, 50, 100];

export function label(pane, frame) {
  const { stack, note } = pane.source;
  const { turn } = pane.layout;
  const { index } = pane.shown;
  const facts = [
    stack.label,
    frame.b_value === null || / b \d/.test(stack.label) ? "" : `b ${frame.b_value}`,
    stack.part && stack.part !== "M" ? { P: "phase", R: "real", I: "imaginary" }[stack.part] : "",
    stack.thickness ? `${stack.thickness} mm` : "",
  ];
  pane.labels.tl.textContent = facts.filter(Boolean).join("  ");
  pane.labels.tr.textContent = pane.title;
  const middle = pane.point;
  pane.labels.bl.textContent = [`${index + 1} / ${pane.frames.length}`, middle ? inWords(middle) : "place not known"].join("\n");
  const said = [note || "", stack.why && pane.frames.length > 1 ? `no volume: ${stack.why}` : "", turn.mirrored ? "mirrored in its file, turned back here" : ""];
  if (pane.window && pane.shown.pixels?.values) said.push(`C ${rounded(pane.window.center)} W ${rounded(pane.window.width)}`);
  if (pane.shown.pixels?.picture && stack.photometric?.startsWith("MONOCHROME")) said.push("drawn in 8 bits: no window, no values");
  pane.labels.br.textContent = said.filter(Boolean).join("\n");
  const sides = frame.orientation ? screenDirections(frame.orientation) : null;
  const name = (direction, sign) => letters(direction.map((part) => part * sign));
  pane.labels.east.textContent = sides ? name(sides[0], 1) : "?";
  pane.labels.west.textContent = sides ? name(sides[0], -1) : "?";
  pane.labels.south.textContent = sides ? name(sides[1], 1) : "?";
  pane.labels.north.textContent = sides ? name(sides[1], -1) : "?";
  const bar = frame.spacing && BARS_MM.findLast((mm) => mm * pane.layout.perMm < pane.element.clientWidth / 4);
  pane.bar.hidden = !bar;
  if (bar) { pane.bar.style.width = `${bar * pane.layout.perMm}px`; pane.bar.textContent = `${bar} mm`; }
  pane.element.dataset.shown = `${stack.key} ${index}`;
  pane.element.setAttribute("aria-label", `${pane.title} ${pane.labels.tl.textContent}, image ${index + 1} of ${pane.frames.length}`);
}

function rounded(value) { return Math.abs(value) >= 10 ? Math.round(value) : Number(value.toPrecision(3)); }
