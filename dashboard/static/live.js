"use strict";
// The live list: what the stream says becomes rows, always as text, never as markup.

(() => {
  const most = 300;
  const body = document.getElementById("live");
  const state = document.getElementById("live-state");
  const button = document.getElementById("pause");
  const waiting = [];
  let paused = false;

  function cell(text, kind) {
    const made = document.createElement("td");
    if (kind) made.className = kind;
    made.textContent = text;
    return made;
  }

  function show(told) {
    const row = document.createElement("tr");
    const outcome = cell("");
    const word = document.createElement("span");
    word.className = `state ${told.weight}`;
    word.textContent = told.outcome;
    outcome.append(word, told.reason ? ` ${told.reason}` : "");
    const link = document.createElement("a");
    link.href = `/click?id=${encodeURIComponent(told.click_id)}`;
    link.textContent = told.click_id;
    const click = cell("", "mono long");
    click.append(link);
    row.append(cell(told.at, "nowrap"), outcome, cell(told.event), cell(told.network), cell(told.campaign),
      cell(told.paid, "figure"), cell(told.txid, "long"), click);
    body.prepend(row);
    while (body.rows.length > most) body.lastElementChild.remove();
  }

  function say() {
    state.textContent = paused ? `Paused; ${waiting.length} wait.` : "Listening.";
  }

  button.addEventListener("click", () => {
    paused = !paused;
    button.setAttribute("aria-pressed", String(paused));
    button.textContent = paused ? "Go on" : "Pause";
    if (!paused) waiting.splice(0).forEach(show);
    say();
  });

  const stream = new EventSource(body.dataset.stream);
  stream.addEventListener("open", say);
  stream.addEventListener("error", () => { state.textContent = "The dashboard does not answer; trying again."; });
  stream.addEventListener("away", (event) => { state.textContent = JSON.parse(event.data); });
  stream.addEventListener("message", (event) => {
    const told = JSON.parse(event.data);
    if (!paused) { show(told); return; }
    waiting.push(told);
    if (waiting.length > most) waiting.shift();
    say();
  });
})();
