// gRPC's client for Node, with messages made from the contract at run time.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import grpc from "@grpc/grpc-js";
import loader from "@grpc/proto-loader";

const contract = `${process.env.CARAVAN_PROTO}/caravan/v1/caravan.proto`;
const { Caravan } = grpc.loadPackageDefinition(loader.loadSync(contract, { defaults: true, enums: String })).caravan.v1;
const client = new Caravan(process.env.CARAVAN_GRPC, grpc.credentials.createInsecure());
after(() => client.close());

const chat = { messages: [{ role: "user", content: "What is 7 plus 5?" }] };
const call = (method, request) =>
  new Promise((resolve, reject) => client[method](request, (error, reply) => (error ? reject(error) : resolve(reply))));

async function replies(request, options = {}) {
  const all = [];
  for await (const reply of client.Generate(request, options)) all.push(reply);
  return all;
}

async function refusal(request, options) {
  return replies(request, options).then(() => assert.fail("was answered"), (error) => error);
}

test("streams an answer and counts at its end", async () => {
  const all = await replies({ chat, topLogprobs: 2 });
  assert.equal(all.map((reply) => reply.text).join(""), "7 plus 5 is 12.");
  const last = all.at(-1);
  assert.equal(last.finishReason, "FINISH_REASON_STOP");
  assert.equal(last.usage.completionTokens, all.flatMap((reply) => reply.tokens).length);
  assert.equal(new Set(all.map((reply) => reply.id)).size, 1);
  assert.equal(all[0].tokens[0].alternatives.length, 2);
});

test("takes prompts as text and as tokens", async () => {
  const { ids } = await call("Tokenize", { text: "Hello!", addSpecialTokens: true });
  assert.equal((await call("Detokenize", { ids })).text, "Hello!");
  const text = (all) => all.map((reply) => reply.text).join("");
  assert.equal(
    text(await replies({ promptTokens: { ids }, maxTokens: 4 })),
    text(await replies({ prompt: "Hello!", maxTokens: 4 })),
  );
});

test("tells the model and the stages", async () => {
  assert.equal((await call("ListModels", {})).models[0].id, "tiny-chat");
  const status = await call("GetStatus", {});
  assert.ok(status.serving);
  assert.deepEqual(status.stages.map((stage) => stage.state), status.stages.map(() => "SERVING"));
});

test("refuses with a status that says what is wrong", async () => {
  const bias = await refusal({ chat, sampling: { logitBias: { 100000: 5 } } });
  assert.equal(bias.code, grpc.status.INVALID_ARGUMENT);
  assert.match(bias.details, /sampling\.logit_bias: ids must be below 1024/);
  const model = await refusal({ chat, model: "gpt-4" });
  assert.equal(model.code, grpc.status.NOT_FOUND);
  assert.match(model.details, /'tiny-chat' is/);
});

test("ends with the client's deadline, and when the client cancels", async () => {
  const long = { chat, maxTokens: 450, ignoreEos: true };
  const late = await refusal(long, { deadline: Date.now() + 150 });
  // both ends watch the clock, and either may be the first to say so
  assert.ok([grpc.status.DEADLINE_EXCEEDED, grpc.status.CANCELLED].includes(late.code), late.message);
  const stream = client.Generate(long);
  const error = await new Promise((resolve) => {
    stream.once("data", () => stream.cancel());
    stream.on("error", resolve);
  });
  assert.equal(error.code, grpc.status.CANCELLED);
});
