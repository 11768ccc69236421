// What a mouse, a pen or a finger does on a pane.
import { preset } from "./windows.js";

const NOTCH = 40; // pixels that a wheel turns: a mouse's notch is more, a touch pad's step less
const CLICK = 4;
const PER_IMAGE = 6; // pixels of a drag for each image

export function listen(pane) {
  const { element } = pane;
  let turned = 0;
  let drag = null;
  element.addEventListener("wheel", (event) => {
    event.preventDefault();
    if (event.ctrlKey) { pane.zoom(event.deltaY < 0 ? 1.1 : 1 / 1.1); return; }
    if (event.deltaMode !== 0 || Math.abs(event.deltaY) >= NOTCH) { turned = 0; pane.step(Math.sign(event.deltaY)); return; }
    turned += event.deltaY;
    if (Math.abs(turned) >= NOTCH) { pane.step(Math.sign(turned)); turned = 0; }
  }, { passive: false });
  element.addEventListener("pointerdown", (event) => {
    if (!pane.shown) return;
    element.focus({ preventScroll: true });
    element.setPointerCapture(event.pointerId);
    const tool = event.button === 2 ? "window" : event.button === 1 || event.shiftKey ? "pan" : pane.tool;
    drag = { tool, x: event.offsetX, y: event.offsetY, atX: event.clientX, atY: event.clientY, window: pane.window, wanted: pane.wanted, view: { ...pane.view }, moved: false };
    pane.tell("press", { ...pane.probe(event.offsetX, event.offsetY), tool });
    event.preventDefault();
  });
  element.addEventListener("pointermove", (event) => {
    pane.lensAt(event.offsetX, event.offsetY);
    pane.tell("hover", pane.probe(event.offsetX, event.offsetY));
    if (!drag) return;
    const [x, y] = [event.clientX - drag.atX, event.clientY - drag.atY];
    if (Math.hypot(x, y) < CLICK && !drag.moved) return;
    drag.moved = true;
    dragged(pane, drag, x, y, event);
  });
  const ends = (event) => {
    if (drag && !drag.moved && event.type === "pointerup" && event.button === 0) clicked(pane, event);
    else if (drag) pane.tell("release", { ...pane.probe(event.offsetX, event.offsetY), tool: drag.tool });
    drag = null;
  };
  for (const over of ["pointerup", "pointercancel"]) element.addEventListener(over, ends);
  element.addEventListener("contextmenu", (event) => event.preventDefault());
  element.addEventListener("dblclick", () => { pane.isAdjusted = false; pane.reset(); if (pane.about) pane.setWindow(preset("auto", pane.about)); });
}

function dragged(pane, drag, x, y, event) {
  if (drag.tool === "window" && drag.window) {
    const by = (pane.about ? pane.about.largest - pane.about.least : drag.window.width * 4) / 1000;
    pane.setWindow({ center: drag.window.center + y * by, width: drag.window.width + x * by });
  } else if (drag.tool === "pan") {
    const { perMm } = pane.layout;
    pane.view.across = drag.view.across + x / perMm;
    pane.view.down = drag.view.down + y / perMm;
    pane.viewed();
  } else if (drag.tool === "scroll") {
    const to = Math.max(0, Math.min(pane.frames.length - 1, drag.wanted + Math.round(y / PER_IMAGE)));
    pane.step(to - pane.wanted);
  } else {
    pane.tell("dragged", { ...pane.probe(event.offsetX, event.offsetY), from: pane.probe(drag.x, drag.y), tool: drag.tool });
  }
}

function clicked(pane, event) {
  const at = pane.probe(event.offsetX, event.offsetY);
  if (!at?.inside) return;
  pane.tell("click", { ...at, tool: pane.tool });
  if (pane.tool !== "scroll" || !at.point) return;
  pane.cross = at.point;
  pane.draw_();
  pane.tell("moved", { point: at.point });
}
