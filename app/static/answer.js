const SURE = 0.6;
const LEAST_LOG = -20; // the foot of the pale bars, one chance in five hundred million

/** A probability as per cent, rounded down: 99.97 % is not certainty. */
export function percent(probability) {
  const value = probability * 100;
  if (value >= 99) return (Math.floor(value * 10) / 10).toFixed(1);
  if (value >= 10) return String(Math.floor(value));
  return value >= 0.1 ? (Math.floor(value * 10) / 10).toFixed(1) : "0";
}

const significant = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
const signed = (value) => significant.format(value).replace("-", "−");

/** The same with the digits that a bar has no room for. */
function precisePercent(probability) {
  const value = probability * 100;
  return value < 1 ? significant.format(value) : String(Math.floor(value * 1e4) / 1e4);
}

/**
 * `<digit-answer>`: the digit, how sure the network is, what it saw, and a bar for each digit.
 *
 * Its methods return the sentence that says the same, for the live region. Fires `inspect` with
 * `detail.digit` (or null) when a bar is pointed at or focused.
 */
class DigitAnswer extends HTMLElement {
  #bars = [];
  #answer = null;

  connectedCallback() {
    this.#bars = Array.from({ length: 10 }, (_, digit) => this.#makeBar(digit));
    this.#part("bars").append(...this.#bars);
    this.empty();
  }

  /** Nothing is drawn. */
  empty() {
    this.#reset("empty", "", "", "Here: what it believes of each digit. Pale bars: the logarithm.");
    return "The pad is empty.";
  }

  /** The service looked and found no digit, or could not read the file. */
  problem({ title, detail }) {
    this.#reset("problem", "", title, detail ?? "");
    return `${title}. ${detail ?? ""}`;
  }

  /** The service's answer to a picture. */
  show(answer) {
    const { digit, confidence, log_probabilities: logs, image, roundTrip } = answer;
    const order = logs.map((_, each) => each).sort((a, b) => logs[b] - logs[a]);
    const sure = confidence >= SURE;
    const rival = order[1];
    this.#answer = answer;
    this.#set(sure ? "sure" : "unsure", String(digit));
    this.#part("verdict").textContent = sure ? `${percent(confidence)} % sure` : "Not sure";
    this.#part("second").textContent = sure
      ? `else a ${rival}`
      : `a ${digit}, or a ${rival}?`;
    this.#part("time").textContent = `${Math.max(1, Math.round(roundTrip))} ms round trip`;
    const saw = this.#part("saw");
    saw.src = image;
    saw.hidden = false;
    this.#bars.forEach((bar, each) => {
      const text = percent(Math.exp(logs[each]));
      bar.style.setProperty("--probability", Math.exp(logs[each]));
      bar.style.setProperty("--log", Math.max(0, 1 - logs[each] / LEAST_LOG));
      bar.querySelector(".percent").textContent = text;
      bar.title = `log-probability ${signed(logs[each])}`;
      bar.setAttribute("aria-label", `${each}: ${text} %, log-probability ${signed(logs[each])}`);
      bar.toggleAttribute("data-best", each === digit);
    });
    this.#explain(this.#inspected);
    const share = Math.floor(confidence * 100);
    return sure
      ? `This is a ${digit}, ${share} % sure`
      : `Not sure: perhaps a ${digit}, ${share} % sure, or a ${rival}`;
  }

  /** Whether the answer shown is of an older drawing, because the service is away. */
  set stale(stale) {
    this.toggleAttribute("data-stale", stale);
  }

  get #inspected() {
    const bar = this.querySelector(".bar:focus-visible") ?? this.querySelector(".bar:hover");
    return bar ? this.#bars.indexOf(bar) : null;
  }

  #makeBar(digit) {
    const bar = document.createElement("button");
    bar.type = "button";
    bar.className = "bar";
    bar.innerHTML =
      `<span class="percent"></span>` +
      `<span class="track"><span class="log"></span><span class="fill"></span></span>` +
      `<span class="name">${digit}</span>`;
    for (const type of ["pointerenter", "focus", "click"]) {
      bar.addEventListener(type, () => this.#inspect(digit));
    }
    for (const type of ["pointerleave", "blur"]) {
      bar.addEventListener(type, () => this.#inspect(this.#inspected));
    }
    return bar;
  }

  #inspect(digit) {
    this.#explain(digit);
    this.dispatchEvent(new CustomEvent("inspect", { detail: { digit } }));
  }

  #explain(digit) {
    if (!this.#answer) return;
    const logs = this.#answer.log_probabilities;
    const shown = digit ?? this.#answer.digit;
    this.#part("note").textContent =
      `${shown}: ${precisePercent(Math.exp(logs[shown]))} %, ` +
      `log-probability ${signed(logs[shown])}`;
  }

  #reset(state, digit, verdict, note) {
    this.#answer = null;
    this.#set(state, digit);
    this.#part("verdict").textContent = verdict;
    this.#part("note").textContent = note;
    this.#part("second").textContent = this.#part("time").textContent = "";
    this.#part("saw").hidden = true;
    this.#bars.forEach((bar, each) => {
      bar.style.setProperty("--probability", 0);
      bar.style.setProperty("--log", 0);
      bar.querySelector(".percent").textContent = "";
      bar.title = "";
      bar.setAttribute("aria-label", `${each}: no answer yet`);
      bar.removeAttribute("data-best");
    });
  }

  #set(state, digit) {
    this.stale = false;
    this.dataset.state = state;
    const hero = this.#part("digit");
    if (hero.textContent === digit) return;
    hero.textContent = digit;
    hero.getAnimations().forEach((animation) => animation.cancel());
    if (digit && !matchMedia("(prefers-reduced-motion: reduce)").matches) {
      hero.animate(
        [{ opacity: 0.2, transform: "translateY(0.04em)" }, { opacity: 1, transform: "none" }],
        { duration: 160, easing: "ease-out" },
      );
    }
  }

  #part(name) {
    return this.querySelector(`[data-part="${name}"]`);
  }
}

customElements.define("digit-answer", DigitAnswer);
