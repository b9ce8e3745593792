// The chat page as a person meets it. Screenshots of each look are left in the folder SCREENSHOTS.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { chromium } from "playwright-core";

const url = process.env.CARAVAN_URL;
const question = "What is 7 plus 5?";
const answer = "7 plus 5 is 12.";
const completions = "**/v1/chat/completions";
const PATIENCE_MS = 30000;

const profile = mkdtempSync(join(tmpdir(), "chromium-"));
const browser = await chromium.launch({
  executablePath: execFileSync("which", ["chromium"], { encoding: "utf8" }).trim(),
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    `--disk-cache-dir=${profile}`,
  ],
});
after(async () => {
  await browser.close();
  rmSync(profile, { recursive: true, force: true });
});

/** A test with a page of its own, which must not say a wrong word to the console nor call anyone but the gateway. */
function visit(name, look, act) {
  test(name, { timeout: 2 * PATIENCE_MS }, async () => {
    const { mayFail, before, welcome, ...display } = look;
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...display });
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    const wrong = [];
    page.on("pageerror", (error) => wrong.push(error.message));
    page.on("console", (said) => said.type() === "error" && !mayFail && wrong.push(said.text()));
    page.on("request", (sent) => new URL(sent.url()).origin === url || sent.url().startsWith("data:") || wrong.push(sent.url()));
    try {
      await before?.(page);
      await page.goto(url);
      await welcome?.(page);
      await page.locator("#health.serving").waitFor({ state: "attached" });
      await act(page);
      assert.deepEqual(wrong, []);
    } finally {
      await context.close();
    }
  });
}

const picture = (page, name) => page.screenshot({ path: join(process.env.SCREENSHOTS, `${name}.png`) });

async function ask(page, text) {
  await page.locator("#prompt").fill(text);
  await page.keyboard.press("Enter");
}

const lastAnswer = (page) => page.locator("#messages .assistant .text").last().textContent();

async function answered(page) {
  await page.locator(".assistant:not(.writing) .figures:not(:empty)").last().waitFor();
  await page.locator(".writing").waitFor({ state: "detached" });
}

/** Answers that go on for a while, though the model would have ended them. */
const makeLong = (page) =>
  page.route(completions, (route) => {
    const body = { ...route.request().postDataJSON(), ignore_eos: true, max_tokens: 450 };
    return route.continue({ postData: JSON.stringify(body) });
  });

async function untilIdle() {
  for (let tries = 0; tries < 300; tries++) {
    const { running, kvBlocksUsed } = await (await fetch(`${url}/status`)).json();
    if (running + kvBlocksUsed === 0) return;
    await new Promise((next) => setTimeout(next, 100));
  }
  assert.fail("the stopped answer still runs");
}

/** Stops the next answer when its first word is there, sooner than a busy machine could from outside; runs in the page. */
function stopAtFirstWord(how) {
  const watch = new MutationObserver(() => {
    if (!document.querySelector(".writing .text:not(:empty)")) return;
    watch.disconnect();
    if (how === "button") document.getElementById("stop").click();
    else document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: how, bubbles: true }));
  });
  watch.observe(document.getElementById("messages"), { childList: true, subtree: true, characterData: true });
}

visit("greets with examples, of which one click asks", {}, async (page) => {
  assert.equal(await page.locator("#examples button").count(), 4);
  await picture(page, "empty");
  await page.locator("#examples button").first().click();
  await answered(page);
  assert.equal(await lastAnswer(page), answer);
  assert.equal(await page.locator("#empty").isVisible(), false);
});

visit("shows the stages with their layers, and their work", {}, async (page) => {
  assert.deepEqual(await page.locator("#stages .range").allTextContents(), ["layers 0–3 of 8", "layers 4–7 of 8"]);
  assert.deepEqual(await page.locator("#stages .state").allTextContents(), ["serving", "serving"]);
  assert.match(await page.locator("#workers").textContent(), /stage 0, 1.*process \d+/);
  await page.evaluate(() => {
    const watch = new MutationObserver(() => (window.seenBusy ||= Boolean(document.querySelector("#stages li.busy"))));
    watch.observe(document.getElementById("stages"), { attributes: true, subtree: true });
  });
  await makeLong(page);
  await ask(page, question);
  await page.waitForFunction(() => window.seenBusy && document.getElementById("spark").innerHTML.includes(" "));
  await page.keyboard.press("Escape");
});

visit("chats by keyboard alone, word by word", {}, async (page) => {
  await page.evaluate(() => {
    window.lengths = new Set();
    const watch = new MutationObserver(() => {
      const text = document.querySelector(".assistant .text");
      if (text) window.lengths.add(text.textContent.length);
    });
    watch.observe(document.getElementById("messages"), { childList: true, subtree: true, characterData: true });
  });
  await page.keyboard.type(question.slice(0, 7));
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.press("Backspace");
  await page.keyboard.type(question.slice(7));
  await page.keyboard.press("Enter");
  await answered(page);
  assert.equal(await lastAnswer(page), answer);
  assert.ok((await page.evaluate(() => window.lengths.size)) > 3);
  assert.match(await page.locator(".assistant .figures").textContent(), /\d+ tokens · first after \d+ ms · [\d.]+ tokens\/s/);
  assert.equal(await page.evaluate(() => document.activeElement.id), "prompt");
  await ask(page, "Tell me a story about Pacha and the salt.");
  await answered(page);
  assert.equal(await page.locator("#messages .user").count(), 2);
  await picture(page, "chat");
});

