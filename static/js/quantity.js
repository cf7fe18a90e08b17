// [data-quantity]: one more and one less. Without this file the field is a plain number field.
function ready(box) {
  const input = box.querySelector("input");
  for (const button of box.querySelectorAll("[data-step]")) {
    button.hidden = false;
    button.onclick = () => {
      if (button.dataset.step > 0) input.stepUp(); else input.stepDown();
      input.dispatchEvent(new Event("change", { bubbles: true }));
    };
  }
}

const all = () => document.querySelectorAll("[data-quantity]").forEach(ready);
all();
document.addEventListener("htmx:afterSettle", all);
document.addEventListener("hold:fresh", all);
