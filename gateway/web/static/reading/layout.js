// How a frame lies on its pane, and what is drawn there: pixels of the screen for each of its own and for each mm.
import { turned } from "./geometry.js";

// Where the picture lies on the pane: its left upper corner, pixels of the screen for each of its own, and for each mm.
export function layoutOf(frame, view, width, height) {
  const turn = turned(frame.orientation);
  const sizes = [frame.columns, frame.rows];
  const spacing = frame.spacing ? [frame.spacing[1], frame.spacing[0]] : [1, 1];
  const [wide, high] = [turn.across[0], turn.down[0]].map((axis) => sizes[axis] * spacing[axis]);
  const fit = Math.min(width / wide, height / high);
  const perMm = fit * view.zoom;
  return {
    turn, sizes, perMm, fit,
    perAcross: perMm * spacing[turn.across[0]],
    perDown: perMm * spacing[turn.down[0]],
    left: (width - wide * perMm) / 2 + view.across * perMm,
    top: (height - high * perMm) / 2 + view.down * perMm,
  };
}

// Where a pixel of a frame is on the pane, and which is at a point of the pane; parts of a pixel, 0 the middle of the first.
export function screenOf({ left, top, perAcross, perDown, turn, sizes }, column, row) {
  const at = [column, row];
  const along = ([axis, sign]) => (sign > 0 ? at[axis] : sizes[axis] - 1 - at[axis]);
  return [left + (along(turn.across) + 0.5) * perAcross, top + (along(turn.down) + 0.5) * perDown];
}

export function pixelAt({ left, top, perAcross, perDown, turn, sizes }, x, y) {
  const u = (x - left) / perAcross - 0.5;
  const v = (y - top) / perDown - 0.5;
  const at = [0, 0];
  at[turn.across[0]] = turn.across[1] > 0 ? u : sizes[turn.across[0]] - 1 - u;
  at[turn.down[0]] = turn.down[1] > 0 ? v : sizes[turn.down[0]] - 1 - v;
  return { column: at[0], row: at[1] };
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

// A round piece of the picture around a point of the pane, so many times as large.
export function lens(context, draw, [x, y], times, radius) {
  context.save();
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.clip();
  context.fillStyle = "#000";
  context.fillRect(x - radius, y - radius, 2 * radius, 2 * radius);
  context.translate(x * (1 - times), y * (1 - times));
  context.scale(times, times);
  draw();
  context.restore();
  context.strokeStyle = "#8b98a9";
  context.lineWidth = 1;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.stroke();
}

export function asStored(picture, frame) {
  const canvas = new OffscreenCanvas(frame.columns, frame.rows);
  canvas.getContext("2d").drawImage(picture, 0, 0, frame.columns, frame.rows);
  return canvas;
}

export function drawTurned(context, canvas, { left, top, perAcross, perDown, turn, sizes }) {
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

export function mark(context, item, at, perMm) {
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
