// Send the chosen files one by one, show how far each is, and take files dropped on the form.
(() => {
  "use strict";

  const form = document.querySelector("form[data-upload]");
  if (!form || !window.FormData) return;
  const input = form.querySelector("input[type=file]");
  const drop = form.querySelector("[data-drop]") || form;
  const list = document.querySelector("[data-upload-list]");
  const news = document.querySelector("[data-upload-news]");
  const button = form.querySelector("button[type=submit]");
  const LOST = "The connection was lost. Please try this file again.";
  const PUZZLED = "The portal could not take this file. Please try again.";

  const element = (name, text, css) => {
    const made = document.createElement(name);
    if (text) made.textContent = text;
    if (css) made.className = css;
    return made;
  };

  const line = (file, number) => {
    list.hidden = false;
    const item = element("li");
    const label = element("label", file.name);
    const bar = element("progress");
    const state = element("p", "Waiting");
    bar.id = `upload-${number}`;
    bar.max = 100;
    bar.value = 0;
    label.htmlFor = bar.id;
    item.append(label, bar, state);
    list.append(item);
    return { item, bar, state };
  };

  const finish = (row, answer) => {
    row.bar.remove();
    if (answer.url) {
      const link = element("a", "See what was in it", "nhsuk-link");
      link.href = answer.url;
      row.state.className = "app-files__good";
      row.state.textContent = "Sent. ";
      row.item.append(link);
    } else {
      row.state.className = "app-files__bad";
      row.state.textContent = answer.error;
    }
    return answer;
  };

  const read = (request) => {
    try {
      const answer = JSON.parse(request.responseText);
      if (answer.url || answer.error) return answer;
    } catch {
      // An answer that is not ours, such as a sign-in page or a proxy's error.
    }
    return { error: request.status === 413 ? "This file is too big." : PUZZLED };
  };

  const send = (file, row) =>
    new Promise((resolve) => {
      const body = new FormData(form);
      body.delete(input.name);
      body.append(input.name, file, file.name);
      const request = new XMLHttpRequest();
      request.open("POST", form.action);
      request.setRequestHeader("X-Requested-With", "upload");
      request.setRequestHeader("Accept", "application/json");
      request.upload.addEventListener("progress", (event) => {
        if (!event.lengthComputable) return;
        row.bar.value = Math.round((100 * event.loaded) / event.total);
        row.state.textContent = row.bar.value < 100 ? `${row.bar.value}% sent` : "Checking";
      });
      request.addEventListener("load", () => resolve(finish(row, read(request))));
      request.addEventListener("error", () => resolve(finish(row, { error: LOST })));
      request.send(body);
    });

  const tell = (answers) => {
    const good = answers.filter((answer) => answer.url).length;
    const bad = answers.length - good;
    const files = (count) => (count === 1 ? "1 file" : `${count} files`);
    news.textContent = `${files(good)} sent.` + (bad ? ` ${files(bad)} could not be sent.` : "");
  };

  let count = 0;
  let queue = Promise.resolve();

  const sendAll = (files) => {
    const rows = files.map((file) => [file, line(file, ++count)]);
    news.textContent = files.length === 1 ? "Sending 1 file." : `Sending ${files.length} files.`;
    queue = queue.then(async () => {
      const answers = [];
      for (const [file, row] of rows) answers.push(await send(file, row));
      tell(answers);
      if (!answers.every((answer) => answer.url)) return;
      if (count === 1) location.assign(answers[0].url);
      else location.reload();
    });
  };

  form.addEventListener("submit", (event) => {
    if (!input.files.length) return;
    event.preventDefault();
    sendAll([...input.files]);
    input.value = "";
    button.focus();
  });

  const over = (event, is) => {
    event.preventDefault();
    drop.classList.toggle("app-drop--over", is);
  };
  for (const name of ["dragenter", "dragover"]) drop.addEventListener(name, (e) => over(e, true));
  drop.addEventListener("dragleave", (event) => over(event, false));
  drop.addEventListener("drop", (event) => {
    over(event, false);
    if (event.dataTransfer.files.length) sendAll([...event.dataTransfer.files]);
  });
  // A file dropped beside the box must not replace the page.
  for (const name of ["dragover", "drop"]) {
    window.addEventListener(name, (event) => event.preventDefault());
  }
})();
