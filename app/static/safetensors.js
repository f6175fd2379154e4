/**
 * Reads the float32 tensors of a safetensors file (https://github.com/huggingface/safetensors):
 * the header's length in 8 bytes, the header as JSON, the numbers, all little-endian.
 *
 * ArrayBuffer → Map of name → `{ shape, values }`. Throws a RangeError if the file is cut short and
 * a SyntaxError if it is none.
 */
export function parseSafetensors(buffer) {
  const length = Number(new DataView(buffer).getBigUint64(0, true));
  const start = 8 + length;
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
  const tensors = new Map();
  for (const [name, { dtype, shape, data_offsets: [from, to] = [] }] of Object.entries(header)) {
    if (dtype !== "F32") continue; // BatchNorm's counters, and the file's own notes
    // Copied, because a Float32Array over the buffer must start at a multiple of four.
    const bytes = new Uint8Array(buffer, start + from, to - from).slice();
    tensors.set(name, { shape, values: new Float32Array(bytes.buffer) });
  }
  return tensors;
}
