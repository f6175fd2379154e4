import "./pad.js";
import "./answer.js";
import "./inside.js";
import "./model.js";
import { acceptPictures } from "./pictures.js";
import { Predictor } from "./predictor.js";
import { blobOf, copy, curlCommand, tooLargeToPaste } from "./sharing.js";
import { decodeStrokes, encodeStrokes } from "./stroke-code.js";

const QUIET = 450; // ms without news before the live region speaks

const pad = document.querySelector("drawing-pad");
const answer = document.querySelector("digit-answer");
const inside = document.querySelector("network-inside");
const notice = document.querySelector("#notice");
const live = document.querySelector("#live");
const legend = document.querySelector("#legend");
const width = document.querySelector("#width");
const button = (name) => document.querySelector(`[data-action="${name}"]`);
const predictor = new Predictor();
let saw = null; // the 28×28 of the latest answer, a data URI

let speaking = 0;
/** Speak in the live region when nothing else is said for a while, if it is `still` true then. */
function say(sentence, still = () => true) {
  clearTimeout(speaking);
  speaking = setTimeout(() => {
    if (still()) live.textContent = sentence;
  }, QUIET);
}

const picture = () => pad.toBlob();

function refresh({ settled }) {
  button("undo").disabled = !pad.canUndo;
  button("redo").disabled = !pad.canRedo;
  for (const name of ["clear", "curl"]) button(name).disabled = pad.empty;
  const drawn = pad.strokes.length > 0;
  button("link").disabled = button("erase").disabled = !drawn; // a picture fits in no link
  if (!drawn) erase(false);
  if (settled) history.replaceState(null, "", address());
  if (pad.empty) {
    predictor.cancel();
    showPicture(null);
    say(answer.empty(), () => pad.empty);
  } else {
    predictor.ask(picture, { urgent: settled });
  }
}

function showPicture(image) {
  saw = image;
  button("save").disabled = image === null;
  inside.show(image);
}

pad.addEventListener("change", (event) => refresh(event.detail));
pad.addEventListener("paint", () => inside.mirror(pad));

predictor.addEventListener("answer", ({ detail }) => {
  pad.preprocessing = detail.preprocessing;
  say(answer.show(detail));
  showPicture(detail.image);
});
predictor.addEventListener("problem", ({ detail }) => {
  showPicture(null);
  say(answer.problem(detail));
});
predictor.addEventListener("away", ({ detail }) => {
  const first = notice.hidden;
  notice.hidden = false;
  notice.querySelector("span").textContent = `trying again in ${Math.ceil(detail.retryIn / 1000)} s`;
  answer.stale = true;
  if (first) say("The service is away. Your drawing is kept, and the page tries again by itself.");
});
predictor.addEventListener("back", () => {
  notice.hidden = true;
  answer.stale = false;
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
  const strokes = decodeStrokes(location.hash.slice(1));
  if (strokes) pad.strokes = strokes;
  else pad.clear();
}

async function curl() {
  let body = await picture();
  if (saw && (!body || tooLargeToPaste(body))) body = blobOf(saw);
  if (!body) throw new Error("Nothing is left to see.");
  return curlCommand(body, new URL("/predict", location.href).href);
}

async function copyFrom(name, text) {
  const label = button(name).dataset.label ??= button(name).textContent;
  const report = await text().then(copy).then(() => "Copied", () => "Not copied");
  say(report);
  button(name).textContent = report;
  setTimeout(() => (button(name).textContent = label), 1600);
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
restore();
refresh({ settled: true });
