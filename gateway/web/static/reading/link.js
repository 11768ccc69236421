// Panes that look at the same place: crosshair, slice, zoom and window of one are those of the others, in mm.
import { inverse, moved } from "./geometry.js";
import { carried } from "./windows.js";

// Of a pane whose millimetres are not those of the others: it goes to the slice at that position, and no crosshair is
// drawn there, because it would say that this is the same place of the head.
export const APART = "apart";
const ALIKE = 1.5; // fields of view that differ by more are each shown as large as they can be

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
      pane.on("zoomed", ({ perMm, point }) => this.others(pane, (other) => other.lookAt(perMm, point && this.carriedOver(pane, other, point))));
      pane.on("fitted", () => this.fit());
      pane.on("first", () => this.join(pane));
      pane.on("hover", (at) => this.others(pane, (other) => other.lensOver(at?.point ? this.carriedOver(pane, other, at.point) : null)));
      pane.on("window", (window) => this.others(pane, (other) => {
        if (sameKind(pane, other) && other.about && pane.about) other.setWindow(carried(window, pane.about, other.about), true);
      }));
      pane.on("known", () => this.level(pane));
    }
    this.panes.set(pane, toCurrent);
  }

  remove(pane) { this.panes.delete(pane); }

  follow(pane) {
    const point = pane.cross || pane.point;
    if (!point) return;
    this.others(pane, (other) => other.goTo(this.carriedOver(pane, other, point), !this.areApart(pane, other)));
  }

  areApart(one, other) { return [one, other].some((each) => this.panes.get(each) === APART); }

  // A point of one pane in the millimetres of another; the same numbers where nobody knows better.
  carriedOver(pane, other, point) {
    if (this.areApart(pane, other)) return point;
    const [own, theirs] = [this.panes.get(pane), this.panes.get(other)];
    const current = own ? moved(own, point) : point;
    return theirs ? moved(inverse(theirs), current) : current;
  }

  // All whole, and a millimetre as large in each: but for a picture of so large a field that the others would be small.
  fit() {
    if (!this.linked) return;
    const fits = new Map([...this.panes.keys()].map((each) => [each, each.fit]).filter(([, fit]) => fit));
    const common = Math.min(...[...fits.values()].filter((fit) => fit >= Math.max(...fits.values()) / ALIKE));
    for (const [each, fit] of fits) {
      each.view = { zoom: Math.min(1, common / fit), across: 0, down: 0, isWhole: true };
      each.draw_();
    }
  }

  // A pane with another series: as large as the others, and at the place that is looked at closer, if there is one.
  join(pane) {
    const closer = [...this.panes.keys()].find((each) => each !== pane && each.fit && each.layout && !each.view.isWhole);
    if (!this.linked) return;
    if (!closer) this.fit();
    else pane.lookAt(closer.layout.perMm, closer.middle && this.carriedOver(closer, pane, closer.middle));
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
