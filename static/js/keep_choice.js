// [data-keep-choice]: what was chosen while an answer was on its way stays chosen in the part that it brings.
document.addEventListener("htmx:beforeSwap", ({ detail: { target } }) => {
  const chosen = target.matches("[data-keep-choice]") && target.querySelector("input:checked");
  if (!chosen) return;
  const same = `[data-keep-choice] input[name="${CSS.escape(chosen.name)}"][value="${CSS.escape(chosen.value)}"]`;
  document.addEventListener("htmx:afterSwap", () => document.querySelector(same)?.click(), { once: true });
});
