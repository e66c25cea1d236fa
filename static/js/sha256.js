// SHA-256 of a file (FIPS 180-4 sections 4.1.2, 5.1.1 and 6.2.2), slice by slice: crypto.subtle
// wants all of it in memory at once, and is not there where a page came without https.
(() => {
  "use strict";

  const SLICE = 4 * 1024 * 1024;

  const primes = [];
  for (let one = 2; primes.length < 64; one++) {
    if (primes.every((each) => one % each)) primes.push(one);
  }
  const fraction = (number) => ((number % 1) * 2 ** 32) | 0;
  const K = Int32Array.from(primes, (one) => fraction(Math.cbrt(one)));
  const START = primes.slice(0, 8).map((one) => fraction(Math.sqrt(one)));

  const turned = (word, by) => (word >>> by) | (word << (32 - by));

  const schedule = (w, view, at) => {
    for (let i = 0; i < 16; i++) w[i] = view.getInt32(at + 4 * i);
    for (let i = 16; i < 64; i++) {
      const x = w[i - 15];
      const y = w[i - 2];
      const low = turned(x, 7) ^ turned(x, 18) ^ (x >>> 3);
      const high = turned(y, 17) ^ turned(y, 19) ^ (y >>> 10);
      w[i] = (w[i - 16] + low + w[i - 7] + high) | 0;
    }
  };

  const mix = (state, bytes) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const w = new Int32Array(64);
    for (let at = 0; at < bytes.length; at += 64) {
      schedule(w, view, at);
      let a = state[0];
      let b = state[1];
      let c = state[2];
      let d = state[3];
      let e = state[4];
      let f = state[5];
      let g = state[6];
      let h = state[7];
      for (let i = 0; i < 64; i++) {
        const choice = (e & f) ^ (~e & g);
        const most = (a & b) ^ (a & c) ^ (b & c);
        const one = (h + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + choice + K[i] + w[i]) | 0;
        const two = (turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + most;
        h = g;
        g = f;
        f = e;
        e = (d + one) | 0;
        d = c;
        c = b;
        b = a;
        a = (one + two) | 0;
      }
      state[0] += a;
      state[1] += b;
      state[2] += c;
      state[3] += d;
      state[4] += e;
      state[5] += f;
      state[6] += g;
      state[7] += h;
    }
  };

  // A one, noughts, and the length in bits.
  const padded = (last, size) => {
    const all = new Uint8Array(Math.ceil((last.length + 9) / 64) * 64);
    all.set(last);
    all[last.length] = 0x80;
    const view = new DataView(all.buffer);
    view.setUint32(all.length - 8, Math.floor(size / 2 ** 29));
    view.setUint32(all.length - 4, (size % 2 ** 29) * 8);
    return all;
  };

  const state = async (file, far) => {
    const found = Int32Array.from(START);
    let at = 0;
    const slice = async () => new Uint8Array(await file.slice(at, at + SLICE).arrayBuffer());
    for (; at + SLICE <= file.size; at += SLICE) {
      mix(found, await slice());
      if (far) far(at);
    }
    mix(found, padded(await slice(), file.size));
    return [...found].map((word) => word >>> 0);
  };

  // In hexadecimal digits; `far` is told how many bytes are done.
  window.sha256 = async (file, far) =>
    (await state(file, far)).map((word) => word.toString(16).padStart(8, "0")).join("");

  // Of a small piece, in Base64.
  window.sha256.base64 = async (piece) => {
    let words = null;
    if (window.crypto && crypto.subtle) {
      const hash = await crypto.subtle.digest("SHA-256", await piece.arrayBuffer());
      const view = new DataView(hash);
      words = START.map((_, i) => view.getUint32(4 * i));
    } else {
      words = await state(piece);
    }
    const bytes = words.flatMap((word) => [24, 16, 8, 0].map((by) => (word >>> by) & 255));
    return btoa(String.fromCharCode(...bytes));
  };
})();
