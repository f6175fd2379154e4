import "./pad.js";
import "./answer.js";
import "./model.js";
import { Predictor } from "./predictor.js";

const QUIET = 450; // ms without news before the live region speaks

const pad = document.querySelector("drawing-pad");
const answer = document.querySelector("digit-answer");
const notice = document.querySelector("#notice");
const live = document.querySelector("#live");
const button = (name) => document.querySelector(`[data-action="${name}"]`);
const file = document.querySelector("#file");
const width = document.querySelector("#width");
const predictor = new Predictor();

let speaking = 0;
function say(sentence) {
  clearTimeout(speaking);
  speaking = setTimeout(() => (live.textContent = sentence), QUIET);
}

const picture = () => pad.toBlob();

function refresh({ settled }) {
  button("undo").disabled = !pad.canUndo;
  button("redo").disabled = !pad.canRedo;
  button("clear").disabled = pad.empty;
  if (pad.empty) {
    predictor.cancel();
    say(answer.empty());
  } else {
    predictor.ask(picture, { urgent: settled });
  }
}

pad.addEventListener("change", (event) => refresh(event.detail));

predictor.addEventListener("answer", ({ detail }) => {
  say(answer.show(detail));
  pad.frame(detail.preprocessing.bounding_box);
});
predictor.addEventListener("problem", ({ detail }) => say(answer.problem(detail)));
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

const actions = {
  undo: () => pad.undo(),
  redo: () => pad.redo(),
  clear: () => pad.clear(),
  erase: () => {
    pad.erasing = !pad.erasing;
    button("erase").setAttribute("aria-pressed", pad.erasing);
  },
  open: () => file.click(),
};
for (const [name, act] of Object.entries(actions)) button(name).addEventListener("click", act);

width.addEventListener("input", () => (pad.penWidth = width.valueAsNumber / 1000));
pad.penWidth = width.valueAsNumber / 1000;

file.addEventListener("change", () => {
  if (file.files[0]) pad.show(file.files[0]);
  file.value = ""; // so that the same file can be chosen again
});
document.addEventListener("paste", (event) => {
  const [pasted] = event.clipboardData.files;
  if (!pasted) return;
  event.preventDefault();
  pad.show(pasted);
});
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  pad.toggleAttribute("data-target", true);
});
for (const type of ["dragleave", "drop"]) {
  document.addEventListener(type, () => pad.removeAttribute("data-target"));
}
document.addEventListener("drop", (event) => {
  event.preventDefault();
  const [dropped] = event.dataTransfer.files;
  if (dropped) pad.show(dropped);
});

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

refresh({ settled: true });
