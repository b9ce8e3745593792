// The key that the gateway may ask for: kept in this tab, asked for once at a time.
import { $ } from "./page.js";

const STORE = "caravan.key";
let asking = null;

/** Headers that carry the key, where there is one. */
export function authorization() {
  const key = sessionStorage.getItem(STORE);
  return key ? { Authorization: `Bearer ${key}` } : {};
}

/** Asks the person for a key; false where none was given. */
export function askForKey() {
  asking ??= new Promise((resolve) => {
    $("key-field").value = "";
    $("key").addEventListener(
      "close",
      () => {
        const key = $("key").returnValue ? $("key-field").value : "";
        if (key) sessionStorage.setItem(STORE, key);
        asking = null;
        resolve(key !== "");
      },
      { once: true },
    );
    $("key").returnValue = "";
    $("key").showModal();
  });
  return asking;
}
