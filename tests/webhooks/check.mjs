// Reads webhooks on standard input (JSON: secret, headers, body), and prints of each what the
// Standard Webhooks library says: the payload's type, or why it is not believed.
import { Webhook } from "standardwebhooks";
import { text } from "node:stream/consumers";

const asked = JSON.parse(await text(process.stdin));
const said = asked.map(({ secret, headers, body }) => {
  try {
    return new Webhook(secret).verify(body, headers).type;
  } catch (error) {
    return error.message;
  }
});
console.log(JSON.stringify(said));
