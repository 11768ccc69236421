// The keys of the viewer: one table, for what they do and for the list that `?` shows.
import { typing } from "../app.js";

export const KEYS = [
  ["j", "next image", (grid) => grid.focused.step(1)],
  ["k", "previous image", (grid) => grid.focused.step(-1)],
  ["]", "next series", (grid) => grid.change(1)],
  ["[", "previous series", (grid) => grid.change(-1)],
  ["w", "next window", (grid) => grid.nextPreset()],
  ["+", "larger", (grid) => grid.focused.zoom(1.25)],
  ["-", "smaller", (grid) => grid.focused.zoom(0.8)],
  ["z", "magnifier on, off", (grid) => grid.magnify()],
  ["r", "as it was: window, size and place", (grid) => grid.reset()],
  ["e", "this picture alone, or all", (grid) => grid.enlarge()],
  ["n", "next picture of the layout", (grid) => grid.focusNext()],
  ["l", "linked or not", (grid) => grid.link(!grid.linked)],
  ["x", "crosshair", (grid) => grid.cross()],
  ["o", "map of change on, off", (grid) => grid.change_.toggle()],
  ["p", "play, stop", (grid) => grid.play()],
  ["g", "the next window by dragging, or scroll again", (grid) => grid.useTool(grid.tool === "window" ? "scroll" : "window")],
  ["v", "three planes of a volume", (grid) => grid.planes()],
  ["t", "next tool: point, long axis, region, brush, scroll", (grid) => grid.marks?.next()],
  ["b", "mark the place of the crosshair", (grid) => grid.marks?.pointHere()],
  ["m", "mark the image as key image", (grid) => grid.markImage()],
];

// Keys of a pane that has the focus: elsewhere they scroll the page.
export const OF_A_PANE = {
  ArrowDown: (pane) => pane.step(1),
  ArrowRight: (pane) => pane.step(1),
  ArrowUp: (pane) => pane.step(-1),
  ArrowLeft: (pane) => pane.step(-1),
  PageDown: (pane) => pane.step(10),
  PageUp: (pane) => pane.step(-10),
  Home: (pane) => pane.step(-100000),
  End: (pane) => pane.step(100000),
  Enter: (pane) => pane.tell("enter", {}), // keeps a region that was outlined
};

export function listen(grid) {
  document.addEventListener("keydown", (event) => {
    if (typing(event) || document.querySelector("dialog[open]")) return;
    const pane = document.activeElement?.classList.contains("pane") && OF_A_PANE[event.key];
    const entry = KEYS.find(([key]) => key === event.key);
    const layout = /^[1-9]$/.test(event.key) && grid.layouts[Number(event.key) - 1];
    if (pane) pane(grid.focused);
    else if (entry) entry[2](grid);
    else if (layout) grid.choose(layout.name);
    else return;
    event.preventDefault();
  });
}

// The list of keys that the page shows, with those of the viewer.
export function explain(layouts) {
  const list = document.querySelector("#keys .keys");
  if (!list) return;
  const lines = [...KEYS.map(([key, text]) => [key, text]), ["1 … 9", `layout: ${layouts.map((layout) => layout.title).join(", ")}`]];
  for (const [key, text] of lines) {
    const row = document.createElement("div");
    const term = document.createElement("dt");
    const box = document.createElement("kbd");
    const said = document.createElement("dd");
    box.textContent = key;
    said.textContent = text;
    term.append(box);
    row.append(term, said);
    list.append(row);
  }
}
