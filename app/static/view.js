import { readColours } from "./colours.js";
import { paintEvidence } from "./evidence.js";
import { PICTURE_SIDE, drawStrokes } from "./strokes.js";

const INPUT_SIDE = 28;

/**
 * What a pad shows, on two canvases: below, the picture and the evidence; above, ink and outlines.
 * The eraser takes away pixels of the upper one, so nothing that shines through may lie there.
 *
 * Set its properties, then `render()`. Fires `paint` on the pad after each time it painted.
 */
export class View {
  strokes = [];
  picture = null; // { file, bitmap, asInk }; bitmap is null if only the service can read the file
  cursor = null; // { at: [x, y], width, down }, in fractions of the side
  preprocessing = null; // of the service's answer: bounding_box and frame
  evidence = null; // Float32Array of a square map, −1..1
  patch = null; // left, top, right, bottom in pixels of the 28×28
  ground = document.createElement("canvas");
  ink = document.createElement("canvas");

  #pad;
  #frame = 0;

  constructor(pad) {
    this.#pad = pad;
    this.ground.className = "ground";
    this.ink.className = "ink";
    pad.prepend(this.ground, this.ink);
    const sizes = new ResizeObserver(() => this.#resize());
    try {
      sizes.observe(pad, { box: "device-pixel-content-box" }); // zoomed, or moved to another screen
    } catch {
      sizes.observe(pad); // Safari knows no such box
    }
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.render());
  }

  render() {
    this.#frame ||= requestAnimationFrame(() => this.#paint());
  }

  #resize() {
    const side = Math.round(this.ink.clientWidth * devicePixelRatio);
    if (side === this.ink.width) return;
    for (const canvas of [this.ground, this.ink]) canvas.width = canvas.height = side;
    this.#paint(); // at once: a canvas whose size changes is blank
  }

  #paint() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const side = this.ink.width;
    const style = getComputedStyle(this.#pad);
    const ink = style.getPropertyValue("--ink"), accent = style.getPropertyValue("--accent");
    this.#paintGround(this.ground.getContext("2d"), side, ink);
    const context = this.ink.getContext("2d");
    context.clearRect(0, 0, side, side);
    drawStrokes(context, this.strokes, side, ink);
    if (this.picture?.asInk) this.#paintBitmap(context, inkOf(this.picture.bitmap, ink), side);
    context.strokeStyle = context.fillStyle = accent;
    context.lineWidth = 2 * devicePixelRatio;
    if (this.picture && !this.picture.asInk && !this.evidence && !this.patch) {
      this.#outline(context, this.preprocessing?.bounding_box, side);
    }
    if (this.patch && this.preprocessing) this.#paintPatch(context, side, style.getPropertyValue("--paper"));
    if (this.cursor) this.#paintCursor(context, side);
    this.#pad.dispatchEvent(new Event("paint"));
  }

  #paintGround(context, side, ink) {
    context.clearRect(0, 0, side, side);
    if (this.picture && !this.picture.asInk) this.#paintPicture(context, side, ink);
    const evident = this.evidence && !this.patch; // one thing at a time
    const frame = evident && this.#place(this.preprocessing?.frame, side);
    if (!frame) return;
    const [left, top, right, bottom] = frame;
    const map = paintEvidence(this.evidence, readColours(this.#pad));
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = "high";
    context.drawImage(map, left, top, right - left, bottom - top);
  }

  #paintPicture(context, side, ink) {
    const { bitmap, file } = this.picture;
    if (bitmap) {
      this.#paintBitmap(context, bitmap, side);
    } else {
      context.font = `italic ${side / 22}px ${getComputedStyle(this.#pad).getPropertyValue("--serif")}`;
      context.textAlign = "center";
      context.fillStyle = ink;
      context.fillText(file.name || "Picture", side / 2, side / 2, side * 0.9);
    }
  }

  #paintBitmap(context, bitmap, side) {
    const [left, top, right, bottom] = this.#place([0, 0, bitmap.width, bitmap.height], side);
    // A tiny picture is shown as the pixels it is.
    context.imageSmoothingEnabled = right - left < 4 * bitmap.width;
    context.drawImage(bitmap, left, top, right - left, bottom - top);
  }

  /** A box in pixels of the picture sent → in pixels of the pad; null if they can't be related. */
  #place(box, side) {
    if (!box || (this.picture && !this.picture.bitmap)) return null;
    const { width, height } = this.picture?.bitmap ?? { width: PICTURE_SIDE, height: PICTURE_SIDE };
    const longest = Math.max(width, height);
    const margins = [(longest - width) / 2, (longest - height) / 2];
    return box.map((length, index) => ((length + margins[index % 2]) * side) / longest);
  }

  #outline(context, box, side) {
    const placed = this.#place(box, side);
    if (!placed) return;
    const [left, top, right, bottom] = placed;
    context.strokeRect(left, top, right - left, bottom - top);
  }

  /** The patch that a unit sees is left clear; the rest of the drawing steps back. */
  #paintPatch(context, side, veil) {
    const [left, top, right, bottom] = this.preprocessing.frame;
    const pixel = (right - left) / INPUT_SIDE;
    const [x0, y0, x1, y1] = this.patch.map((at) => Math.min(Math.max(at, 0), INPUT_SIDE) * pixel);
    const box = [left + x0, top + y0, left + x1, top + y1];
    const placed = this.#place(box, side);
    if (!placed) return;
    const [padLeft, padTop, padRight, padBottom] = placed;
    context.save();
    context.beginPath();
    context.rect(0, 0, side, side);
    context.rect(padLeft, padTop, padRight - padLeft, padBottom - padTop);
    context.fillStyle = veil;
    context.globalAlpha = 0.7;
    context.fill("evenodd");
    context.restore();
    this.#outline(context, box, side);
  }

  #paintCursor(context, side) {
    const { at: [x, y], width, down } = this.cursor;
    context.beginPath();
    context.arc(x * side, y * side, (width * side) / 2 + 3 * devicePixelRatio, 0, 7);
    context.stroke();
    if (!down) return;
    context.beginPath();
    context.arc(x * side, y * side, 3 * devicePixelRatio, 0, 7);
    context.fill();
  }
}

/** A picture of bright ink on black as ink of a colour on nothing. */
function inkOf(bitmap, colour) {
  const canvas = document.createElement("canvas");
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  const image = context.getImageData(0, 0, canvas.width, canvas.height);
  for (let at = 0; at < image.data.length; at += 4) image.data[at + 3] = image.data[at];
  context.putImageData(image, 0, 0);
  context.globalCompositeOperation = "source-in";
  context.fillStyle = colour;
  context.fillRect(0, 0, canvas.width, canvas.height);
  return canvas;
}
