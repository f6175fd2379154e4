/**
 * The class activation maps (Zhou et al. 2016, https://arxiv.org/abs/1512.04150). The network's
 * logits are the means of its ten class maps, so the maps say exactly where each logit comes from.
 */

const FINE = 84; // pixels along the side of the picture of a map
const MOST_OPAQUE = 0.8;

/**
 * Ten maps as `/predict` or the network gives them → ten Float32Arrays in −1..1, on one scale.
 *
 * Softmax sees only how logits differ, so what a place says for a digit is what it says beyond the
 * mean of all ten: the same for all digits is evidence for none.
 */
export function evidenceOf(maps) {
  const flat = maps.map((map) => map.flat());
  const mean = flat[0].map((_, place) => flat.reduce((sum, map) => sum + map[place], 0) / flat.length);
  const evidence = flat.map((map) => Float32Array.from(map, (value, place) => value - mean[place]));
  const largest = Math.max(...evidence.map((map) => Math.max(...map.map(Math.abs))), 1e-6);
  return evidence.map((map) => map.map((value) => value / largest));
}

/**
 * A square map in −1..1 as a canvas: the colour says for or against, the opacity how much. Faint
 * maps are drawn somewhat stronger, to be seen at all.
 */
export function paintEvidence(map, colours) {
  const fine = enlarge(map, Math.sqrt(map.length), FINE);
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = FINE;
  const context = canvas.getContext("2d");
  const image = context.createImageData(FINE, FINE);
  const strength = Math.sqrt(Math.max(...map.map(Math.abs), 1e-6));
  fine.forEach((value, at) => {
    const opacity = Math.min(Math.abs(value) / strength, 1) * MOST_OPAQUE * 255;
    image.data.set([...(value > 0 ? colours.for : colours.against), opacity], 4 * at);
  });
  context.putImageData(image, 0, 0);
  return canvas;
}

/** Enlarges a square map with Catmull–Rom splines: smooth, and true at the centre of each unit. */
export function enlarge(map, side, to) {
  const rows = alongRows(map, side, side, to);
  return transpose(alongRows(transpose(rows, side, to), to, side, to), to, to);
}

function alongRows(map, height, width, to) {
  const out = new Float32Array(height * to);
  for (let x = 0; x < to; x++) {
    const at = ((x + 0.5) * width) / to - 0.5;
    const left = Math.floor(at), t = at - left;
    const weights = [
      ((2 - t) * t - 1) * t / 2,
      ((3 * t - 5) * t * t + 2) / 2,
      ((4 - 3 * t) * t + 1) * t / 2,
      (t - 1) * t * t / 2,
    ];
    weights.forEach((weight, step) => {
      const from = Math.min(Math.max(left - 1 + step, 0), width - 1);
      for (let y = 0; y < height; y++) out[y * to + x] += weight * map[y * width + from];
    });
  }
  return out;
}

function transpose(map, height, width) {
  return Float32Array.from(map, (_, at) => map[(at % height) * width + Math.floor(at / height)]);
}
