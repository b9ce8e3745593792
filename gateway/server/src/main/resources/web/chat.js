// The chat: what was said, kept across reloads, and the answer that is being written.
import { askForKey } from "./key.js";
import { $, element } from "./page.js";
import { Refused, chunks } from "./stream.js";
import { watch } from "./pipeline.js";

const STORE = "caravan.chat";
const NEAR_THE_END_PX = 80;
const EXAMPLES = {
  "tiny-chat": [
    "What is 7 plus 5?",
    "A caravan has six llamas and three more join it. How many llamas walk now?",
    "Inti walks before Nina, and Nina walks before Rumi. Who walks first?",
    "Tell me a story about Pacha and the salt.",
  ],
  "": ["Hello!", "Tell me a story.", "Explain how a caravan finds its way."],
};

let turns = restored(); // { role, content, figures? }
let answer = null; // AbortController of the answer that is being written
let writing = null; // the turn that it becomes

function restored() {
  try {
    return JSON.parse(localStorage.getItem(STORE)) ?? [];
  } catch {
    return [];
  }
}

function keep() {
  const all = writing?.content ? [...turns, writing] : turns;
  try {
    localStorage.setItem(STORE, JSON.stringify(all));
  } catch {
    // a full or forbidden store costs the history of a reload, no more
  }
}

function atEnd() {
  const { scrollTop, scrollHeight, clientHeight } = $("scroll");
  return scrollHeight - scrollTop - clientHeight < NEAR_THE_END_PX;
}

const toEnd = () => ($("scroll").scrollTop = $("scroll").scrollHeight);

function bubble(kind, text, figures = "") {
  $("empty").hidden = true;
  const item = element("li", kind);
  const speaker = { user: "You", assistant: "Caravan", error: "Error" }[kind];
  item.append(element("span", "speaker", speaker), element("p", "text", text), element("p", "figures", figures));
  $("messages").append(item);
  toEnd();
  return item;
}

function busy(now) {
  $("send").hidden = now;
  $("stop").hidden = !now;
  fit();
}

async function ask(text) {
  turns.push({ role: "user", content: text });
  const question = bubble("user", text);
  const item = bubble("assistant", "");
  item.classList.add("writing");
  item.setAttribute("aria-busy", "true");
  answer = new AbortController();
  writing = { role: "assistant", content: "", figures: "" };
  busy(true);
  keep();
  const began = performance.now();
  try {
    await write(item, await signedIn(), began);
  } catch (problem) {
    if (problem.name !== "AbortError") bubble("error", advice(problem));
    else writing.figures = "stopped";
  }
  item.classList.remove("writing");
  item.removeAttribute("aria-busy");
  item.querySelector(".figures").textContent = writing.figures;
  if (writing.content) {
    turns.push(writing);
  } else if (turns.length) {
    // nothing came: the question goes back to where it can be sent again
    turns.pop();
    item.remove();
    question.remove();
    if (!$("prompt").value) $("prompt").value = text;
  }
  answer = null;
  writing = null;
  busy(false);
  keep();
  $("prompt").focus();
}

/** Streams the answer into `item`. */
async function write(item, stream, began) {
  const into = item.querySelector(".text");
  let first = 0;
  for await (const chunk of stream) {
    const more = chunk.choices[0]?.delta?.content ?? "";
    if (more) {
      first ||= performance.now() - began;
      const follow = atEnd();
      writing.content += more;
      into.textContent = writing.content;
      if (follow) toEnd();
    }
    const reason = chunk.choices[0]?.finish_reason;
    if (reason === "length") writing.figures = "the context is full · ";
    if (chunk.usage) writing.figures += figures(chunk.usage.completion_tokens, first, performance.now() - began);
  }
}

function figures(tokens, firstMs, totalMs) {
  const speed = (tokens / totalMs) * 1000;
  return `${tokens} tokens · first after ${Math.round(firstMs)} ms · ${speed.toFixed(1)} tokens/s`;
}

/** The answer's chunks, with a key where the gateway asks for one. */
async function signedIn() {
  const said = turns.map(({ role, content }) => ({ role, content }));
  const open = async () => {
    const stream = chunks(said, answer.signal);
    const { value, done } = await stream.next();
    return (async function* () {
      if (!done) yield value;
      yield* stream;
    })();
  };
  try {
    return await open();
  } catch (problem) {
    if (!(problem instanceof Refused) || problem.status !== 401) throw problem;
    if (!(await askForKey())) throw problem;
    return open();
  }
}

function advice(problem) {
  if (problem.code === "context_length_exceeded") return `${problem.message}. A new chat begins with an empty context.`;
  if (problem instanceof TypeError) return "the gateway does not answer";
  return problem.message;
}

function fit() {
  const prompt = $("prompt");
  prompt.style.height = "auto";
  prompt.style.height = `${prompt.scrollHeight}px`;
  $("send").disabled = !prompt.value.trim();
}

function examples(model) {
  const texts = EXAMPLES[model] ?? EXAMPLES[""];
  $("examples").replaceChildren(
    ...texts.map((text) => {
      const button = element("button", "", text);
      button.type = "button";
      button.addEventListener("click", () => answer || ask(text));
      const item = element("li");
      item.append(button);
      return item;
    }),
  );
}

function showPipeline(shown) {
  document.body.classList.toggle("pipeline-shown", shown);
  $("toggle").setAttribute("aria-expanded", shown);
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
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || $("key").open) return;
  if (answer) answer.abort();
  else showPipeline(false);
});
$("toggle").addEventListener("click", () => showPipeline(!document.body.classList.contains("pipeline-shown")));
$("fresh").addEventListener("click", () => {
  answer?.abort();
  turns = [];
  if (writing) writing.content = "";
  keep();
  $("messages").replaceChildren();
  $("empty").hidden = false;
  showPipeline(false);
  $("prompt").focus();
});
$("key-cancel").addEventListener("click", () => $("key").close(""));
window.addEventListener("pagehide", keep);

turns.forEach((turn) => bubble(turn.role, turn.content, turn.figures));
fit();
let model;
watch((status) => {
  if (status.model === model) return;
  model = status.model;
  $("model").textContent = model;
  examples(model);
});
