// Images of a case: scroll by wheel, drag, slider or keys; windows are made by the server; brightness by the right button.
import { typing } from "./app.js";

const AHEAD = 4; // neighbours fetched before they are asked for
const box = document.querySelector("[data-viewer]");
if (box && box.querySelector(".slice")) start();

function start() {
  const image = box.querySelector(".slice");
  const stage = box.querySelector(".stage");
  const slider = box.querySelector("input[type=range]");
  const place = box.querySelector("[data-over=place]");
  const label = box.querySelector("[data-over=label]");
  const failed = box.querySelector(".failed");
  const marker = box.querySelector("[data-mark]");
  const thumbs = [...box.querySelectorAll(".thumb")];
  const presets = [...box.querySelectorAll("[data-window]")];
  const positions = new Map();
  let series = Number(thumbs[0].dataset.series);
  let count = Number(thumbs[0].dataset.slices);
  let slice = Number(thumbs[0].dataset.begins);
  let win = "auto";
  let light = { brightness: 1, contrast: 1 };
  let described = null; // series with the UIDs of the copies, for key images

  const address = (number) => `/cases/${box.dataset.case}/images/${series}/${number}.png?window=${win}&v=${box.dataset.version}`;
  const kept = new Map();

  function fetched(number) {
    const url = address(number);
    if (!kept.has(url)) {
      const made = new Image();
      made.src = url;
      kept.set(url, made);
      if (kept.size > 400) kept.delete(kept.keys().next().value);
    }
    return kept.get(url);
  }

  function show() {
    const wanted = fetched(slice);
    image.src = wanted.src;
    const thumb = thumbs.find((each) => Number(each.dataset.series) === series);
    image.alt = `Image ${slice + 1} of ${count}, ${thumb.dataset.label}`;
    label.textContent = thumb.dataset.label;
    const b = described?.find((each) => each.number === series)?.b_values[slice];
    place.textContent = `${slice + 1} / ${count}${b === null || b === undefined ? "" : `   b ${b}`}`;
    slider.max = String(count - 1);
    slider.value = String(slice);
    for (const each of thumbs) each.toggleAttribute("aria-current", each === thumb);
    for (const each of presets) each.setAttribute("aria-pressed", String(each.dataset.window === win));
    for (let step = 1; step <= AHEAD; step += 1) {
      if (slice + step < count) fetched(slice + step);
      if (slice - step >= 0) fetched(slice - step);
    }
    positions.set(series, slice);
  }

  function go(number) {
    const next = Math.max(0, Math.min(count - 1, number));
    if (next !== slice) { slice = next; show(); }
  }

  function change(step) {
    const here = thumbs.findIndex((each) => Number(each.dataset.series) === series);
    choose(thumbs[(here + step + thumbs.length) % thumbs.length]);
  }

  function choose(thumb) {
    series = Number(thumb.dataset.series);
    count = Number(thumb.dataset.slices);
    slice = positions.get(series) ?? Number(thumb.dataset.begins);
    thumb.scrollIntoView({ block: "nearest", inline: "nearest" });
    show();
  }

  function dim() {
    image.style.filter = `brightness(${light.brightness}) contrast(${light.contrast})`;
  }

  image.addEventListener("error", () => { failed.hidden = false; });
  image.addEventListener("load", () => { failed.hidden = true; });
  for (const thumb of thumbs) thumb.addEventListener("click", (event) => { event.preventDefault(); choose(thumb); });
  for (const preset of presets) preset.addEventListener("click", () => { win = preset.dataset.window; light = { brightness: 1, contrast: 1 }; dim(); show(); });
  slider.addEventListener("input", () => go(Number(slider.value)));

  let turned = 0;
  stage.addEventListener("wheel", (event) => {
    event.preventDefault();
    turned += event.deltaMode === 0 ? event.deltaY / 40 : event.deltaY;
    const steps = Math.trunc(turned);
    if (steps) { turned -= steps; go(slice + Math.max(-3, Math.min(3, steps))); }
  }, { passive: false });

  let drag = null;
  stage.addEventListener("pointerdown", (event) => {
    drag = { x: event.clientX, y: event.clientY, slice, light: { ...light }, button: event.button };
    stage.setPointerCapture(event.pointerId);
    box.focus({ preventScroll: true });
  });
  stage.addEventListener("pointermove", (event) => {
    if (!drag) return;
    if (drag.button === 2) {
      light.contrast = Math.max(0.3, Math.min(4, drag.light.contrast + (event.clientX - drag.x) / 250));
      light.brightness = Math.max(0.2, Math.min(4, drag.light.brightness - (event.clientY - drag.y) / 250));
      dim();
    } else {
      go(drag.slice + Math.round((event.clientY - drag.y) / 6));
    }
  });
  for (const over of ["pointerup", "pointercancel"]) stage.addEventListener(over, () => { drag = null; });
  stage.addEventListener("contextmenu", (event) => event.preventDefault());
  stage.addEventListener("dblclick", () => { light = { brightness: 1, contrast: 1 }; dim(); });

  document.addEventListener("keydown", (event) => {
    if (typing(event) || event.target.matches?.("input[type=range], input[type=radio], .pill *") || document.querySelector("dialog[open]")) return;
    const act = {
      j: () => go(slice + 1), k: () => go(slice - 1), "[": () => change(-1), "]": () => change(1), m: () => marker?.click(),
    }[event.key] || (document.activeElement === box && {
      ArrowDown: () => go(slice + 1), ArrowRight: () => go(slice + 1), ArrowUp: () => go(slice - 1), ArrowLeft: () => go(slice - 1),
      PageDown: () => go(slice + 10), PageUp: () => go(slice - 10), Home: () => go(0), End: () => go(count - 1),
    }[event.key]) || (/^[1-9]$/.test(event.key) && presets[Number(event.key) - 1] ? () => presets[Number(event.key) - 1].click() : null);
    if (act) { event.preventDefault(); act(); }
  });

  marker?.addEventListener("click", () => {
    const one = described?.find((each) => each.number === series);
    if (one) document.dispatchEvent(new CustomEvent("keyimage", { detail: { uid: one.uids[slice], label: `${one.label} ${slice + 1}` } }));
  });

  fetch(`/api/cases/${box.dataset.case}/images`).then((answer) => answer.json()).then((study) => {
    described = study.series;
    if (marker) marker.disabled = false;
    document.dispatchEvent(new CustomEvent("imagesknown", { detail: described }));
    show();
  }).catch(() => {});
  box.querySelector(".tools").hidden = false;
  show();
}
