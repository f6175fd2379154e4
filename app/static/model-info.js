/** What `/model-info` tells, asked once; null if the service does not say. */
export const modelInfo = fetch("/model-info")
  .then((response) => (response.ok ? response.json() : null))
  .catch(() => null);
