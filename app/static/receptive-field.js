const INPUT_SIDE = 28;

/**
 * The patch of the 28×28 that a unit of a layer sees: left, top, right, bottom in its pixels, which
 * overhang at the border. Each unit's patch lies `stride` pixels beside its neighbour's, and all of
 * them together lie in the middle.
 */
export function patchOf({ side, receptiveField }, row, column) {
  const stride = INPUT_SIDE / side;
  const first = (INPUT_SIDE - (side - 1) * stride - receptiveField) / 2;
  const left = first + column * stride, top = first + row * stride;
  return [left, top, left + receptiveField, top + receptiveField];
}
