const LARGEST_PASTE = 48 * 1024; // bytes of a picture that a shell still takes with good grace
const LINE = 76;

/** A command for a shell that asks the service at `url` about the picture, a Blob. */
export async function curlCommand(picture, url) {
  const bytes = new Uint8Array(await picture.arrayBuffer());
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  const lines = btoa(binary).match(new RegExp(`.{1,${LINE}}`, "g"));
  return [
    `base64 --decode <<'PICTURE' | curl --data-binary @- --header 'Content-Type: image/png' '${url}'`,
    ...lines,
    "PICTURE",
    "",
  ].join("\n");
}

/** Whether a picture is better sent as the 28×28 that the network saw of it. */
export function tooLargeToPaste(picture) {
  return picture.size > LARGEST_PASTE;
}

/** The Blob of a data URI in base64. */
export function blobOf(dataUri) {
  const binary = atob(dataUri.slice(dataUri.indexOf(",") + 1));
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  return new Blob([bytes], { type: "image/png" });
}

/** Put text on the clipboard, with the older way where a page without TLS has no other. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    const copied = document.execCommand("copy");
    area.remove();
    if (!copied) throw new Error("The browser does not let the page copy.");
  }
}
