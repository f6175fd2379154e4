/**
 * The network, run in the page from the service's own weights. A layer's maps are
 * `{ channels, side, values }`, their values a Float32Array of channels × side × side.
 */

const EPSILON = 1e-5; // of BatchNorm
const INPUT_SIDE = 28;

export class Network {
  #weights;
  #pooled; // of 2×2 values
  #poolLast; // behind a transition's convolution

  /** Takes what `parseSafetensors` returns. */
  constructor({ tensors, notes }) {
    this.#weights = tensors;
    this.#pooled = notes.pooling === "average" ? mean : Math.max;
    this.#poolLast = notes.pool_last === "true";
  }

  /** 784 pixels of 0..255, ink bright → a Map of each layer's maps, named as in `/model-info`. */
  forward(pixels) {
    const layers = new Map();
    const record = (name, maps) => {
      layers.set(name, maps);
      return maps;
    };
    let x = record("normalize", this.#normalize(pixels));
    x = record("block1.0", this.#convReluNorm("block1.0", x));
    x = record("block1.1", this.#convReluNorm("block1.1", x));
    x = record("block1.2", this.#convReluNorm("block1.2", x));
    x = record("transition1", this.#transition("transition1", x));
    x = record("block2.0", this.#convReluNorm("block2.0", x));
    x = record("block2.1", this.#convReluNorm("block2.1", x));
    x = record("transition2", this.#transition("transition2", x));
    x = record("block3.0", this.#convReluNorm("block3.0", x));
    x = record("block3.1", this.#convReluNorm("block3.1", x));
    x = record("prediction", convolve(x, this.#weights.get("prediction.weight")));
    record("log_probabilities", logSoftmax(averages(x)));
    return layers;
  }

  #normalize(pixels) {
    const [mean] = this.#weights.get("mean").values, [std] = this.#weights.get("std").values;
    const values = Float32Array.from(pixels, (pixel) => (pixel / 255 - mean) / std);
    return { channels: 1, side: INPUT_SIDE, values };
  }

  #transition(name, maps) {
    return this.#poolLast
      ? halve(this.#convReluNorm(`${name}.0`, maps), this.#pooled)
      : this.#convReluNorm(`${name}.1`, halve(maps, this.#pooled));
  }

  #convReluNorm(name, maps) {
    const convolved = convolve(maps, this.#weights.get(`${name}.0.weight`));
    const [gain, bias, mean, variance] = ["weight", "bias", "running_mean", "running_var"].map(
      (part) => this.#weights.get(`${name}.2.${part}`).values,
    );
    const { channels, side, values } = convolved;
    for (let channel = 0; channel < channels; channel++) {
      const scale = gain[channel] / Math.sqrt(variance[channel] + EPSILON);
      const map = values.subarray(channel * side * side, (channel + 1) * side * side);
      for (let at = 0; at < map.length; at++) {
        map[at] = (Math.max(map[at], 0) - mean[channel]) * scale + bias[channel];
      }
    }
    return convolved;
  }
}

function convolve(maps, { shape: [outputs, inputs, size], values: filters }) {
  return size === 1 ? mix(maps, filters, outputs, inputs) : slide(maps, filters, outputs, inputs);
}

/** 1×1: each output is a weighted sum of all maps, the same at every place. */
function mix({ side, values }, filters, outputs, inputs) {
  const area = side * side;
  const result = new Float32Array(outputs * area);
  for (let output = 0; output < outputs; output++) {
    for (let input = 0; input < inputs; input++) {
      const weight = filters[output * inputs + input];
      const to = output * area, from = input * area;
      for (let at = 0; at < area; at++) result[to + at] += weight * values[from + at];
    }
  }
  return { channels: outputs, side, values: result };
}

/**
 * 3×3: slides each filter over all maps. Nine weights in variables and a border of zeros in place
 * of bounds make this three times as fast as a loop over the filter.
 */
function slide({ side, values }, filters, outputs, inputs) {
  const wide = side + 2;
  const bordered = new Float32Array(inputs * wide * wide);
  for (let row = 0; row < inputs * side; row++) {
    const from = values.subarray(row * side, (row + 1) * side);
    bordered.set(from, (row + 2 * Math.floor(row / side) + 1) * wide + 1);
  }
  const result = new Float32Array(outputs * side * side);
  for (let output = 0; output < outputs; output++) {
    for (let input = 0; input < inputs; input++) {
      const at = (output * inputs + input) * 9;
      const [a, b, c, d, e, f, g, h, i] = filters.subarray(at, at + 9);
      for (let y = 0; y < side; y++) {
        const to = (output * side + y) * side;
        const top = (input * wide + y) * wide, middle = top + wide, bottom = middle + wide;
        for (let x = 0; x < side; x++) {
          result[to + x] +=
            a * bordered[top + x] + b * bordered[top + x + 1] + c * bordered[top + x + 2] +
            d * bordered[middle + x] + e * bordered[middle + x + 1] + f * bordered[middle + x + 2] +
            g * bordered[bottom + x] + h * bordered[bottom + x + 1] + i * bordered[bottom + x + 2];
        }
      }
    }
  }
  return { channels: outputs, side, values: result };
}

const mean = (a, b, c, d) => (a + b + c + d) / 4;

/** Makes one value of each 2×2. */
function halve({ channels, side, values }, pooled) {
  const half = side / 2;
  const result = new Float32Array(channels * half * half);
  for (let row = 0; row < channels * half; row++) {
    for (let column = 0; column < half; column++) {
      const at = 2 * (row * side + column);
      result[row * half + column] = pooled(
        values[at], values[at + 1], values[at + side], values[at + side + 1],
      );
    }
  }
  return { channels, side: half, values: result };
}

/** Global average pooling: one number a map. */
function averages({ channels, side, values }) {
  const area = side * side;
  const result = Float32Array.from({ length: channels }, (_, channel) => {
    return values.subarray(channel * area, (channel + 1) * area).reduce((a, b) => a + b) / area;
  });
  return { channels, side: 1, values: result };
}

function logSoftmax({ channels, side, values }) {
  const largest = Math.max(...values);
  const total = Math.log(values.reduce((sum, value) => sum + Math.exp(value - largest), 0));
  return { channels, side, values: values.map((value) => value - largest - total) };
}
