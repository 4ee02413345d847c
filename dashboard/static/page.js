"use strict";
// What the pages do beyond links and forms: charts, copy buttons, the live list. Everything else works without it.

(() => {
  const style = () => getComputedStyle(document.documentElement);
  const colour = (name) => style().getPropertyValue(name).trim();
  let measure = null;
  let plot = null;

  function draw() {
    const place = document.querySelector("[data-hours]");
    if (plot) { plot.destroy(); plot = null; }
    if (!place || !window.uPlot) return;
    const all = JSON.parse(place.dataset.hours);
    if (!measure || !all[measure]) measure = Object.keys(all)[0];
    for (const button of document.querySelectorAll("[data-measure]")) {
      button.setAttribute("aria-pressed", String(button.dataset.measure === measure));
    }
    const axis = { stroke: colour("--muted"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
    const hours = [...Array(24).keys()];
    const said = (u, value) => value == null ? "–" : value.toLocaleString("en", { maximumFractionDigits: 2 });
    plot = new uPlot({
      width: place.clientWidth,
      height: 225,
      scales: { x: { time: false }, y: { range: (u, low, high) => [Math.min(0, low), Math.max(1, high * 1.05)] } },
      axes: [{ ...axis, values: (u, ticks) => ticks.map((hour) => `${hour}:00`) }, { ...axis, size: 60 }],
      series: [
        { label: "hour", value: (u, value) => value == null ? "–" : `${value}:00` },
        { label: "today", stroke: colour("--accent"), width: 2.5, fill: colour("--wash"), value: said },
        { label: "yesterday", stroke: colour("--muted"), width: 1.5, dash: [5, 4], value: said },
      ],
    }, [hours, ...all[measure]], place);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.measure) { measure = button.dataset.measure; draw(); }
    if (button.dataset.copy !== undefined) copy(button);
  });

  async function copy(button) {
    const text = document.getElementById(button.dataset.copy).textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const range = document.createRange();
      range.selectNodeContents(document.getElementById(button.dataset.copy));
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      document.execCommand("copy");
    }
    const said = button.textContent;
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = said; }, 1500);
  }

  document.addEventListener("change", (event) => {
    if (event.target.dataset.send !== undefined) event.target.form.requestSubmit();
    if (event.target.dataset.all !== undefined) {
      for (const box of document.querySelectorAll("input[name^='id-']")) box.checked = event.target.checked;
    }
  });

  document.body.addEventListener("htmx:afterSettle", draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  let width = 0;
  new ResizeObserver(() => {
    if (document.body.clientWidth !== width) { width = document.body.clientWidth; draw(); }
  }).observe(document.body);
})();
