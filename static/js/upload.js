// Send the chosen files piece by piece (tus 1.0.0). What has arrived is never sent again: not after
// a lost connection, and not after the page was left and the same file is chosen again.
(() => {
  "use strict";

  const form = document.querySelector("form[data-upload]");
  if (!form || !window.tus || !window.tus.isSupported) return;
  const input = form.querySelector("input[type=file]");
  const drop = form.querySelector("[data-drop]") || form;
  const list = document.querySelector("[data-upload-list]");
  const news = document.querySelector("[data-upload-news]");
  const button = form.querySelector("button[type=submit]");
  const unfinished = document.querySelector("[data-unfinished]");
  const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
  const most = Number(form.dataset.mostFiles);
  const STALLED = 45_000;
  const WAITS = [1_000, 2_000, 5_000, 10_000, 20_000, 30_000];
  const PUZZLED = "The portal could not take this file. Please try again.";
  const OUT =
    "You were signed out. Sign in again and choose the same file: it carries on where it stopped.";
  const OLD = "This page was open for too long. Load it again and choose the same file.";
  const GONE = "What was sent of this file is not here any more. Please choose the file again.";
  const SOON =
    "The connection was lost. It carries on by itself as soon as it is back. You can also close this page and choose the same file again later.";

  // --- words -------------------------------------------------------------------------------------

  const megabytes = (bytes) => {
    const number = bytes / 1e6;
    return `${number < 10 ? number.toFixed(1) : Math.round(number)} MB`;
  };

  const duration = (seconds) => {
    if (seconds < 10) return "a few seconds left";
    if (seconds < 90) return `about ${Math.round(seconds / 10) * 10} seconds left`;
    if (seconds < 5400) return `about ${Math.round(seconds / 60)} minutes left`;
    return `about ${Math.round(seconds / 3600)} hours left`;
  };

  const files = (count) => (count === 1 ? "1 file" : `${count} files`);

  const say = (words) => {
    news.textContent = words;
  };

  // --- one file's line ---------------------------------------------------------------------------

  const element = (name, text, css) => {
    const made = document.createElement(name);
    if (text) made.textContent = text;
    if (css) made.className = css;
    return made;
  };

  const press = (text, name) => {
    const made = element("button", text, "app-link-button");
    made.type = "button";
    made.append(element("span", ` ${name}`, "nhsuk-u-visually-hidden"));
    return made;
  };

  const line = (file, number) => {
    list.hidden = false;
    const item = element("li");
    const label = element("label", file.name);
    const bar = element("progress");
    const state = element("p", "Waiting");
    const row = element("div", "", "app-row");
    const pause = press("Pause", file.name);
    const cancel = press("Cancel", file.name);
    bar.id = `upload-${number}`;
    bar.max = 100;
    bar.value = 0;
    label.htmlFor = bar.id;
    pause.hidden = true;
    row.append(pause, cancel);
    item.append(label, bar, state, row);
    list.append(item);
    return { item, bar, state, row, pause, cancel, name: file.name };
  };

  const finish = (row, { url, error, gone }) => {
    row.bar.remove();
    row.row.remove();
    if (url) {
      const link = element("a", "See what was in it", "nhsuk-link");
      link.href = url;
      row.state.className = "app-files__good";
      row.state.textContent = "Sent. ";
      row.item.append(link);
    } else {
      row.state.className = gone ? "" : "app-files__bad";
      row.state.textContent = gone ? "Cancelled. Nothing of this file was kept." : error;
    }
    return { url, error, gone };
  };

  // --- knowing a file again ----------------------------------------------------------------------

  // The hash of all of it: a file that differs anywhere is another one, and what arrived is compared
  // with it. It is kept by the portal, sealed, and not in this browser, where the next person to use
  // it could look.
  const fingerprint = async (file, row) => {
    const far = (bytes) => {
      row.state.textContent = `Reading the file: ${megabytes(bytes)} of ${megabytes(file.size)}`;
    };
    return `sha256:${await window.sha256(file, far)}`;
  };

  const begun = (mark) => {
    const lines = unfinished && mark ? [...unfinished.querySelectorAll("[data-url]")] : [];
    const found = lines.find((one) => one.dataset.fingerprint === mark);
    if (!found) return null;
    found.remove();
    if (lines.length === 1) unfinished.hidden = true;
    return found.dataset.url;
  };

  // Each piece goes with its own hash: one that was damaged on its way is sent again.
  const checked = {
    getName: () => "checked",
    createRequest: (method, url) => {
      const request = new tus.DefaultHttpStack().createRequest(method, url);
      const [send, abort] = [request.send.bind(request), request.abort.bind(request)];
      let over = false;
      request.abort = () => {
        over = true;
        return abort();
      };
      request.send = async (body) => {
        if (body && body.size) {
          request.setHeader("Upload-Checksum", `sha256 ${await window.sha256.base64(body)}`);
        }
        return over ? new Promise(() => {}) : send(body);
      };
      return request;
    },
  };

  // --- sending one file --------------------------------------------------------------------------

  const status = (error) => (error.originalResponse ? error.originalResponse.getStatus() : 0);

  // Worth another try: no answer at all, a step missed, or a server that is just coming back.
  const passing = (code) => [0, 409, 423, 429, 460].includes(code) || (code >= 500 && code !== 507);

  const reason = (error, code) => {
    const words = error.originalResponse ? error.originalResponse.getBody() || "" : "";
    if (words && words.length < 200 && !words.includes("<")) return words;
    return { 401: OUT, 403: OLD, 404: GONE }[code] || PUZZLED;
  };

  const clock = () => {
    let from = null;
    return (bytes, total) => {
      const now = Date.now();
      if (!from) from = { now, bytes };
      const seconds = (now - from.now) / 1000;
      const done = `${megabytes(bytes)} of ${megabytes(total)} sent`;
      if (seconds < 3 || bytes <= from.bytes) return done;
      const rate = (bytes - from.bytes) / seconds;
      return `${done}, ${megabytes(rate)} a second, ${duration((total - bytes) / rate)}`;
    };
  };

  class Sending {
    constructor(file, row, mark, resolve) {
      Object.assign(this, { file, row, resolve, lost: 0, told: 0, paused: false, over: false });
      const about = { filename: file.name };
      if (mark) about.fingerprint = mark;
      this.upload = new tus.Upload(file, {
        endpoint: form.dataset.resumable,
        uploadUrl: begun(mark),
        chunkSize: Number(form.dataset.piece),
        headers: { "X-CSRFToken": token },
        httpStack: checked,
        metadata: about,
        retryDelays: null,
        storeFingerprintForResuming: false,
        fingerprint: () => Promise.resolve(null),
        onProgress: (bytes, total) => this.moves(bytes, total),
        onChunkComplete: () => {
          this.lost = 0;
        },
        onSuccess: () => this.end({ url: this.upload.url.replace(/resumable\/$/, "") }),
        onError: (error) => this.fails(error),
      });
      this.back = () => this.start();
      row.pause.hidden = false;
      row.pause.addEventListener("click", () => (this.paused ? this.resume() : this.stop()));
      row.cancel.addEventListener("click", () => this.giveUp());
      window.addEventListener("online", this.back);
      this.start();
    }

    start() {
      if (this.paused || this.over) return;
      clearTimeout(this.timer);
      this.pace = clock();
      this.watch();
      this.upload.start();
    }

    // A connection can be dead without anybody saying so.
    watch() {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.upload.abort().then(() => this.waits()), STALLED);
    }

    moves(bytes, total) {
      if (this.paused || this.over) return;
      this.watch();
      this.row.bar.value = Math.floor((100 * bytes) / total);
      this.row.state.textContent = bytes < total ? this.pace(bytes, total) : "Checking";
      const quarter = Math.floor((4 * bytes) / total) * 25;
      if (quarter <= this.told || quarter === 100) return;
      this.told = quarter;
      say(`${quarter}% of ${this.row.name} sent.`);
    }

    fails(error) {
      if (this.paused || this.over) return;
      clearTimeout(this.timer);
      const code = status(error);
      if (passing(code)) this.waits();
      else this.end({ error: reason(error, code) });
    }

    waits() {
      if (this.paused || this.over) return;
      const wait = WAITS[Math.min(this.lost++, WAITS.length - 1)];
      this.timer = setTimeout(this.back, wait);
      if (this.lost < 2) return;
      this.row.state.textContent = SOON;
      if (this.lost === 2) say(`The connection was lost. ${this.row.name} carries on by itself.`);
    }

    stop() {
      this.paused = true;
      clearTimeout(this.timer);
      this.upload.abort();
      this.row.state.textContent = "Paused. What was sent so far stays with us for a day.";
      this.label("Carry on");
    }

    resume() {
      this.paused = false;
      this.label("Pause");
      this.start();
    }

    label(text) {
      this.row.pause.firstChild.textContent = text;
      say(text === "Pause" ? `${this.row.name} carries on.` : `${this.row.name} is paused.`);
    }

    giveUp() {
      const kept = this.upload.url;
      this.over = true;
      this.upload.abort().then(() => {
        const headers = { "X-CSRFToken": token, "Tus-Resumable": "1.0.0" };
        if (kept) fetch(kept, { method: "DELETE", headers }).catch(() => {});
      });
      this.end({ gone: true });
    }

    end(answer) {
      this.over = true;
      clearTimeout(this.timer);
      window.removeEventListener("online", this.back);
      this.resolve(finish(this.row, answer));
    }
  }

  const send = async (file, row) => {
    if (row.givenUp) return finish(row, { gone: true });
    let mark;
    try {
      mark = await fingerprint(file, row);
    } catch {
      return finish(row, { error: "This cannot be read. Choose files, not folders." });
    }
    return new Promise((resolve) => new Sending(file, row, mark, resolve));
  };

  // --- one after the other -----------------------------------------------------------------------

  const tell = (answers) => {
    const good = answers.filter((one) => one.url).length;
    const bad = answers.filter((one) => one.error).length;
    say(`${files(good)} sent.` + (bad ? ` ${files(bad)} could not be sent.` : ""));
  };

  let count = 0;
  let queue = Promise.resolve();

  const sendAll = (chosen) => {
    if (chosen.length > most) return say(`Choose at most ${most} files at a time.`);
    const rows = chosen.map((file) => [file, line(file, ++count)]);
    for (const [, row] of rows) row.cancel.addEventListener("click", () => (row.givenUp = true));
    say(`Sending ${files(chosen.length)}. You may pause at any time.`);
    queue = queue.then(async () => {
      const answers = [];
      for (const [file, row] of rows) answers.push(await send(file, row));
      tell(answers);
      if (answers.some((one) => one.error) || !answers.some((one) => one.url)) return;
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
