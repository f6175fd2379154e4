import { blobOf } from "./sharing.js";

/**
 * A drawing is data: `{ strokes, picture }`. A stroke is `{ width, erase, points }`, its points
 * `[x, y, pressure]`. Lengths are fractions of the pad's side, so the same drawing fits any size;
 * pressure is a factor of the width, near 1.
 */

/**
 * MNIST's pens are about an eighth of their digit wide. A small digit is sent with a pen thinner
 * than it was drawn with, at most this share of the drawing. The service thins strokes too, but it
 * has pixels only, in which a small loop has run together; it thickens thin ones as well as we could.
 */
const WIDEST_PEN = 0.16;
const SMALLEST_DRAWING = 0.06;
/** Pixels along the side of the picture for the network. */
export const PICTURE_SIDE = 280;

const PRESSURE = { least: 0.75, most: 1.25 };

/** The factor of the width for a pointer event: a mouse or a finger has no pressure to tell. */
export function pressureOf(event) {
  if (event.pointerType !== "pen" || !event.pressure) return 1;
  return PRESSURE.least + (PRESSURE.most - PRESSURE.least) * Math.min(event.pressure, 1);
}

/** Draw strokes on a 2D context whose pad is `side` units wide; `thin` scales every width. */
export function drawStrokes(context, strokes, side, colour, thin = 1) {
  context.save();
  context.lineCap = context.lineJoin = "round";
  context.strokeStyle = colour;
  for (const { width, erase, points } of strokes) {
    context.globalCompositeOperation = erase ? "destination-out" : "source-over";
    drawStroke(context, points, side, width * thin * side);
  }
  context.restore();
}

function drawStroke(context, points, side, width) {
  const at = points.map(([x, y]) => [x * side, y * side]);
  const steady = points.every((point) => point[2] === points[0][2]);
  context.lineWidth = width * points[0][2];
  context.beginPath();
  context.moveTo(...at[0]);
  // A path of no length would draw no dot; a short one before others would leave a scar.
  if (at.length === 1) context.lineTo(at[0][0] + 0.01, at[0][1]);
  // Curves from midpoint to midpoint, bent by the point between them, have no corners.
  for (let index = 1; index < at.length; index++) {
    const [bend, next] = [at[index - 1], at[index]];
    const to = [(bend[0] + next[0]) / 2, (bend[1] + next[1]) / 2];
    context.quadraticCurveTo(...bend, ...to);
    if (!steady) {
      // A path has one width; where paths meet, the seam shows, so a steady pen has a single one.
      context.stroke();
      context.lineWidth = (width * (points[index - 1][2] + points[index][2])) / 2;
      context.beginPath();
      context.moveTo(...to);
    }
  }
  context.lineTo(...at.at(-1));
  context.stroke();
}

/** What to multiply the widths by for the network's picture: 1 or less. */
export function networkThinning(strokes) {
  if (strokes.some((stroke) => stroke.erase)) return 1; // other widths would erase something else
  const points = strokes.flatMap((stroke) => stroke.points);
  const extent = Math.max(...[0, 1].map((axis) => {
    const values = points.map((point) => point[axis]);
    return values.reduce((a, b) => Math.max(a, b)) - values.reduce((a, b) => Math.min(a, b));
  }));
  if (extent < SMALLEST_DRAWING) return 1;
  const share = Math.max(...strokes.map((stroke) => stroke.width)) / extent;
  return Math.min(WIDEST_PEN / share, 1);
}

/** Black ink on white paper, as PNG; null if nothing is left to see. */
export function strokesToBlob(strokes) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = PICTURE_SIDE;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  drawStrokes(context, strokes, PICTURE_SIDE, "#000", networkThinning(strokes));
  if (strokes.some((stroke) => stroke.erase) && isClear(context)) return null;
  context.globalCompositeOperation = "destination-over";
  context.fillStyle = "#fff";
  context.fillRect(0, 0, PICTURE_SIDE, PICTURE_SIDE);
  // toBlob waits until the page is idle, a second or more.
  return blobOf(canvas.toDataURL("image/png"));
}

function isClear(context) {
  const { data } = context.getImageData(0, 0, PICTURE_SIDE, PICTURE_SIDE);
  for (let alpha = 3; alpha < data.length; alpha += 4) if (data[alpha] > 127) return false;
  return true;
}
