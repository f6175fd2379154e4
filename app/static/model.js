import { modelInfo } from "./model-info.js";

const whole = new Intl.NumberFormat("en");

/** `<model-card>`: fills its accuracy and its layer table from `/model-info`. */
class ModelCard extends HTMLElement {
  async connectedCallback() {
    const info = await modelInfo;
    if (!info) return; // what the document says already stands without it
    const { accuracy, layers, parameters } = info;
    const { correct, images, obtained } = accuracy;
    this.#part("accuracy").textContent =
      `Of the ${whole.format(images)} digits of MNIST's test set, which it had never seen, it ` +
      `names ${whole.format(correct)} right: ${((100 * correct) / images).toFixed(2)} %.`;
    this.#part("obtained").textContent = `How that was obtained: ${obtained}.`;
    this.querySelector("tbody").replaceChildren(...layers.map(row));
    this.#part("total").textContent = whole.format(parameters);
  }

  #part(name) {
    return this.querySelector(`[data-part="${name}"]`);
  }
}

function row({ name, description, output_shape: shape, parameters, receptive_field: field }) {
  const output = shape.join(" × ");
  const cells = [name, description, output, whole.format(parameters), `${field} × ${field}`];
  const line = document.createElement("tr");
  cells.forEach((text, index) => {
    const cell = document.createElement(index === 0 ? "th" : "td");
    if (index === 0) cell.scope = "row";
    cell.textContent = text;
    line.append(cell);
  });
  return line;
}

customElements.define("model-card", ModelCard);
