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

  for (const sample of document.querySelectorAll("[data-sample]")) {
    sample.addEventListener("click", async () => {
      const response = await fetch(sample.querySelector("img").src).catch(() => null);
      if (response?.ok) pad.show(await response.blob(), { asInk: true });
    });
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
