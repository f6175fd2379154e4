/**
 * Strokes as text for a URL: about three characters a point.
 *
 * Bytes in base64url: the version; then for each stroke its width in thousandths of the side, its
 * flags, the number of its points, and for each point how far it lies from the one before, in
 * 1/1024 of the side. Numbers are LEB128, signed ones zigzag.
 */

const VERSION = 1;
const STEPS = 1024;
const NEAR = 3; // steps; a point nearer to the one before adds nothing to see
const FLAG = { erase: 1, pressure: 2 };
const PRESSURE_STEPS = 100;
const MOST = { strokes: 1000, points: 20_000 };

/** Strokes as in `strokes.js` → text. */
export function encodeStrokes(strokes) {
  const bytes = [VERSION];
  for (const { width, erase, points } of strokes) {
    const steady = points.every((point) => point[2] === 1);
    const kept = thin(points.map(([x, y, pressure]) => [
      Math.round(x * STEPS), Math.round(y * STEPS), Math.round(pressure * PRESSURE_STEPS),
    ]));
    const flags = (erase ? FLAG.erase : 0) | (steady ? 0 : FLAG.pressure);
    for (const value of [Math.round(width * 1000), flags, kept.length]) pushNumber(bytes, value);
    let last = [0, 0];
    for (const [x, y, pressure] of kept) {
      pushNumber(bytes, zigzag(x - last[0]));
      pushNumber(bytes, zigzag(y - last[1]));
      if (!steady) pushNumber(bytes, pressure);
      last = [x, y];
    }
  }
  const binary = bytes.map((byte) => String.fromCharCode(byte)).join("");
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Text → strokes; null if it is none. */
export function decodeStrokes(text) {
  try {
    const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    const reader = new Reader(Uint8Array.from(binary, (character) => character.charCodeAt(0)));
    return reader.next() === VERSION ? readStrokes(reader) : null;
  } catch {
    return null;
  }
}

function readStrokes(reader) {
  const strokes = [];
  while (!reader.done) {
    const width = reader.next() / 1000, flags = reader.next(), length = reader.next();
    if (width === 0 || length === 0) return null;
    if (length > MOST.points || strokes.length >= MOST.strokes) return null;
    const points = [];
    let x = 0, y = 0;
    for (let index = 0; index < length; index++) {
      x += unzigzag(reader.next());
      y += unzigzag(reader.next());
      const pressure = flags & FLAG.pressure ? reader.next() / PRESSURE_STEPS : 1;
      points.push([x / STEPS, y / STEPS, pressure]);
    }
    strokes.push({ width, erase: Boolean(flags & FLAG.erase), points });
  }
  return strokes.length ? strokes : null;
}

function thin(points) {
  const kept = [points[0]];
  for (const point of points.slice(1, -1)) {
    const last = kept.at(-1);
    if (Math.hypot(point[0] - last[0], point[1] - last[1]) >= NEAR) kept.push(point);
  }
  if (points.length > 1) kept.push(points.at(-1));
  return kept;
}

const zigzag = (value) => (value < 0 ? -2 * value - 1 : 2 * value);
const unzigzag = (value) => (value % 2 ? -(value + 1) / 2 : value / 2);

function pushNumber(bytes, value) {
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
  bytes.push(value);
}

class Reader {
  #bytes;
  #at = 0;

  constructor(bytes) {
    this.#bytes = bytes;
  }

  get done() {
    return this.#at >= this.#bytes.length;
  }

  next() {
    for (let value = 0, unit = 1; ; unit *= 128) {
      if (this.done || unit > 2 ** 28) throw new RangeError("The text breaks off.");
      const byte = this.#bytes[this.#at++];
      value += (byte & 127) * unit;
      if (byte < 128) return value;
    }
  }
}