visit("stops an answer, by button and by Escape", {}, async (page) => {
  await makeLong(page);
  for (const how of ["button", "Escape"]) {
    await page.locator("#fresh").click();
    await page.evaluate(stopAtFirstWord, how);
    await ask(page, question);
    await page.locator(".assistant .figures:not(:empty)").waitFor();
    await page.locator(".writing").waitFor({ state: "detached" });
    assert.equal(await page.locator(".assistant .figures").textContent(), "stopped");
    assert.ok((await lastAnswer(page)).length > 0);
    assert.ok(await page.locator("#send").isVisible());
    await untilIdle();
  }
});

visit("keeps the conversation across a reload until a new one begins", {}, async (page) => {
  await ask(page, question);
  await answered(page);
  await page.reload();
  assert.deepEqual(await page.locator("#messages .text").allTextContents(), [question, answer]);
  await page.locator("#fresh").click();
  await page.reload();
  assert.equal(await page.locator("#messages li").count(), 0);
  assert.ok(await page.locator("#empty").isVisible());
});

visit("says what went wrong and gives the question back", { mayFail: true }, async (page) => {
  const error = { message: "stage 1 has no worker", type: "service_unavailable_error", param: null, code: null };
  await page.route(completions, (route) => route.fulfill({ status: 503, json: { error } }), { times: 1 });
  await ask(page, question);
  await page.locator("#messages .error").waitFor();
  assert.match(await page.locator("#messages .error").textContent(), /stage 1 has no worker/);
  assert.equal(await page.locator("#prompt").inputValue(), question);
  await page.keyboard.press("Enter");
  await answered(page);
  assert.equal(await lastAnswer(page), answer);
});

visit("asks for a key where the gateway wants one", { mayFail: true }, async (page) => {
  await page.route(completions, (route) =>
    route.request().headers().authorization === "Bearer sesame"
      ? route.continue()
      : route.fulfill({ status: 401, json: { error: { message: "an API key is needed" } } }),
  );
  await ask(page, question);
  await page.locator("#key-field").fill("sesame");
  await page.keyboard.press("Enter");
  await answered(page);
  assert.equal(await lastAnswer(page), answer);
});

const guarded = {
  mayFail: true,
  before: (page) =>
    page.route("**/status", (route) =>
      route.request().headers().authorization === "Bearer sesame"
        ? route.continue()
        : route.fulfill({ status: 401, json: { error: { message: "an API key is needed" } } }),
    ),
  welcome: async (page) => {
    await page.locator("#key-field").fill("sesame");
    await page.keyboard.press("Enter");
  },
};
visit("asks for a key to show the pipeline", guarded, async (page) => {
  await ask(page, question);
  await answered(page);
  assert.equal(await lastAnswer(page), answer);
});

visit("fits a narrow screen", { viewport: { width: 360, height: 720 } }, async (page) => {
  const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  await ask(page, question);
  await answered(page);
  assert.ok((await overflow()) <= 0);
  assert.equal(await page.locator("#pipeline").isVisible(), false);
  await picture(page, "narrow");
  await page.locator("#toggle").click();
  assert.ok(await page.locator("#stage-1").isVisible());
  assert.ok((await overflow()) <= 0);
  await picture(page, "narrow-pipeline");
  await page.keyboard.press("Escape");
  assert.ok(await page.locator("#prompt").isVisible());
});

for (const colorScheme of ["light", "dark"]) {
  visit(`can be read in ${colorScheme} colours`, { colorScheme }, async (page) => {
    await ask(page, question);
    await answered(page);
    await picture(page, colorScheme);
    const read = ["#model", "#health", "#fresh", ".user .text", ".assistant .text", ".assistant .figures", "#keys", ".range", ".worker", ".state"];
    const ratios = await page.evaluate(contrasts, read);
    for (const [selector, ratio] of ratios) assert.ok(ratio >= 4.5, `${selector} has a contrast of ${ratio}`);
    const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor.match(/\d+/g)[0]);
    assert.equal(ground < 128, colorScheme === "dark");
  });
}

/** WCAG's contrast of each selector's text with what lies behind it; runs in the page. */
function contrasts(selectors) {
  const paint = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const luminance = (layers) => {
    paint.clearRect(0, 0, 1, 1);
    for (const layer of layers) {
      paint.fillStyle = layer;
      paint.fillRect(0, 0, 1, 1);
    }
    const [r, g, b] = [...paint.getImageData(0, 0, 1, 1).data].map((c) => {
      const s = c / 255;
      return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  return selectors.map((selector) => {
    const found = document.querySelector(selector);
    const behind = [];
    for (let each = found; each; each = each.parentElement) behind.unshift(getComputedStyle(each).backgroundColor);
    const [a, b] = [luminance(behind), luminance([...behind, getComputedStyle(found).color])].sort((x, y) => y - x);
    return [selector, Math.round(((a + 0.05) / (b + 0.05)) * 100) / 100];
  });
}
