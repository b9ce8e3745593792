// The picture of the pipeline: its stages with their layers and workers, how busy they are, and how fast tokens come.
import { askForKey, authorization } from "./key.js";
import { $, element } from "./page.js";

const INTERVAL_MS = 1000;
const SPEED_WINDOW_MS = 3000;
const SPARK_SECONDS = 60;
const GIB = 2 ** 30;

let counts = []; // { atMs, tokens } of the last moments
let speeds = []; // tokens/s, one a second
let before = new Map(); // stage index → its last status
let sketched = ""; // what the cards were made for

/** Tells the speed over the last moments, which are longer than the status is old. */
function speed(tokens) {
  const now = performance.now();
  if (counts.length && tokens < counts.at(-1).tokens) counts = [];
  counts.push({ atMs: now, tokens });
  while (counts.length > 2 && counts[1].atMs < now - SPEED_WINDOW_MS) counts.shift();
  const { atMs, tokens: then } = counts[0];
  return now > atMs ? ((tokens - then) / (now - atMs)) * 1000 : 0;
}

function spark(value) {
  speeds = [...speeds, value].slice(-SPARK_SECONDS);
  const most = Math.max(1, ...speeds);
  const start = SPARK_SECONDS - speeds.length;
  $("spark").firstElementChild.setAttribute(
    "points",
    speeds.map((each, i) => `${start + i},${(19 - (each / most) * 17).toFixed(2)}`).join(" "),
  );
}

/** Share of the time with work in flight that the stage's kernels ran, since the last status. */
function busyShare(stage) {
  const last = before.get(stage.index) ?? stage;
  const [busy, idle] = [stage.busyNs - last.busyNs, stage.idleNs - last.idleNs];
  before.set(stage.index, stage);
  return busy > 0 && idle >= 0 ? busy / (busy + idle) : 0;
}

/** An address is of use to a log; a person knows the worker by its name. */
const workerName = (status, address) => status.workers.find((each) => each.address === address)?.name ?? address;

function stageCard(stage) {
  const card = element("li");
  card.id = `stage-${stage.index}`;
  const layers = element("div", "layers");
  layers.setAttribute("role", "img");
  const bar = element("div", "bar");
  bar.append(element("i"));
  const share = element("span", "share");
  const meter = element("div", "meter");
  meter.append(bar, share);
  const head = element("div", "head");
  head.append(element("b", "", `Stage ${stage.index}`), element("span", "state"));
  card.append(element("span", "hop"), head, layers, element("p", "range"), element("p", "worker quiet"), meter);
  return card;
}

function showStage(stage, status, layerCount) {
  const card = $(`stage-${stage.index}`);
  const say = (part, text) => (card.querySelector(part).textContent = text);
  const state = stage.state.toLowerCase();
  const loading = state === "loading";
  const share = loading ? stage.loadedShare : busyShare(stage);
  card.className = state;
  card.classList.toggle("busy", !loading && share > 0);
  say(".state", state);
  const range = `layers ${stage.firstLayer}–${stage.endLayer - 1}`;
  say(".range", `${range} of ${layerCount}`);
  say(".worker", stage.worker ? `${workerName(status, stage.worker)} · ${stage.kernels || "no kernels yet"}` : "no worker");
  say(".share", `${Math.round(share * 100)} % ${loading ? "loaded" : "busy"}`);
  say(".hop", stage.hopP50Ns > 0 ? `${Math.round(stage.hopP50Ns / 1000)} µs` : "");
  const layers = card.querySelector(".layers");
  layers.setAttribute("aria-label", range);
  layers.style.setProperty("--layers", layerCount);
  layers.style.setProperty("--from", stage.firstLayer / layerCount);
  layers.style.setProperty("--to", stage.endLayer / layerCount);
  card.querySelector(".bar i").style.setProperty("--share", share);
}

function workerItem(worker, status) {
  const stages = status.stages.filter((stage) => stage.worker === worker.address).map((stage) => stage.index);
  const item = element("li");
  const head = element("div", "head");
  const does = stages.length ? `stage ${stages.join(", ")}` : "spare";
  head.append(element("b", "", worker.name), element("span", stages.length ? "" : "quiet", does));
  const memory = (worker.memoryBytes / GIB).toFixed(1);
  item.append(head, element("p", "quiet", `process ${worker.pid} · ${worker.threadCount} threads · ${memory} GiB`));
  return item;
}

function show(status) {
  const layerCount = Math.max(1, ...status.stages.map((stage) => stage.endLayer));
  const sketch = status.stages.map((stage) => stage.index).join();
  if (sketch !== sketched) {
    sketched = sketch;
    $("stages").replaceChildren(...status.stages.map(stageCard));
  }
  status.stages.forEach((stage) => showStage(stage, status, layerCount));
  $("workers").replaceChildren(...status.workers.map((worker) => workerItem(worker, status)));
  const perSecond = speed(status.completionTokens);
  $("speed").textContent = perSecond < 10 ? perSecond.toFixed(1) : Math.round(perSecond);
  spark(perSecond);
  $("sequences").textContent = status.running;
  $("waiting").textContent = status.waiting ? `${status.waiting} waiting` : "none waits";
  const used = status.kvBlocksTotal ? status.kvBlocksUsed / status.kvBlocksTotal : 0;
  $("kv").textContent = `${(used * 100).toFixed(used < 0.1 && used > 0 ? 1 : 0)} %`;
  $("kvbar").firstElementChild.style.setProperty("--share", used);
  const pause = status.recoveries ? ` · ${status.recoveries} recoveries, last pause ${(status.lastPauseNs / 1e9).toFixed(1)} s` : "";
  $("history").textContent = `Epoch ${status.epoch} · ${status.stepCount.toLocaleString()} steps${pause}`;
  health([status.serving ? "serving" : status.message || "not serving", ...status.notes].join("; "), status.serving);
}

function health(text, serving) {
  if ($("health").textContent !== text) $("health").textContent = text;
  $("health").classList.toggle("serving", serving);
}

/** Shows the pipeline from now on; `known` hears of each status. */
export async function watch(known) {
  let declined = false; // whoever has no key is asked once
  for (;;) {
    if (!document.hidden) {
      try {
        const response = await fetch("status", { headers: authorization() });
        const status = await response.json();
        if (response.status === 401 && !declined) {
          declined = !(await askForKey());
          if (!declined) continue;
        }
        if (!response.ok) throw new Error(status.error.message);
        show(status);
        known(status);
      } catch (problem) {
        health(problem instanceof TypeError ? "the gateway does not answer" : problem.message, false);
      }
    }
    await new Promise((next) => setTimeout(next, INTERVAL_MS));
  }
}
