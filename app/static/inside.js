import { modelInfo } from "./model-info.js";
import { patchOf } from "./receptive-field.js";
import { REST } from "./tiles.js";

const FIRST_FILTERS = { channels: 8, side: 3 };
const CAPTION =
  `<figcaption><span data-part="facts"></span><span data-part="unit"></span></figcaption>`;
const whole = new Intl.NumberFormat("en");
const decimal = new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const signed = (value) => decimal.format(value).replace("-", "−");

/**
 * `<network-inside>`: walks down the layers with the maps that a worker computes from the drawing.
 * The worker and the weights are fetched when the reader first gets there, or when the pen first
 * rests: a reader who comes then, or a picture taken of the whole page, finds the maps there.
 *
 * Fires `patch` with `detail` `{ patch, sentence }` when a unit is pointed at or reached by keys:
 * what it sees of the 28×28, and for keys what to say of it; null when it is left.
 */
class NetworkInside extends HTMLElement {
  #worker = null;
  #shown = null; // the picture asked for last
  #wanted = null; // the same, until it is sent to the worker
  #waiting = false;
  #inSight = false;
  #rest = 0; // the timer that runs until the pen has rested
  #layers = new Map();

  connectedCallback() {
    for (const tiles of this.#tiles()) {
      tiles.setAttribute("aria-describedby", "walk");
      tiles.closest("figure").insertAdjacentHTML("beforeend", CAPTION);
    }
    const averages = Array.from({ length: 10 }, (_, digit) => `<li><b>${digit}</b><span></span></li>`);
    this.querySelector(".averages").innerHTML = averages.join("");
    new IntersectionObserver(([entry]) => {
      this.#inSight = entry.isIntersecting;
      if (this.#inSight) this.#send();
    }, { rootMargin: "0px 0px -20% 0px" }).observe(this); // its first line in sight is not yet there
    this.addEventListener("unit", ({ target, detail }) => this.#look(target, detail));
    this.#describe();
  }

  /** Compute and show the maps of a picture, the data URI of 28×28 pixels; null for none. */
  show(image) {
    this.#shown = this.#wanted = image;
    clearTimeout(this.#rest);
    this.#rest = 0;
    if (image !== null) {
      if (this.#inSight) this.#send();
      else this.#rest = setTimeout(() => this.#catchUp(), REST);
      return;
    }
    for (const tiles of this.#tiles()) tiles.values = null;
    this.#average(null);
  }

  /** Show the drawing, which is out of sight on a narrow screen. */
  mirror(pad) {
    const canvas = this.querySelector(".mirror");
    if (canvas.clientWidth === 0) return;
    const side = Math.round(canvas.clientWidth * devicePixelRatio);
    if (canvas.width !== side) canvas.width = canvas.height = side;
    pad.copyTo(canvas);
  }

  /** The pen rests. */
  #catchUp() {
    this.#rest = 0;
    this.#send();
  }

  /** One picture at a time; the newest follows. */
  async #send() {
    this.#worker ??= this.#start();
    if (!this.#wanted || this.#waiting) return;
    const image = this.#wanted;
    this.#wanted = null;
    this.#waiting = true;
    this.#worker.postMessage(await pixelsOf(image));
  }

  #start() {
    const worker = new Worker("/static/network-worker.js", { type: "module" });
    worker.addEventListener("message", ({ data }) => this.#receive(data));
    worker.addEventListener("error", () => this.#receive({ layers: null }));
    return worker;
  }

  #receive({ layers, filters, time }) {
    if (filters) {
      this.querySelector('layer-tiles[name="filters"]').values = filters;
      return;
    }
    this.#waiting = false;
    if (!layers) {
      this.#worker = null; // the next time that the reader comes by is soon enough for another try
      this.#part("time").textContent = "The weights did not come, so the maps stay empty.";
      return;
    }
    if (this.#inSight || !this.#rest) this.#send();
    if (this.#shown === null) return; // cleared meanwhile
    this.#part("time").textContent = `All layers, computed in your browser: ${time.toFixed(1)} ms.`;
    for (const tiles of this.#tiles()) {
      const maps = layers.get(tiles.getAttribute("name"));
      if (maps) tiles.values = maps.values;
    }
    const { side, values } = layers.get("prediction");
    this.#average(Array.from({ length: 10 }, (_, digit) => {
      const map = values.subarray(digit * side * side, (digit + 1) * side * side);
      return map.reduce((a, b) => a + b) / map.length;
    }));
  }

  #average(means) {
    const largest = means && Math.max(...means);
    this.querySelectorAll(".averages li").forEach((item, digit) => {
      item.querySelector("span").textContent = means?.[digit].toFixed(1).replace("-", "−") ?? "";
      item.toggleAttribute("data-best", means !== null && means[digit] === largest);
    });
  }

  async #describe() {
    this.querySelector('layer-tiles[name="filters"]').shape = FIRST_FILTERS;
    const info = await modelInfo;
    if (!info) {
      this.querySelector("#walk").textContent =
        "The service did not tell the layers' shapes, so the maps stay empty until the page is loaded again.";
      return;
    }
    for (const layer of info.layers) {
      const { name, output_shape: [channels, side], parameters, receptive_field: field } = layer;
      const tiles = this.querySelector(`layer-tiles[name="${name}"]`);
      if (!tiles) continue;
      this.#layers.set(tiles, { side, receptiveField: field });
      tiles.shape = { channels, side };
      const maps = channels === 1 ? "map" : "maps";
      tiles.setAttribute("aria-label", `${channels} ${maps} of ${side} × ${side}, ${name}`);
      const facts = `${channels} × ${side} × ${side} · ${whole.format(parameters)} parameters · ` +
        `sees ${field} × ${field}`;
      tiles.closest("figure").querySelector("[data-part=facts]").textContent =
        facts.replaceAll(" × ", "\u00a0×\u00a0");
    }
  }

  #look(tiles, unit) {
    const layer = this.#layers.get(tiles);
    const readout = tiles.closest("figure").querySelector("[data-part=unit]");
    if (!unit || !layer) {
      readout.textContent = "";
      this.#tell(null);
      return;
    }
    const value = unit.value === undefined ? "nothing yet" : signed(unit.value);
    const place = `map ${unit.channel + 1}, row ${unit.row + 1}, column ${unit.column + 1}`;
    readout.textContent = `${place}: ${value}`;
    const patch = patchOf(layer, unit.row, unit.column);
    this.#tell({ patch, sentence: unit.byKey ? `${place}: ${value}` : null });
  }

  #tell(detail) {
    this.toggleAttribute("data-looking", detail !== null);
    this.dispatchEvent(new CustomEvent("patch", { detail }));
  }

  #tiles() {
    return this.querySelectorAll("layer-tiles:not([still])");
  }

  #part(name) {
    return this.querySelector(`[data-part="${name}"]`);
  }
}

async function pixelsOf(image) {
  const element = new Image();
  element.src = image;
  await element.decode();
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 28;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(element, 0, 0);
  const { data } = context.getImageData(0, 0, 28, 28);
  return Uint8Array.from({ length: 784 }, (_, at) => data[4 * at]);
}

customElements.define("network-inside", NetworkInside);
