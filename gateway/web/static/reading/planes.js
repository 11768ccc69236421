// Three planes of a volume through one point, and the volume itself: drawn by NiiVue, on the graphics card.
//
// Slices of the other two planes are cut through the volume, so they are resampled, and the picture says so.
import { inWords } from "./geometry.js";

export async function showPlanes(pane) {
  const stack = pane.source?.stack;
  if (pane.planes_) { close(pane); return; }
  if (!stack?.volume) { pane.say(`There are no three planes: ${stack?.why || "no volume is shown"}.`, true); return; }
  if (!document.createElement("canvas").getContext("webgl2")) {
    pane.say("The three planes cannot be drawn here: this browser has no WebGL 2.", true);
    return;
  }
  const canvas = document.createElement("canvas");
  canvas.className = "pane-planes";
  pane.element.append(canvas);
  const label = document.createElement("div");
  label.className = "over br planes-label";
  pane.element.append(label);
  const { Niivue } = await import("../vendor/niivue-0.69.0.js"); // 3 MB that nobody needs who looks at slices
  const viewer = new Niivue({ isRadiologicalConvention: true, isOrientationTextVisible: true, show3Dcrosshair: true, crosshairColor: [0.36, 0.78, 0.74, 0.8], loadingText: "Loading …" });
  pane.planes_ = { canvas, label, viewer };
  pane.say("");
  try {
    await viewer.attachToCanvas(canvas);
    await viewer.loadVolumes([{ url: stack.volume, name: `${stack.key}.nii` }]);
    const { center, width } = pane.getWindow();
    viewer.volumes[0].cal_min = center - width / 2;
    viewer.volumes[0].cal_max = center + width / 2;
    viewer.updateGLVolume();
    viewer.setSliceType(viewer.sliceTypeMultiplanar);
    viewer.onLocationChange = ({ mm }) => {
      const point = [-mm[0], -mm[1], mm[2]]; // NIfTI counts to the right and to the front
      label.textContent = `${inWords(point)}\nthree planes, cut through the volume`;
      pane.goTo(point);
      pane.tell("moved", { point });
    };
    if (pane.point) viewer.scene.crosshairPos = viewer.mm2frac([-pane.point[0], -pane.point[1], pane.point[2]]);
    viewer.drawScene();
    label.textContent = "three planes, cut through the volume";
    pane.element.dataset.planes = "";
  } catch (error) {
    close(pane);
    pane.say(`The three planes cannot be drawn here (${error.message}).`, true);
  }
}

function close(pane) {
  const { canvas, label, viewer } = pane.planes_;
  viewer.gl?.getExtension("WEBGL_lose_context")?.loseContext();
  canvas.remove();
  label.remove();
  pane.planes_ = null;
  delete pane.element.dataset.planes;
  pane.draw_();
}
