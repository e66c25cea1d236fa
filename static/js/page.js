// Small comforts on every page. Everything works without them.
(() => {
  "use strict";

  document.documentElement.classList.add("app-script");

  const summary = document.querySelector("[data-focus]");
  if (summary) summary.focus();

  for (const button of document.querySelectorAll("[data-show-password]")) {
    const input = document.getElementById(button.dataset.showPassword);
    if (!input) continue;
    const show = (shown) => {
      input.type = shown ? "text" : "password";
      button.textContent = shown ? "Hide" : "Show";
      button.setAttribute("aria-label", shown ? "Hide password" : "Show password");
    };
    button.hidden = false;
    button.addEventListener("click", () => show(input.type === "password"));
    if (input.form) input.form.addEventListener("submit", () => show(false));
  }

  // A second press within a second of the first is a slip of the finger.
  for (const button of document.querySelectorAll("[data-once]")) {
    let last = 0;
    button.addEventListener("click", (event) => {
      const now = Date.now();
      if (now - last < 1000) event.preventDefault();
      else last = now;
    });
  }

  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }

  // On paper nobody can unfold anything: not every browser lets a style sheet do it.
  window.addEventListener("beforeprint", () => {
    for (const folded of document.querySelectorAll(".app-receipt details")) folded.open = true;
  });

  // A passkey that was cancelled or refused says so in words.
  document.addEventListener("allauth.error", (event) => {
    const place = document.querySelector("[data-passkey-problem]");
    if (!place) return;
    event.preventDefault();
    place.hidden = false;
    place.focus();
  });
})();
