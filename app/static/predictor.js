const DEADLINE = 8000; // ms, and for a body as long as the slowest upload that the service waits for:
const UPLINK = 8; // bytes a ms
const RETRY = { first: 500, last: 8000 };

/**
 * Asks the service about the latest picture, at most once per animation frame.
 *
 * One request flies at a time. While a stroke is drawn, the newest picture waits for the answer to
 * the one before: aborting that at each frame would show no answer at all on a slow line. A picture
 * that is `urgent` (the stroke ended, something was undone) aborts what flies.
 *
 * Events, all with `detail`: `answer` (the service's JSON, `roundTrip` and `inference` in ms),
 * `problem` (the problem details), `away` (`retryIn` in ms), `back`.
 */
export class Predictor extends EventTarget {
  #wanted = null;
  #flight = null;
  #frame = 0;
  #retry = 0;
  #failures = 0;

  constructor() {
    super();
    addEventListener("online", () => this.#retry && this.#schedule());
  }

  /** `picture` is a function that returns the promise of a Blob, or of null for nothing to see. */
  ask(picture, { urgent = false } = {}) {
    this.#wanted = picture;
    if (urgent) this.#abort();
    if (this.#flight || (this.#retry && !urgent)) return;
    this.#schedule();
  }

  /** Forget the picture: the pad is empty. */
  cancel() {
    this.#wanted = null;
    this.#abort();
    if (this.#failures && !this.#retry) this.#schedule();
  }

  #abort() {
    this.#flight?.abort();
    this.#flight = null;
  }

  #schedule() {
    clearTimeout(this.#retry);
    this.#retry = 0;
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#send();
    });
  }

  async #send() {
    const picture = this.#wanted;
    if (this.#flight || (!picture && !this.#failures)) return;
    this.#wanted = null;
    const flight = (this.#flight = new AbortController());
    let deadline = 0;
    try {
      const body = await picture?.();
      deadline = setTimeout(() => flight.abort(), DEADLINE + (body?.size ?? 0) / UPLINK);
      const event = await (picture ? predict(body, flight.signal) : ready(flight.signal));
      if (flight !== this.#flight) return;
      if (this.#failures) this.#tell("back");
      this.#failures = 0;
      if (event) this.#tell(...event);
    } catch ({ retryAfter = 0 }) {
      if (flight !== this.#flight) return;
      this.#wanted ??= picture;
      const patience = Math.min(RETRY.first * 2 ** this.#failures++, RETRY.last);
      const retryIn = Math.max(patience, retryAfter);
      this.#retry = setTimeout(() => this.#schedule(), retryIn);
      this.#tell("away", { retryIn });
    } finally {
      clearTimeout(deadline);
      if (flight === this.#flight) {
        this.#flight = null;
        if (this.#wanted && !this.#retry) this.#schedule();
      }
    }
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** Whether the service is back; throws if not. */
async function ready(signal) {
  const response = await fetch("/health/ready", { signal });
  if (!response.ok) throw new Error(response.statusText);
  return null;
}

/** One picture's answer; throws if it is to be asked again: the service is away, or has too much to do. */
async function predict(body, signal) {
  if (!body) return ["problem", { title: "Nothing is left to see" }];
  const started = performance.now();
  const response = await fetch("/predict?include=image&include=class_maps", {
    method: "POST",
    body,
    headers: { "Content-Type": body.type || "application/octet-stream" },
    signal,
  });
  const { ok, status, statusText, headers } = response;
  if (status >= 500 || status === 429) {
    const retryAfter = 1000 * headers.get("Retry-After") || 0; // a date is no number
    throw Object.assign(new Error(statusText), { retryAfter });
  }
  if (!ok && !headers.get("Content-Type")?.includes("problem")) {
    return ["problem", { title: "The picture was refused", detail: `${status} ${statusText}` }]; // by a proxy
  }
  const detail = await response.json();
  detail.roundTrip = performance.now() - started;
  detail.inference = inferenceTime(headers.get("Server-Timing"));
  return [ok ? "answer" : "problem", detail];
}

function inferenceTime(timing) {
  const duration = /\binfer;dur=([\d.]+)/.exec(timing);
  return duration ? Number(duration[1]) : undefined;
}
