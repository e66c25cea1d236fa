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

  // The day it is here, where that is what is asked for most.
  const now = new Date();
  const today = { day: now.getDate(), month: now.getMonth() + 1, year: now.getFullYear() };
  for (const box of document.querySelectorAll("input[data-today]")) {
    box.value ||= today[box.name.split("_").pop()] ?? "";
  }

  // The offset of this clock on the day that is written beside it.
  for (const zone of document.querySelectorAll("input[data-zone]")) {
    zone.form.addEventListener("submit", () => {
      if (zone.value) return;
      const said = (name) => zone.form.elements[name]?.value.trim() || "";
      const [day, month, year] = ["day_day", "day_month", "day_year"].map(said);
      const named = Number.isNaN(Number(month)) ? `${day} ${month} ${year}` : `${year}/${month}/${day}`;
      const written = new Date(`${named} ${said("time")}`);
      const at = Number.isNaN(written.getTime()) ? new Date() : written;
      const ahead = -at.getTimezoneOffset();
      const two = (number) => String(Math.floor(number)).padStart(2, "0");
      zone.value = `${ahead < 0 ? "-" : "+"}${two(Math.abs(ahead) / 60)}:${two(Math.abs(ahead) % 60)}`;
    });
  }

  // The time zone of this clock, where she has not chosen another.
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  for (const box of document.querySelectorAll("select[data-zone-name]")) {
    if (!box.value && [...box.options].some((one) => one.value === here)) box.value = here;
  }

  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }

  for (const button of document.querySelectorAll("[data-copy]")) {
    const box = document.getElementById(button.dataset.copy);
    if (!box || !navigator.clipboard) continue;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(box.value);
      button.textContent = "Copied";
    });
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
