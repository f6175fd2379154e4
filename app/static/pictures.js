/** The ways in other than drawing: a file, the camera, a sample, paste and drop. */
export function acceptPictures(pad) {
  for (const input of document.querySelectorAll("input[type=file]")) {
    input.addEventListener("change", () => {
      if (input.files[0]) pad.show(input.files[0]);
      input.value = ""; // so that the same file can be chosen again
    });
    const opener = document.querySelector(`[data-opens="${input.id}"]`);
    opener.addEventListener("click", () => input.click());
  }

  for (let digit = 0; digit < 10; digit++) {
    const source = `/static/samples/${digit}.png`;
    const sample = document.createElement("button");
    sample.type = "button";
    sample.title = `Somebody's ${digit}`;
    sample.innerHTML = `<img src="${source}" width="28" height="28" alt="${sample.title}">`;
    sample.addEventListener("click", async () => {
      const response = await fetch(source).catch(() => null);
      if (response?.ok) pad.show(await response.blob(), { asInk: true });
    });
    document.querySelector(".samples").append(sample);
  }

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
}
