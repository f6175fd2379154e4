import "./pad.js";
import "./answer.js";
import "./inside.js";
import "./model.js";
import { acceptPictures } from "./pictures.js";
import { Predictor } from "./predictor.js";
import { blobOf, copy, curlCommand, tooLargeToPaste } from "./sharing.js";
import { decodeStrokes, encodeStrokes } from "./stroke-code.js";

const QUIET = 450; // ms without news before the live region speaks
const PATIENCE = 300; // ms until an answer is missed

const pad = document.querySelector("drawing-pad");
const answer = document.querySelector("digit-answer");
const inside = document.querySelector("network-inside");
const notice = document.querySelector("#notice");
const live = document.querySelector("#live");
const legend = document.querySelector("#legend");
const width = document.querySelector("#width");
const button = (name) => document.querySelector(`[data-action="${name}"]`);
const predictor = new Predictor();
let saw = null; // the 28×28 that the network saw of what the pad shows, a data URI
let away = false;

let speaking = 0;
/** Speak in the live region when nothing else is said for a while, if it is `still` true then. */
function say(sentence, still = () => true) {
  clearTimeout(speaking);
  speaking = setTimeout(() => {
    if (still()) live.textContent = sentence;
  }, QUIET);
}

/** A line below the answer; null for none. */
function remark(text) {
  notice.hidden = text === null;
  notice.textContent = text;
}

/** Something that was asked for did not come about; what the pad shows stays. */
function explain(sentence) {
  remark(sentence);
  say(sentence);
}

const picture = () => pad.toBlob();

let missed = 0;

function refresh({ settled }) {
  button("undo").disabled = !pad.canUndo;
  button("redo").disabled = !pad.canRedo;
  for (const name of ["clear", "curl"]) button(name).disabled = pad.empty;
  const drawn = pad.strokes.length > 0;
  button("link").disabled = button("erase").disabled = !drawn; // a picture fits in no link
  if (!drawn) erase(false);
  if (settled) {
    history.replaceState(null, "", address());
    keep(null);
    clearTimeout(missed);
  }
  if (pad.empty) {
    predictor.cancel();
    inside.show(null);
    if (!away) remark(null);
    say(answer.empty(), () => pad.empty);
  } else {
    if (settled && !away) missed = setTimeout(miss, PATIENCE);
    predictor.ask(picture, { urgent: settled });
  }
  if (document.activeElement?.disabled) pad.focus({ preventScroll: true });
}

/** The answer shown is another picture's. */
function miss() {
  answer.stale = true;
  remark("Sending the picture …");
  say("Sending the picture.");
}

function keep(image) {
  saw = image;
  button("save").disabled = image === null;
}

/** The service has answered, and the network saw `image`, if any. */
function answered(image) {
  clearTimeout(missed);
  remark(null);
  keep(image);
  inside.show(image);
}

pad.addEventListener("change", (event) => refresh(event.detail));
pad.addEventListener("paint", () => inside.mirror(pad));
pad.addEventListener("unreadable", () => explain("This file can't be read."));

predictor.addEventListener("answer", ({ detail }) => {
  pad.preprocessing = detail.preprocessing;
  say(answer.show(detail));
  answered(detail.image);
});
predictor.addEventListener("problem", ({ detail }) => {
  answered(null);
  say(answer.problem(detail));
});
predictor.addEventListener("away", ({ detail }) => {
  clearTimeout(missed);
  const seconds = Math.ceil(detail.retryIn / 1000);
  remark(`The service is away. Your drawing is kept; trying again in ${seconds} s.`);
  answer.stale = true;
  if (!away) say("The service is away. Your drawing is kept, and the page tries again by itself.");
  away = true;
});
predictor.addEventListener("back", () => {
  away = answer.stale = false;
  remark(null);
  if (pad.empty) say("The service is back.");
});

answer.addEventListener("inspect", ({ detail }) => {
  pad.evidence = detail.evidence;
  legend.hidden = detail.evidence === null;
  legend.querySelector("b").textContent = detail.digit ?? "";
});
inside.addEventListener("patch", ({ detail }) => {
  pad.patch = detail?.patch ?? null;
  if (detail?.sentence) say(detail.sentence);
});

/** The page's address with the strokes in it. */
function address() {
  const { origin, pathname, search } = location;
  const fragment = pad.strokes.length ? `#${encodeStrokes(pad.strokes)}` : "";
  return origin + pathname + search + fragment;
}

function restore() {
  const code = location.hash.slice(1);
  const strokes = decodeStrokes(code);
  if (strokes) pad.strokes = strokes;
  else if (code) explain("This link is incomplete.");
  else pad.clear();
}

async function curl() {
  let body = await picture();
  if (!body || tooLargeToPaste(body)) body = saw && blobOf(saw);
  if (!body) throw new Error("There is nothing to paste, or not yet.");
  return curlCommand(body, new URL("/predict", location.href).href);
}

async function copyFrom(name, text) {
  const { style, dataset } = button(name);
  const label = dataset.label ??= button(name).textContent;
  const report = await text().then(copy).then(() => "Copied", () => "Not copied");
  say(report);
  style.minWidth = `${button(name).getBoundingClientRect().width}px`; // so that its neighbours stay
  button(name).textContent = report;
  setTimeout(() => {
    style.minWidth = "";
    button(name).textContent = label;
  }, 1600);
}

function erase(erasing) {
  pad.erasing = erasing;
  button("erase").setAttribute("aria-pressed", erasing);
}

const actions = {
  undo: () => pad.undo(),
  redo: () => pad.redo(),
  clear: () => pad.clear(),
  erase: () => erase(!pad.erasing),
  link: () => copyFrom("link", async () => address()),
  curl: () => copyFrom("curl", curl),
  save: () => {
    const link = document.createElement("a");
    link.href = saw;
    link.download = "digit-28x28.png";
    link.click();
  },
};
for (const [name, act] of Object.entries(actions)) button(name).addEventListener("click", act);

width.addEventListener("input", () => (pad.penWidth = width.valueAsNumber / 1000));
pad.penWidth = width.valueAsNumber / 1000;

acceptPictures(pad);

document.addEventListener("keydown", (event) => {
  const key = event.key.toLowerCase();
  if (event.ctrlKey || event.metaKey) {
    if (key !== "z" && key !== "y") return;
    event.preventDefault();
    if (key === "y" || event.shiftKey) pad.redo();
    else pad.undo();
  } else if (event.key === "Escape") {
    pad.clear();
  }
});

addEventListener("hashchange", restore);
refresh({ settled: false });
restore();
