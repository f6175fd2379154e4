import { History } from "./history.js";
import { pressureOf, strokesToBlob } from "./strokes.js";
import { View } from "./view.js";

const GRID = 28;
const EMPTY = Object.freeze({ strokes: [], picture: null });
const PEN_ERASER = 5; // the button that a pen's other end reports
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
 * stroke; and `unreadable` for a file that can't be read. Properties: `penWidth` (fraction of the
 * side), `erasing`; and what is laid over the drawing: `preprocessing`, `evidence`, `patch` (see
 * `View`).
 */
class DrawingPad extends HTMLElement {
  penWidth = 0.075;
  erasing = false;

  #view = new View(this);
  #history = new History(EMPTY);
  #stroke = null;
  #pointer = null; // the event that put it down
  #cursor = null;
  #movedWhileHeld = false;

  connectedCallback() {
    this.addEventListener("pointerdown", (event) => this.#pointerDown(event));
    this.addEventListener("pointermove", (event) => this.#pointerMove(event));
    this.addEventListener("pointerup", (event) => this.#pointerEnd(event));
    this.addEventListener("pointercancel", (event) => this.#pointerEnd(event));
    this.addEventListener("lostpointercapture", (event) => this.#pointerEnd(event));
    // A finger that lifts while it moves would be a fling, and swallow a tap on something else.
    this.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
    this.addEventListener("keydown", (event) => this.#keyDown(event));
    this.addEventListener("keyup", (event) => this.#keyUp(event));
    this.addEventListener("blur", () => {
      if (!this.#pointer) this.#endStroke();
      this.#cursor = null;
      this.#render();
    });
    this.#update();
  }

  get empty() {
    return this.strokes.length === 0 && !this.#picture;
  }

  get canUndo() {
    return this.#history.canUndo || this.#stroke !== null;
  }

  get canRedo() {
    return this.#history.canRedo;
  }

  /** The strokes drawn so far, the one under way included; empty for a picture. */
  get strokes() {
    const { strokes } = this.#history.present;
    return this.#stroke ? [...strokes, this.#stroke] : strokes;
  }

  set strokes(strokes) {
    this.#endStroke();
    this.#commit({ strokes, picture: null });
  }

  undo() {
    this.#endStroke();
    this.#history.undo();
    this.#update();
  }

  redo() {
    this.#endStroke();
    this.#history.redo();
    this.#update();
  }

  clear() {
    this.#endStroke();
    if (!this.empty) this.#commit(EMPTY);
  }

  /** Show a picture file in the drawing's place; `asInk` if it is bright ink on black. */
  async show(source, { asInk = false } = {}) {
    const { name, type } = source;
    // Read once: a file may change or go while the page still shows it.
    const bytes = await source.arrayBuffer().catch(() => null);
    if (!bytes) {
      this.dispatchEvent(new Event("unreadable"));
      return;
    }
    const file = new File([bytes], name ?? "", { type });
    // A format that only the service can read still gets its answer; its name stands in for it.
    const bitmap = await createImageBitmap(file).catch(() => null);
    this.#endStroke();
    this.#commit({ strokes: [], picture: { file, bitmap, asInk } });
  }

  set preprocessing(preprocessing) {
    this.#lay({ preprocessing });
  }

  set evidence(evidence) {
    this.#lay({ evidence });
  }

  set patch(patch) {
    this.#lay({ patch });
  }

  /** What to send to the service; null if there is nothing to see. */
  async toBlob() {
    if (this.#picture) return this.#picture.file;
    return this.strokes.length ? strokesToBlob(this.strokes) : null;
  }

  /** Draw all that the pad shows on another canvas. */
  copyTo(canvas) {
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, canvas.width, canvas.height);
    for (const layer of [this.#view.ground, this.#view.ink]) {
      if (layer.width) context.drawImage(layer, 0, 0, canvas.width, canvas.height);
    }
  }

  get #picture() {
    return this.#stroke ? null : this.#history.present.picture;
  }

  #lay(annotation) {
    Object.assign(this.#view, annotation);
    this.#view.render();
  }

  #commit(drawing) {
    this.#history.commit(drawing);
    this.#update();
  }

  #update(settled = true) {
    // The old answer's frame fits a drawing that grows well enough until the next one comes, but
    // not another picture.
    if (this.empty || this.#picture !== this.#view.picture) this.#view.preprocessing = null;
    this.toggleAttribute("data-empty", this.empty);
    this.#render();
    this.dispatchEvent(new CustomEvent("change", { detail: { settled } }));
  }

  #render() {
    const { strokes } = this;
    const cursor = this.#cursor && {
      at: this.#cursorPoint(),
      width: this.penWidth,
      down: this.#stroke !== null,
    };
    this.#lay({ strokes, picture: this.#picture, cursor });
  }

  #startStroke(point, erase) {
    this.#stroke = { width: this.penWidth * (erase ? 2 : 1), erase, points: [point] };
    this.#update(false);
  }

  #endStroke() {
    if (!this.#stroke) return;
    const { strokes } = this;
    this.#stroke = null;
    this.#commit({ strokes, picture: null });
  }

  #pointerDown(event) {
    if (event.button > 0 && event.button !== PEN_ERASER) return;
    if (this.#pointer) {
      if (event.pointerType !== "pen" || this.#pointer.pointerType !== "touch") return;
      this.#pointer = this.#stroke = null; // a palm rests on the pad
      this.#update();
    }
    this.#endStroke();
    const erase = this.erasing || event.button === PEN_ERASER;
    if (erase && this.strokes.length === 0) return; // there is nothing that strokes could take away
    this.#pointer = event;
    this.#cursor = null;
    this.setPointerCapture(event.pointerId);
    this.#startStroke(this.#point(event), erase);
  }

  #pointerMove(event) {
    if (event.pointerId !== this.#pointer?.pointerId || !this.#stroke) return;
    const coalesced = event.getCoalescedEvents?.() ?? [];
    for (const each of coalesced.length ? coalesced : [event]) {
      this.#stroke.points.push(this.#point(each));
    }
    this.#update(false);
  }

  #pointerEnd(event) {
    if (event.pointerId !== this.#pointer?.pointerId) return;
    this.#pointer = null;
    this.#endStroke();
  }

  #point(event) {
    const { left, top, width, height } = this.#view.ink.getBoundingClientRect();
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
}

customElements.define("drawing-pad", DrawingPad);
