/**
 * Reads the float32 and float16 tensors of a safetensors file (https://github.com/huggingface/safetensors):
 * the header's length in 8 bytes, the header as JSON, the numbers, all little-endian.
 *
 * ArrayBuffer → `{ tensors, notes }`: a Map of name → `{ shape, values }`, and what the file says of
 * itself. Throws a RangeError if the file is cut short and
 * a SyntaxError if it is none.
 */
export function parseSafetensors(buffer) {
  const length = Number(new DataView(buffer).getBigUint64(0, true));
  const start = 8 + length;
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
  const tensors = new Map();
  for (const [name, { dtype, shape, data_offsets: [from, to] = [] }] of Object.entries(header)) {
    if (dtype !== "F32" && dtype !== "F16") continue; // counters, and the file's own notes
    // Copied, because an array of wider numbers over the buffer must start at a multiple of them.
    const bytes = new Uint8Array(buffer, start + from, to - from).slice().buffer;
    const values = dtype === "F32"
      ? new Float32Array(bytes)
      : Float32Array.from(new Uint16Array(bytes), valueOfHalf);
    tensors.set(name, { shape, values });
  }
  return { tensors, notes: header.__metadata__ ?? {} };
}

/** The number that 16 bits stand for (IEEE 754); browsers of before 2025 have no Float16Array. */
function valueOfHalf(bits) {
  const exponent = (bits >> 10) & 31, fraction = (bits & 1023) / 1024;
  const size = exponent ? (1 + fraction) * 2 ** (exponent - 15) : fraction * 2 ** -14;
  return bits >> 15 ? -size : size;
}
