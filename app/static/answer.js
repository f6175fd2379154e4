import { evidenceOf } from "./evidence.js";

const SURE = 0.6;
const LEAST_LOG = -20; // the foot of the pale bars, one chance in five hundred million

/** Per cent, rounded down and below 100: neither 99.97 % nor a float32 that came to 1 is certainty. */
function percentOf(probability, decimals) {
  const unit = 10 ** decimals;
  return Math.min(Math.floor(probability * 100 * unit), 100 * unit - 1) / unit;
}

/** A probability as per cent, in as many digits as a bar has room for. */
export function percent(probability) {
  const value = probability * 100;
  if (value >= 99) return percentOf(probability, 1).toFixed(1);
  if (value >= 10) return String(Math.floor(value));
  return value >= 0.1 ? (Math.floor(value * 10) / 10).toFixed(1) : "0";
}

const significant = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
const signed = (value) => significant.format(value || 0).replace("-", "−"); // −0 is 0

/** The same with the digits that a bar has no room for. */
function precisePercent(probability) {
  const value = probability * 100;
  return value < 1 ? significant.format(value) : String(percentOf(probability, 4));
}

/**
 * `<digit-answer>`: the digit, how sure the network is, what it saw, and a bar for each digit.
 *
 * Its methods return the sentence that says the same, for the live region. A bar that is pointed
 * at, focused with the keyboard or kept by a click is inspected: fires `inspect` with
 * `detail.digit` and `detail.evidence` (its class map, −1..1), both null when none is.
 */
class DigitAnswer extends HTMLElement {
  #bars = [];
  #answer = null;
  #evidence = null;
  #hovered = null;
  #focused = null;
  #kept = null;
  #pressing = false;

  connectedCallback() {
    this.#bars = Array.from({ length: 10 }, (_, digit) => this.#makeBar(digit));
    this.#part("bars").append(...this.#bars);
    this.empty();
  }

  /** Nothing is drawn. */
  empty() {
    this.#reset("empty", "", "", "What it believes of each digit. Pale: the logarithm.");
    return "The pad is empty.";
  }

  /** The service looked and found no digit, or could not read the file. */
  problem({ title, detail }) {
    this.#reset("problem", "", title, detail ?? "");
    return `${title}. ${detail ?? ""}`;
  }

  /** The service's answer to a picture. */
  show(answer) {
    const { digit, confidence, log_probabilities: logs, image, roundTrip, inference } = answer;
    const order = logs.map((_, each) => each).sort((a, b) => logs[b] - logs[a]);
    const sure = confidence >= SURE;
    const rival = order[1];
    const state = !answer.is_digit ? "no-digit" : sure ? "sure" : "unsure";
    const several = answer.several_digits ? " The largest of several." : "";
    this.#answer = answer;
    this.#evidence = null;
    this.#set(state, String(digit));
    const [verdict, second] = {
      "sure": [`${percent(confidence)}\u00a0% sure`, `else a ${rival}.${several}`],
      "unsure": ["Not sure", `A ${digit}, or a ${rival}?${several}`],
      "no-digit": ["No digit?", `If it is one, a ${digit}.${several}`],
    }[state];
    this.#part("verdict").textContent = verdict;
    this.#part("second").textContent = second;
    this.#part("time").textContent = `${Math.max(1, Math.round(roundTrip))} ms round trip` +
      (inference === undefined ? "" : ",");
    this.#part("inference").textContent =
      inference === undefined ? "" : `${inference.toFixed(1)} ms of it the network`;
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
    this.#inspect();
    const share = percentOf(confidence, 0);
    const sentence = {
      "sure": `This is a ${digit}, ${share} % sure`,
      "unsure": `Not sure: perhaps a ${digit}, ${share} % sure, or a ${rival}`,
      "no-digit": `Hardly a digit. If it is one, a ${digit}`,
    }[state];
    return several ? `${sentence}.${several}` : sentence;
  }

  /** Whether the answer shown is of an older drawing, because the service is away. */
  set stale(stale) {
    this.toggleAttribute("data-stale", stale);
  }

  get #inspected() {
    return this.#hovered ?? this.#focused ?? this.#kept;
  }

  #makeBar(digit) {
    const bar = document.createElement("button");
    bar.type = "button";
    bar.className = "bar";
    bar.innerHTML =
      `<span class="percent"></span>` +
      `<span class="track"><span class="log"></span><span class="fill"></span></span>` +
      `<span class="name">${digit}</span>`;
    const on = (type, act) => bar.addEventListener(type, (event) => {
      act(event);
      this.#inspect();
    });
    on("pointerenter", (event) => {
      if (event.pointerType !== "touch") this.#hovered = digit; // a finger hovers nowhere
    });
    on("pointerleave", () => (this.#hovered = null));
    // A press focuses too; what it shows must not outlast it, unless it is kept.
    on("pointerdown", () => (this.#pressing = true));
    on("focus", () => (this.#focused = this.#pressing ? null : digit));
    on("blur", () => (this.#focused = null));
    on("click", () => {
      this.#pressing = false;
      this.#keep(this.#kept === digit ? null : digit);
    });
    return bar;
  }

  #keep(digit) {
    this.#kept = digit;
    this.#bars.forEach((bar, each) => bar.setAttribute("aria-pressed", each === digit));
    this.#inspect();
  }

  #inspect() {
    const digit = this.#answer ? this.#inspected : null;
    this.#explain(digit);
    if (digit !== null) this.#evidence ??= evidenceOf(this.#answer.class_maps);
    const evidence = digit === null ? null : this.#evidence[digit];
    this.dispatchEvent(new CustomEvent("inspect", { detail: { digit, evidence } }));
  }

  #explain(digit) {
    if (!this.#answer) return;
    const log = this.#answer.log_probabilities[digit];
    this.#part("note").textContent = digit === null
      ? "Why? Point at a bar, or tap it to keep its map."
      : `${digit}: ${precisePercent(Math.exp(log))} %, log-probability ${signed(log)}`;
  }

  #reset(state, digit, verdict, note) {
    this.#answer = null;
    this.#keep(null);
    this.#set(state, digit);
    this.#part("verdict").textContent = verdict;
    this.#part("note").textContent = note;
    for (const part of ["second", "time", "inference"]) this.#part(part).textContent = "";
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
