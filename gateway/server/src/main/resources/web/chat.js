// The chat page: streams answers from the gateway's own OpenAI-compatible API, and shows the pipeline they come through.
const $ = (id) => document.getElementById(id);
const STATUS_INTERVAL_MS = 1000;

let chat = [];
let answer = null; // AbortController of the answer that is being written
let previous = new Map(); // stage index → its last busy and idle times
let apiKey = "";

function bubble(kind, text) {
  document.querySelector(".hint")?.remove();
  const item = document.createElement("li");
  item.className = kind;
  item.textContent = text;
  $("messages").append(item);
  item.scrollIntoView({ block: "end" });
  return item;
}

function headers() {
  const sent = { "Content-Type": "application/json" };
  if (apiKey) sent.Authorization = `Bearer ${apiKey}`;
  return sent;
}

async function open(body, signal, mayAsk = true) {
  const response = await fetch("v1/chat/completions", { method: "POST", headers: headers(), body, signal });
  if (response.ok) return response;
  if (response.status === 401 && mayAsk) {
    apiKey = window.prompt("This gateway asks for an API key") ?? "";
    if (apiKey) return open(body, signal, false);
  }
  const said = await response.json().catch(() => ({}));
  throw new Error(said.error?.message ?? `the gateway answered ${response.status}`);
}

async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) throw new Error("the answer broke off");
    const parts = (rest + value).split("\n\n");
    rest = parts.pop();
    for (const part of parts) {
      if (!part.startsWith("data: ")) continue;
      if (part === "data: [DONE]") return;
      yield JSON.parse(part.slice(6));
    }
  }
}

async function ask(text) {
  chat.push({ role: "user", content: text });
  bubble("user", text);
  const item = bubble("assistant writing", "");
  answer = new AbortController();
  $("send").hidden = true;
  $("stop").hidden = false;
  let said = "";
  const began = performance.now();
  let first = 0;
  try {
    const body = JSON.stringify({ messages: chat, stream: true, stream_options: { include_usage: true } });
    for await (const event of events(await open(body, answer.signal))) {
      if (event.error) throw new Error(event.error.message);
      const delta = event.choices[0]?.delta?.content ?? "";
      if (delta && !first) first = performance.now() - began;
      said += delta;
      item.textContent = said;
      if (event.usage) figures(item, event.usage, first, performance.now() - began);
      $("messages").scrollTop = $("messages").scrollHeight;
    }
  } catch (problem) {
    if (problem.name !== "AbortError") bubble("error", problem.message);
  }
  if (said) chat.push({ role: "assistant", content: said });
  else {
    chat.pop();
    item.remove();
  }
  item.classList.remove("writing");
  answer = null;
  $("send").hidden = false;
  $("stop").hidden = true;
  $("prompt").focus();
}

function figures(item, usage, firstMs, totalMs) {
  const line = document.createElement("span");
  line.className = "figures";
  const speed = (usage.completion_tokens / totalMs) * 1000;
  line.textContent = `${usage.completion_tokens} tokens · first after ${Math.round(firstMs)} ms · ${speed.toFixed(1)} tokens/s`;
  item.append(line);
}

function busyShare(stage) {
  const before = previous.get(stage.index) ?? { busyNs: 0, idleNs: 0 };
  const busy = stage.busyNs - before.busyNs;
  const idle = stage.idleNs - before.idleNs;
  previous.set(stage.index, stage);
  return busy > 0 && busy + idle > 0 ? busy / (busy + idle) : 0;
}

function element(tag, className, text) {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

function stageItem(stage) {
  const item = document.createElement("li");
  item.className = stage.state.toLowerCase();
  const title = document.createElement("b");
  title.append(`Stage ${stage.index}`, element("span", "state", stage.state.toLowerCase()));
  const meter = document.createElement("meter");
  meter.value = stage.state === "LOADING" ? stage.loadedShare : busyShare(stage);
  meter.title = stage.state === "LOADING" ? "loaded" : "busy";
  const hop = stage.hopP50Ns > 0 ? ` · hop ${Math.round(stage.hopP50Ns / 1000)} µs` : "";
  item.append(
    title,
    element("div", "", `layers ${stage.firstLayer}–${stage.endLayer - 1}${hop}`),
    element("div", "quiet", `${stage.worker || "no worker"} · ${stage.kernels || "no kernels yet"}`),
    meter,
  );
  return item;
}

function workerItem(worker) {
  const item = element("li", "", worker.name);
  const memory = (worker.memoryBytes / 2 ** 30).toFixed(1);
  item.append(element("div", "quiet", `pid ${worker.pid} · ${worker.threadCount} threads · ${memory} GiB · ${worker.kernels}`));
  return item;
}

async function refresh() {
  try {
    const status = await (await fetch("status")).json();
    $("model").textContent = status.model;
    $("health").textContent = status.serving ? "serving" : status.message || "not serving";
    $("health").classList.toggle("serving", status.serving);
    $("summary").textContent =
      `epoch ${status.epoch} · ${status.running} running · ${status.waiting} waiting · KV ${status.kvBlocksUsed} of ${status.kvBlocksTotal} blocks` +
      (status.recoveries ? ` · ${status.recoveries} recoveries, last pause ${(status.lastPauseNs / 1e9).toFixed(1)} s` : "");
    $("stages").replaceChildren(...status.stages.map(stageItem));
    $("workers").replaceChildren(...status.workers.map(workerItem));
  } catch {
    $("health").textContent = "the gateway does not answer";
    $("health").classList.remove("serving");
  }
  setTimeout(refresh, STATUS_INTERVAL_MS);
}

function fit() {
  $("prompt").style.height = "auto";
  $("prompt").style.height = `${$("prompt").scrollHeight}px`;
}

$("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = $("prompt").value.trim();
  if (!text || answer) return;
  $("prompt").value = "";
  fit();
  ask(text);
});
$("prompt").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    $("ask").requestSubmit();
  }
});
$("prompt").addEventListener("input", fit);
$("stop").addEventListener("click", () => answer?.abort());
$("fresh").addEventListener("click", () => {
  answer?.abort();
  chat = [];
  $("messages").replaceChildren();
  $("prompt").focus();
});
refresh();
