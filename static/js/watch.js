// An open page about somebody else's record asks every ten seconds whether it may still be seen.
(() => {
  "use strict";

  const watched = document.querySelector("[data-watch-url]");
  if (!watched) return;
  const EVERY = 10_000;
  const WORDS = "This record is no longer shared with you.";
  let timer = 0;

  const close = () => {
    clearInterval(timer);
    const main = document.querySelector("main");
    const heading = document.createElement("h1");
    heading.className = "nhsuk-heading-l";
    heading.textContent = watched.dataset.watchGone || WORDS;
    heading.tabIndex = -1;
    main.replaceChildren(heading);
    for (const beside of document.querySelectorAll("[data-watch-clear]")) beside.remove();
    main.hidden = false;
    heading.focus();
    history.replaceState(null, "", watched.dataset.watchHome || "/");
  };

  const ask = async () => {
    let answer;
    try {
      answer = await fetch(watched.dataset.watchUrl, {
        redirect: "manual",
        cache: "no-store",
        credentials: "same-origin",
        headers: { "X-Background": "watch" },
      });
    } catch {
      return; // Offline for a moment: ask again at the next turn.
    }
    if (answer.type === "opaqueredirect" || [401, 403, 404, 410].includes(answer.status)) close();
    else document.querySelector("main").hidden = false;
  };

  timer = setInterval(ask, EVERY);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") ask();
  });
  // Coming back by the back button shows a kept page: hide it until the server has answered.
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    document.querySelector("main").hidden = true;
    ask();
  });
})();
