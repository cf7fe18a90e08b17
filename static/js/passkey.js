// form[data-passkey="create|get"]: asks the device for a passkey and sends its answer. The server's options stand in
// data-options, or are asked for at the form's own address. A device that knows no passkeys keeps the form hidden.
const can = window.PublicKeyCredential?.parseCreationOptionsFromJSON;

for (const form of can ? document.querySelectorAll("form[data-passkey]") : []) {
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      form.elements.credential.value = JSON.stringify(await answer(form));
      form.submit();
    } catch {
      document.getElementById("say-now").textContent = form.dataset.sayFailed;
      form.querySelector("[data-passkey-failed]").hidden = false;
    }
  });
}

async function answer({ action, dataset, elements }) {
  const asked = dataset.options ?? await (await fetch(action, { headers: { Accept: "application/json" } })).text();
  const options = JSON.parse(asked), { publicKey } = (options.request_options ?? options.creation_options);
  if (dataset.passkey === "get") {
    return navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(publicKey) });
  }
  if (elements.passwordless?.checked) {
    Object.assign(publicKey.authenticatorSelection, { residentKey: "required", requireResidentKey: true, userVerification: "required" });
  }
  return navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(publicKey) });
}
