import { drawStrokes, pressureOf, strokesToBlob } from "./strokes.js";

const GRID = 28;
const EMPTY = Object.freeze({ strokes: [], picture: null });
const ARROWS = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/**
 * `<drawing-pad>`: draws with mouse, finger, pen or keyboard, or shows a picture from a file.
 *
 * Fires `change` whenever what it shows changes; `detail.settled` is false in the middle of a
 * stroke. Properties: `penWidth` (fraction of the side), `erasing`.
 */
class DrawingPad extends HTMLElement {
  penWidth = 0.075;
  erasing = false;

  #canvas = document.createElement("canvas");
  #context = this.#canvas.getContext("2d");
  #past = [];
  #present = EMPTY;
  #future = [];
  #stroke = null;
  #pointer = null;
  #cursor = null;
  #movedWhileHeld = false;
  #frame = 0;
  #box = null;

  connectedCallback() {
    this.prepend(this.#canvas);
    this.addEventListener("pointerdown", (event) => this.#pointerDown(event));
    this.addEventListener("pointermove", (event) => this.#pointerMove(event));
    this.addEventListener("pointerup", (event) => this.#pointerEnd(event));
    this.addEventListener("pointercancel", (event) => this.#pointerEnd(event));
    this.addEventListener("lostpointercapture", (event) => this.#pointerEnd(event));
    this.addEventListener("keydown", (event) => this.#keyDown(event));
    this.addEventListener("keyup", (event) => this.#keyUp(event));
    this.addEventListener("focus", () => this.#render());
    this.addEventListener("blur", () => {
      if (this.#pointer === null) this.#endStroke();
      this.#cursor = null;
      this.#render();
    });
    new ResizeObserver(() => this.#resize()).observe(this);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#render());
    this.#update();
  }

  get empty() {
    return this.#strokes.length === 0 && !this.#present.picture;
  }

  get canUndo() {
    return this.#past.length > 0 || this.#stroke !== null;
  }

  get canRedo() {
    return this.#future.length > 0;
  }

  undo() {
    this.#endStroke();
    if (this.#past.length === 0) return;
    this.#future.push(this.#present);
    this.#present = this.#past.pop();
    this.#update();
  }

  redo() {
    this.#endStroke();
    if (this.#future.length === 0) return;
    this.#past.push(this.#present);
    this.#present = this.#future.pop();
    this.#update();
  }

  clear() {
    this.#endStroke();
    if (!this.empty) this.#commit(EMPTY);
  }

  /** Show a picture file in the drawing's place. */
  async show(file) {
    // A format that only the service can read still gets its answer; its name stands in for it.
    const bitmap = await createImageBitmap(file).catch(() => null);
    this.#endStroke();
    this.#commit({ strokes: [], picture: { file, bitmap } });
  }

  /** Frame the ink that the service found in the picture shown: left, top, right, bottom. */
  frame(box) {
    this.#box = box;
    this.#render();
  }

  /** What to send to the service; null if there is nothing to see. */
  async toBlob() {
    if (this.#present.picture) return this.#present.picture.file;
    return this.#strokes.length ? strokesToBlob(this.#strokes) : null;
  }

  get #strokes() {
    return this.#stroke ? [...this.#present.strokes, this.#stroke] : this.#present.strokes;
  }

  #commit(drawing) {
    this.#past.push(this.#present);
    this.#present = drawing;
    this.#future = [];
    this.#update();
  }

  #update(settled = true) {
    this.#box = null;
    this.toggleAttribute("data-empty", this.empty);
    this.#render();
    this.dispatchEvent(new CustomEvent("change", { detail: { settled } }));
  }

  #startStroke(point, erase) {
    if (this.#present.picture) this.#commit(EMPTY);
    this.#stroke = { width: this.penWidth * (erase ? 2 : 1), erase, points: [point] };
    this.#update(false);
  }

  #endStroke() {
    if (!this.#stroke) return;
    const strokes = this.#strokes;
    this.#stroke = null;
    this.#commit({ strokes, picture: null });
  }

  #pointerDown(event) {
    if (this.#pointer !== null || event.button > 0 && event.button !== 5) return;
    this.#endStroke();
    this.#pointer = event.pointerId;
    this.#cursor = null;
    this.setPointerCapture(event.pointerId);
    const penEraser = event.button === 5;
    this.#startStroke(this.#point(event), this.erasing || penEraser);
  }

  #pointerMove(event) {
    if (event.pointerId !== this.#pointer || !this.#stroke) return;
    const coalesced = event.getCoalescedEvents?.() ?? [];
    for (const each of coalesced.length ? coalesced : [event]) {
      this.#stroke.points.push(this.#point(each));
    }
    this.#update(false);
  }

  #pointerEnd(event) {
    if (event.pointerId !== this.#pointer) return;
    this.#pointer = null;
    this.#endStroke();
  }

  #point(event) {
    const { left, top, width, height } = this.#canvas.getBoundingClientRect();
    return [(event.clientX - left) / width, (event.clientY - top) / height, pressureOf(event)];
  }

  #keyDown(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const move = ARROWS[event.key];
    if (!move && event.key !== " ") return;
    event.preventDefault();
    this.#cursor ??= [GRID / 2, GRID / 2];
    if (move) {
      this.#cursor = this.#cursor.map((at, axis) => Math.min(Math.max(at + move[axis], 0), GRID));
      this.#movedWhileHeld = true;
      if (this.#stroke) {
        this.#stroke.points.push(this.#cursorPoint());
        this.#update(false);
      }
    } else if (!event.repeat) {
      this.#movedWhileHeld = false;
      if (this.#stroke) this.#endStroke();
      else this.#startStroke(this.#cursorPoint(), this.erasing);
    }
    this.#render();
  }

  /** Space tapped toggles the pen; Space held while moving lifts it when released. */
  #keyUp(event) {
    if (event.key === " " && this.#movedWhileHeld) this.#endStroke();
  }

  #cursorPoint() {
    return [this.#cursor[0] / GRID, this.#cursor[1] / GRID, 1];
  }

  #resize() {
    const side = Math.round(this.#canvas.clientWidth * devicePixelRatio);
    if (side === this.#canvas.width) return;
    this.#canvas.width = this.#canvas.height = side;
    this.#paint(); // at once: a canvas whose size changes is blank
  }

  #render() {
    this.#frame ||= requestAnimationFrame(() => this.#paint());
  }

  #paint() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const side = this.#canvas.width;
    const colour = getComputedStyle(this);
    const ink = colour.getPropertyValue("--ink"), accent = colour.getPropertyValue("--accent");
    this.#context.clearRect(0, 0, side, side);
    if (this.#present.picture) this.#paintPicture(side, ink, accent);
    drawStrokes(this.#context, this.#strokes, side, ink);
    if (this.#cursor && document.activeElement === this) this.#paintCursor(side, accent);
  }

  #paintPicture(side, ink, accent) {
    const { bitmap, file } = this.#present.picture;
    const context = this.#context;
    if (!bitmap) {
      context.font = `italic ${side / 22}px serif`;
      context.textAlign = "center";
      context.fillStyle = ink;
      context.fillText(file.name || "Picture", side / 2, side / 2, side * 0.9);
      return;
    }
    const scale = side / Math.max(bitmap.width, bitmap.height);
    const left = (side - bitmap.width * scale) / 2, top = (side - bitmap.height * scale) / 2;
    context.imageSmoothingEnabled = scale < 4; // a tiny picture is shown as the pixels it is
    context.drawImage(bitmap, left, top, bitmap.width * scale, bitmap.height * scale);
    if (!this.#box) return;
    const [x0, y0, x1, y1] = this.#box.map((length) => length * scale);
    context.strokeStyle = accent;
    context.lineWidth = 2 * devicePixelRatio;
    context.strokeRect(left + x0, top + y0, x1 - x0, y1 - y0);
  }

  #paintCursor(side, accent) {
    const [x, y] = this.#cursorPoint();
    const context = this.#context;
    context.beginPath();
    context.arc(x * side, y * side, (this.penWidth * side) / 2 + 3 * devicePixelRatio, 0, 7);
    context.lineWidth = 2 * devicePixelRatio;
    context.strokeStyle = accent;
    context.stroke();
    if (this.#stroke) {
      context.beginPath();
      context.arc(x * side, y * side, 3 * devicePixelRatio, 0, 7);
      context.fillStyle = accent;
      context.fill();
    }
  }
}

customElements.define("drawing-pad", DrawingPad);
