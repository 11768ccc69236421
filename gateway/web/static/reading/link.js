// Panes that look at the same place: crosshair, slice, zoom and window of one are those of the others, in mm.
import { inverse, moved } from "./geometry.js";
import { carried } from "./windows.js";

// Of a pane whose millimetres are not those of the others: it goes to the slice at that position, and no crosshair is
// drawn there, because it would say that this is the same place of the head.
export const APART = "apart";

export class Link {
  constructor() {
    this.panes = new Map(); // pane -> rigid motion of its millimetres to the current study's; null: none is needed; APART
    this.linked = true;
    this.busy = false;
  }

  // `toCurrent`: 3 rows of 4 that move a point of this pane's study to the current one.
  add(pane, toCurrent = null) {
    if (!this.panes.has(pane)) {
      pane.on("moved", () => this.follow(pane));
      pane.on("zoomed", () => this.others(pane, (other) => { other.view = { ...pane.view }; other.draw_(); }));
      pane.on("window", (window) => this.others(pane, (other) => {
        if (sameKind(pane, other) && other.about && pane.about) other.setWindow(carried(window, pane.about, other.about), true);
      }));
      pane.on("known", () => this.level(pane));
    }
    this.panes.set(pane, toCurrent);
  }

  remove(pane) { this.panes.delete(pane); }

  follow(pane) {
    const own = this.panes.get(pane);
    const point = pane.cross || pane.point;
    if (!point) return;
    const current = own && own !== APART ? moved(own, point) : point;
    this.others(pane, (other) => {
      const theirs = this.panes.get(other);
      if (own === APART || theirs === APART) other.goTo(point, false);
      else other.goTo(theirs ? moved(inverse(theirs), current) : current);
    });
  }

  // Once the white matter of a pane is known, it has the window of the pane of its kind that came before.
  level(pane) {
    this.others(pane, (other) => {
      if (sameKind(pane, other) && other.about && pane.about && other.window && !pane.isAdjusted) pane.setWindow(carried(other.window, other.about, pane.about), true);
    });
  }

  others(pane, act) {
    if (!this.linked || this.busy || !this.panes.has(pane)) return;
    this.busy = true;
    try {
      for (const other of this.panes.keys()) if (other !== pane && other.frames) act(other);
    } finally {
      this.busy = false;
    }
  }
}

function sameKind(one, other) {
  const kind = (pane) => pane.source && `${pane.source.stack.kind} ${pane.source.stack.b_value ?? ""}`;
  return kind(one) && kind(one) === kind(other);
}
