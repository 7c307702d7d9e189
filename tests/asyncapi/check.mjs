// Reads an AsyncAPI document on standard input, prints as JSON what AsyncAPI's own parser says of
// it, and which messages it found in which channel.
import { Parser } from "@asyncapi/parser";
import { text } from "node:stream/consumers";

const { document, diagnostics } = await new Parser().parse(await text(process.stdin));
const problems = diagnostics.map((each) => ({
  severity: ["error", "warning", "information", "hint"][each.severity],
  code: each.code,
  path: each.path.join("."),
  message: each.message,
}));
const channels = Object.fromEntries(
  (document?.channels().all() ?? []).map((channel) => [
    channel.address(),
    channel.messages().all().map((message) => message.title()),
  ]),
);
console.log(JSON.stringify({ problems, channels }));
