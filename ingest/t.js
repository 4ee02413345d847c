// clickjoin's script for landers: knows the visitor's click ID, or has one made, and puts it into the links.
//   <script src="https://TRACKER/t.js" data-campaign="spring" async></script>
// It sets no cookie. What it keeps is one entry of this page's own storage; without storage it works for this page alone.
(function () {
  "use strict";
  var script = document.currentScript || document.querySelector('script[src*="/t.js"]');
  var tracker = new URL(script.src).origin;
  var campaign = script.dataset.campaign || "";
  var ENTRY = "clickjoin";
  var MARKER = /\{click_id\}|%7Bclick_id%7D/i;
  var DAY = 86400000;
  var PATIENCE = 1000; // milliseconds that a press waits for the click ID
  var known = { click_id: "", carry: {} };

  function stored() {
    try {
      return JSON.parse(localStorage.getItem(ENTRY)) || {};
    } catch (error) {
      return {};
    }
  }

  function keep(found) {
    known = found;
    try {
      localStorage.setItem(ENTRY, JSON.stringify(found));
    } catch (error) {
      // a browser that keeps nothing: this page has it all the same
    }
  }

  function fromAddress() {
    var carry = {};
    new URLSearchParams(location.search).forEach(function (value, name) {
      carry[name] = value;
    });
    var id = carry.click_id || "";
    delete carry.click_id;
    return { click_id: MARKER.test(id) ? "" : id, carry: carry, campaign: campaign, query: location.search, at: Date.now() };
  }

  function make(found) {
    var query = new URLSearchParams(location.search);
    query.delete("click_id");
    if (script.dataset.lander) query.set("lander", script.dataset.lander);
    return fetch(tracker + "/t/" + encodeURIComponent(campaign) + "?" + query, {
      credentials: "omit",
      cache: "no-store",
      keepalive: true,
    })
      .then(function (answer) {
        if (!answer.ok) throw new Error("clickjoin: " + answer.status);
        return answer.json();
      })
      .then(function (made) {
        found.click_id = made.click_id;
        found.carry.offer = made.offer;
        keep(found);
      });
  }

  function begin() {
    var found = fromAddress();
    var before = stored();
    if (found.click_id) {
      keep(found);
    } else if (!campaign) {
      known = before.click_id ? before : known;
    } else if (before.campaign === campaign && before.query === found.query && found.at - before.at < DAY) {
      known = before;
    } else {
      return make(found);
    }
    return Promise.resolve();
  }

  function isOut(link) {
    return link.origin === tracker && link.pathname.indexOf("/out/") === 0;
  }

  function dress(link) {
    if (!known.click_id) return;
    var href = link.getAttribute("href");
    if (MARKER.test(href)) {
      link.setAttribute("href", href.replace(new RegExp(MARKER, "gi"), encodeURIComponent(known.click_id)));
    }
    if (isOut(link)) {
      var url = new URL(link.href);
      Object.keys(known.carry).forEach(function (name) {
        if (!url.searchParams.has(name)) url.searchParams.set(name, known.carry[name]);
      });
      url.searchParams.set("click_id", known.click_id);
      link.href = url.href;
    }
  }

  function dressAll() {
    document.querySelectorAll("a[href], area[href]").forEach(dress);
  }

  function pressed(event) {
    var link = event.target.closest && event.target.closest("a[href], area[href]");
    if (!link) return;
    var isPlain = event.type === "click" && !event.button && !(event.ctrlKey || event.metaKey || event.shiftKey);
    var isOurs = isOut(link) || MARKER.test(link.getAttribute("href"));
    if (waiting && isPlain && isOurs && !event.defaultPrevented && (link.target || "_self") === "_self") {
      event.preventDefault();
      Promise.race([ready, new Promise(function (done) { setTimeout(done, PATIENCE); })]).then(function () {
        dress(link);
        location.href = link.href;
      });
      return;
    }
    dress(link); // also those that came after the page was read
  }

  function pixel(network, params) {
    return ready.then(function () {
      var query = new URLSearchParams(params || {});
      query.set("click_id", known.click_id);
      new Image().src = tracker + "/pixel/" + encodeURIComponent(network) + ".gif?" + query;
    });
  }

  var waiting = true;
  var ready = begin()
    .catch(function () {}) // without an answer the links lead to the offer all the same
    .then(function () {
      waiting = false;
      dressAll();
    });
  ["mousedown", "touchstart", "auxclick", "click"].forEach(function (type) {
    document.addEventListener(type, pressed, true);
  });
  document.addEventListener("DOMContentLoaded", dressAll);
  if (script.dataset.pixel) pixel(script.dataset.pixel, { event: script.dataset.event || "" });
  window.clickjoin = {
    ready: ready,
    pixel: pixel,
    get click_id() {
      return known.click_id;
    },
  };
})();
