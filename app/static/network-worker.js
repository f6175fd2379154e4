import { Network } from "./network.js";
import { parseSafetensors } from "./safetensors.js";

const weights = load();

/** The first layer's filters, once; then each `Uint8Array` of 784 pixels gets all layers' maps. */
weights.then(({ tensors }) => {
  postMessage({ filters: tensors.get("block1.0.0.weight").values });
}, () => {});

addEventListener("message", async ({ data: pixels }) => {
  const network = await weights.then((weights) => new Network(weights), () => null);
  const started = performance.now();
  const layers = network?.forward(pixels) ?? null;
  const buffers = layers ? [...layers.values()].map((maps) => maps.values.buffer) : [];
  postMessage({ layers, time: performance.now() - started }, buffers);
});

async function load() {
  const response = await fetch("/weights/digits.safetensors");
  if (!response.ok) throw new Error(`The weights did not come: ${response.status}`);
  return parseSafetensors(await response.arrayBuffer());
}
