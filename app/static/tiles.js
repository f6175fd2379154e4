import { palette, readColours } from "./colours.js";

/** Milliseconds without a change after which what is out of sight is brought up to date too. */
export const REST = 600;

const TILE = 56; // pixels; 28, 14 and 7 divide it
const GAP = 8;
const MOST_COLUMNS = 8;
const LEAST_CONTRAST = 1; // a map that is flat up to BatchNorm's unit is shown flat
const ARROWS = {
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
};

/**
 * `<layer-tiles>`: the maps of one layer as tiles. Attributes: `name` of the layer; `columns`;
 * `signed` if nought has a meaning: then colours tell the sign; `still` if nothing is to be pointed at.
 *
 * One of its units is pointed at, or reached with the arrow keys, on from tile to tile: fires
 * `unit` with `detail` `{ channel, row, column, value, byKey }`, or null when it is left.
 */
class LayerTiles extends HTMLElement {
  #canvas = document.createElement("canvas");
  #maps = null;
  #unit = null;
  #byKey = false;
  #visible = false;
  #dirty = true;
  #rest = 0;

  connectedCallback() {
    this.append(this.#canvas);
    new IntersectionObserver(([entry]) => {
      this.#visible = entry.isIntersecting;
      if (this.#visible) this.#paint();
    }).observe(this);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#repaint());
    if (this.hasAttribute("still")) return;
    this.tabIndex = 0;
    this.setAttribute("role", "application");
    this.addEventListener("pointermove", (event) => {
      if (event.pointerType !== "touch") this.#choose(this.#unitAt(event)); // a finger scrolls
    });
    this.addEventListener("click", (event) => this.#choose(this.#unitAt(event)));
    this.addEventListener("pointerleave", (event) => {
      if (event.pointerType !== "touch") this.#choose(null);
    });
    this.addEventListener("focus", () => {
      if (this.matches(":focus-visible")) this.#choose(this.#unit ?? [0, 0], true);
    });
    this.addEventListener("blur", () => this.#choose(null));
    this.addEventListener("keydown", (event) => this.#keyDown(event));
  }

  /** Reserve the room of maps that are still to come. */
  set shape({ channels, side }) {
    const columns = Math.min(Number(this.getAttribute("columns") ?? MOST_COLUMNS), channels);
    this.#canvas.width = columns * (TILE + GAP) - GAP;
    this.#canvas.height = Math.ceil(channels / columns) * (TILE + GAP) - GAP;
    this.#maps = { channels, side, columns, values: null };
    this.#repaint();
  }

  /** Float32Array of channels × side × side, or null for nothing. */
  set values(values) {
    if (!this.#maps) return;
    this.#maps.values = values;
    this.#repaint();
    if (this.#unit) this.#tell();
  }

  #repaint() {
    this.#dirty = true;
    clearTimeout(this.#rest);
    if (this.#visible) this.#paint();
    else this.#rest = setTimeout(() => this.#paint(), REST);
  }

  #paint() {
    if (!this.#dirty || !this.#maps) return;
    this.#dirty = false;
    const { channels, side, columns, values } = this.#maps;
    const context = this.#canvas.getContext("2d");
    const colours = readColours(this);
    const shades = this.hasAttribute("signed")
      ? palette(colours.against, colours.sheet, colours.for)
      : palette(colours.sheet, colours.ink);
    const levels = values ? this.#levels(values, side) : null;
    const blank = palette(colours.sheet, colours.sheet)[0];
    const image = context.createImageData(this.#canvas.width, this.#canvas.height);
    const pixels = new Uint32Array(image.data.buffer);
    for (let channel = 0; channel < channels; channel++) {
      const [left, top] = this.#cornerOf(channel, columns);
      for (let y = 0; y < TILE; y++) {
        const from = (channel * side + Math.floor((y * side) / TILE)) * side;
        const to = (top + y) * image.width + left;
        for (let x = 0; x < TILE; x++) {
          pixels[to + x] = levels ? shades[levels[from + Math.floor((x * side) / TILE)]] : blank;
        }
      }
    }
    context.putImageData(image, 0, 0);
    this.#paintUnit(context);
  }

  /** Values as 0..255: signed ones on one scale around nought, others each map on its own. */
  #levels(values, side) {
    const levels = new Uint8ClampedArray(values.length);
    const area = this.hasAttribute("signed") ? values.length : side * side;
    for (let start = 0; start < values.length; start += area) {
      const map = values.subarray(start, start + area);
      let least = Math.min(...map), most = Math.max(...map);
      if (this.hasAttribute("signed")) {
        most = Math.max(-least, most);
        least = -most;
      }
      const scale = 255 / Math.max(most - least, this.hasAttribute("signed") ? 1e-6 : LEAST_CONTRAST);
      for (let at = 0; at < area; at++) levels[start + at] = (map[at] - least) * scale;
    }
    return levels;
  }

  #cornerOf(channel, columns) {
    return [(channel % columns) * (TILE + GAP), Math.floor(channel / columns) * (TILE + GAP)];
  }

  #paintUnit(context) {
    if (!this.#unit) return;
    const { channel, row, column } = this.#located();
    const { side, columns } = this.#maps;
    const [left, top] = this.#cornerOf(channel, columns);
    const unit = TILE / side;
    context.strokeStyle = getComputedStyle(this).getPropertyValue("--accent");
    context.lineWidth = 3;
    context.strokeRect(left + column * unit - 1.5, top + row * unit - 1.5, unit + 3, unit + 3);
  }

  // A unit is held as [y, x] on the sheet of all tiles, without the gaps, so that arrow keys can
  // walk on from one tile to the next.
  #located() {
    const { side, columns } = this.#maps;
    const [y, x] = this.#unit;
    const channel = Math.floor(y / side) * columns + Math.floor(x / side);
    return { channel, row: y % side, column: x % side };
  }

  #unitAt(event) {
    if (!this.#maps) return null;
    const { channels, side, columns } = this.#maps;
    const box = this.#canvas.getBoundingClientRect();
    const pitch = (TILE + GAP) * (box.width / this.#canvas.width);
    const at = [event.clientY - box.top, event.clientX - box.left].map((length) => {
      const tile = Math.floor(length / pitch);
      const within = Math.floor(((length - tile * pitch) / pitch) * ((TILE + GAP) / TILE) * side);
      return tile * side + Math.min(within, side - 1);
    });
    const channel = Math.floor(at[0] / side) * columns + Math.floor(at[1] / side);
    return Math.min(...at) >= 0 && channel < channels ? at : null;
  }

  #keyDown(event) {
    const move = ARROWS[event.key];
    if (!move || !this.#maps || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const { channels, side, columns } = this.#maps;
    const bounds = [Math.ceil(channels / columns) * side, Math.min(columns, channels) * side];
    const from = this.#unit ?? [0, 0];
    const to = from.map((at, axis) => Math.min(Math.max(at + move[axis], 0), bounds[axis] - 1));
    this.#choose(to, true);
  }

  #choose(unit, byKey = false) {
    if (String(unit) === String(this.#unit)) return;
    this.#unit = unit;
    this.#byKey = byKey;
    this.#repaint();
    this.#tell();
  }

  #tell() {
    let detail = null;
    if (this.#unit && this.#maps) {
      const place = this.#located();
      const { side, values } = this.#maps;
      const value = values?.[(place.channel * side + place.row) * side + place.column];
      detail = { ...place, value, byKey: this.#byKey };
      this.#byKey = false;
    }
    this.dispatchEvent(new CustomEvent("unit", { detail, bubbles: true }));
  }
}

customElements.define("layer-tiles", LayerTiles);
