// form[data-busy]: one press, one request. The button says that it arrived; the server's own key stops what slips through.
document.addEventListener("submit", (event) => {
  const form = event.target, button = event.submitter ?? form.querySelector("button");
  if (!form.matches("[data-busy]")) return;
  if (form.ariaBusy === "true") return event.preventDefault();
  form.ariaBusy = "true";
  button?.setAttribute("aria-disabled", "true");
});

// A page that comes back from the browser's cache is ready again.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-busy][aria-busy]")) {
    form.removeAttribute("aria-busy");
    form.querySelector("[aria-disabled]")?.removeAttribute("aria-disabled");
  }
});
