/** The page's colours as numbers: `[red, green, blue]`, 0..255. */
export function readColours(element) {
  const style = getComputedStyle(element);
  const read = (name) => parse(style.getPropertyValue(name));
  return { sheet: read("--sheet"), ink: read("--ink"), against: read("--against"), for: read("--for") };
}

function parse(text) {
  const number = parseInt(text.trim().slice(1), 16);
  return [number >> 16, (number >> 8) & 255, number & 255];
}

function mix(from, to, share) {
  return from.map((value, channel) => value + (to[channel] - value) * share);
}

/** 256 pixels, each 32 bits, from one colour to another, by way of the middle one if there is. */
export function palette(...stops) {
  const pixels = new Uint32Array(256);
  const bytes = new Uint8ClampedArray(pixels.buffer);
  for (let step = 0; step < 256; step++) {
    const at = (step / 255) * (stops.length - 1);
    const stop = Math.min(Math.floor(at), stops.length - 2);
    bytes.set([...mix(stops[stop], stops[stop + 1], at - stop), 255], 4 * step);
  }
  return pixels;
}
