// OpenAI's own client against a gateway that serves the shipped model.
import assert from "node:assert/strict";
import { test } from "node:test";
import OpenAI from "openai";

const client = new OpenAI({ maxRetries: 0 });
const status = new URL("/status", process.env.OPENAI_BASE_URL);
const model = "tiny-chat";
const question = [{ role: "user", content: "What is 7 plus 5?" }];
const answer = "7 plus 5 is 12.";

const chat = (more) => client.chat.completions.create({ model, messages: question, ...more });

async function joined(stream) {
  let text = "";
  for await (const chunk of stream) text += chunk.choices[0]?.delta?.content ?? chunk.choices[0]?.text ?? "";
  return text;
}

async function untilIdle() {
  for (let tries = 0; tries < 200; tries++) {
    const { running, waiting, kvBlocksUsed } = await (await fetch(status)).json();
    if (running + waiting + kvBlocksUsed === 0) return;
    await new Promise((next) => setTimeout(next, 100));
  }
  assert.fail("a sequence that nobody waits for still runs");
}

test("lists and describes the model", async () => {
  const names = [];
  for await (const each of client.models.list()) names.push(each.id);
  assert.deepEqual(names, [model]);
  assert.equal((await client.models.retrieve(model)).object, "model");
});

test("answers whole, the likeliest tokens unless asked otherwise", async () => {
  const whole = await chat({});
  assert.equal(whole.choices[0].message.content, answer);
  assert.equal(whole.choices[0].finish_reason, "stop");
  assert.equal(whole.usage.total_tokens, whole.usage.prompt_tokens + whole.usage.completion_tokens);
  assert.ok(whole._request_id);
});

test("streams the same, with the counts at the end", async () => {
  let text = "";
  let usage;
  for await (const chunk of await chat({ stream: true, stream_options: { include_usage: true } })) {
    text += chunk.choices[0]?.delta.content ?? "";
    usage = chunk.usage ?? usage;
  }
  assert.equal(text, answer);
  assert.ok(usage.completion_tokens > 0);
});

test("serves the client's streaming helper", async () => {
  const helper = client.chat.completions.stream({ model, messages: question });
  assert.equal(await helper.finalContent(), answer);
});

test("stops at a string that spans tokens and leaves it out, streamed or not", async () => {
  assert.equal((await chat({ stop: "12" })).choices[0].message.content, "7 plus 5 is ");
  assert.equal(await joined(await chat({ stop: ["nothing", "12"], stream: true })), "7 plus 5 is ");
});

test("says that the length ended it", async () => {
  const short = await chat({ max_completion_tokens: 3 });
  assert.equal(short.choices[0].finish_reason, "length");
  assert.equal(short.usage.completion_tokens, 3);
});

test("gives several choices, which a seed repeats", async () => {
  const wish = { n: 3, seed: 7, temperature: 1 };
  const [first, again] = [await chat(wish), await chat(wish)];
  const texts = (whole) => whole.choices.map((choice) => choice.message.content);
  assert.equal(first.choices.length, 3);
  assert.deepEqual(texts(first), texts(again));
});

test("tells log-probabilities", async () => {
  const { content } = (await chat({ logprobs: true, top_logprobs: 3 })).choices[0].logprobs;
  assert.equal(content.map((each) => each.token).join("").replace("</s>", ""), answer);
  for (const each of content) {
    assert.ok(each.logprob <= 0);
    assert.equal(each.top_logprobs.length, 3);
    assert.equal(each.top_logprobs[0].token, each.token);
  }
});

test("completes prompts of every kind", async () => {
  const complete = (more) => client.completions.create({ model, max_tokens: 4, ...more });
  const one = await complete({ prompt: "Hello!" });
  const { tokens } = await (
    await fetch(new URL("/tokenize", status), { method: "POST", body: JSON.stringify({ prompt: "Hello!" }) })
  ).json();
  const many = await complete({ prompt: [tokens, tokens] });
  assert.deepEqual(many.choices.map((choice) => choice.text), [one.choices[0].text, one.choices[0].text]);
  const echoed = await complete({ prompt: ["Hello!"], echo: true });
  assert.equal(echoed.choices[0].text, "Hello!" + one.choices[0].text);
  assert.equal(await joined(await complete({ prompt: "Hello!", stream: true })), one.choices[0].text);
});

test("raises the client's errors, which name the field", async () => {
  const wrong = await chat({ temperature: "hot" }).catch((error) => error);
  assert.ok(wrong instanceof OpenAI.BadRequestError);
  assert.equal(wrong.param, "temperature");
  assert.equal(wrong.type, "invalid_request_error");
  const bias = await chat({ logit_bias: { 100000: 5 } }).catch((error) => error);
  assert.ok(bias instanceof OpenAI.BadRequestError);
  assert.equal(bias.param, "logit_bias");
  const unknown = await chat({ model: "gpt-4" }).catch((error) => error);
  assert.ok(unknown instanceof OpenAI.NotFoundError);
  assert.equal(unknown.code, "model_not_found");
  const long = await chat({ messages: [{ role: "user", content: "llama ".repeat(2000) }] }).catch((error) => error);
  assert.equal(long.code, "context_length_exceeded");
});

test("cancels an answer that the client aborts", async () => {
  const stream = await chat({ stream: true, max_tokens: 450, ignore_eos: true });
  for await (const chunk of stream) if (chunk.choices[0].delta.content) stream.controller.abort();
  await untilIdle();
  const before = new AbortController();
  const whole = client.chat.completions.create(
    { model, messages: question, max_tokens: 450, ignore_eos: true },
    { signal: before.signal },
  );
  setTimeout(() => before.abort(), 200);
  await assert.rejects(whole, OpenAI.APIUserAbortError);
  await untilIdle();
});
