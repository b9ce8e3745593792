// Talks to the gateway's own OpenAI-compatible API.
import { authorization } from "./key.js";

/** An answer of the gateway that is not one of the model. */
export class Refused extends Error {
  constructor(status, said) {
    super(said?.message ?? `the gateway answered ${status}`);
    this.status = status;
    this.code = said?.code ?? null;
  }
}

/** The chunks of an answer to `messages`, as they come. */
export async function* chunks(messages, signal) {
  const headers = { "Content-Type": "application/json", ...authorization() };
  const body = JSON.stringify({ messages, stream: true, stream_options: { include_usage: true } });
  const response = await fetch("v1/chat/completions", { method: "POST", headers, body, signal });
  if (!response.ok) {
    const said = await response.json().catch(() => ({}));
    throw new Refused(response.status, said.error);
  }
  for await (const data of events(response.body)) {
    if (data === "[DONE]") return;
    const chunk = JSON.parse(data);
    if (chunk.error) throw new Refused(200, chunk.error);
    yield chunk;
  }
  throw new Error("the answer broke off");
}

/** What server-sent events hold; their comments are passed over. */
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n\n");
    rest = parts.pop();
    for (const part of parts) if (part.startsWith("data: ")) yield part.slice(6);
  }
}
